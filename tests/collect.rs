//! Everything is delivered once: a whole fleet, devices that check in later, and devices that check in during a walk.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod support;

use sophos_central_simulator::{Clock, Fleet, Gzip, Options, Route, instant};
use support::Workplace;

const NOW: &str = "2026-11-20T12:00:00Z";

fn fleet(size: u64) -> Options {
    Options {
        clock: Clock::Fixed(instant(NOW)),
        ..Options::new(Fleet::new(1, size))
    }
}

#[test]
fn a_fleet_is_delivered_once_and_then_only_devices_that_check_in() {
    let work = Workplace::new(fleet(5_000));
    work.collect(0).says(&["pages 10, events 5000, rejects 0"]);
    assert_eq!(work.ids(), work.simulator.fleet(|fleet| fleet.ids()));

    work.forget_events();
    for _ in 0..3 {
        work.collect(0).says(&["events 0"]);
    }
    assert_eq!(work.ids(), [""; 0]);

    let checked_in: Vec<_> = (0..10).map(|index| index * 499).collect();
    let moment = instant("2026-11-20T11:00:00Z");
    work.simulator.fleet(|fleet| {
        checked_in
            .iter()
            .for_each(|index| fleet.check_in(*index, moment))
    });
    work.collect(0).says(&["events 10"]);
    let ids = work.simulator.fleet(|fleet| {
        checked_in
            .iter()
            .map(|index| fleet.id(*index))
            .collect::<Vec<_>>()
    });
    assert_eq!(work.ids(), ids);
    work.collect(0).says(&["events 0"]);
}

#[test]
fn every_page_is_requested_as_the_api_requires() {
    let work = Workplace::new(fleet(1_100));
    work.collect(0);
    let requests = work.simulator.requests_of(Route::Endpoints);
    assert_eq!(requests.len(), 3);
    for request in &requests {
        for (name, value) in [("view", "full"), ("sort", "id"), ("pageSize", "500")] {
            assert_eq!(request.query(name), Some(value), "{request:?}");
        }
        assert_eq!(request.query("lastSeenAfter"), None);
        assert_eq!(
            request.header("x-tenant-id"),
            Some(sophos_central_simulator::DEFAULT_TENANT)
        );
    }
    assert_eq!(
        work.simulator.requests_of(Route::Token).len(),
        1,
        "one token serves the whole run"
    );

    work.simulator.clear_requests();
    work.collect(0);
    let requests = work.simulator.requests_of(Route::Endpoints);
    assert_eq!(requests.len(), 1);
    assert!(requests[0].query("lastSeenAfter").unwrap().ends_with('Z'));
}

#[test]
fn devices_seen_at_the_same_instant_are_delivered_once_each() {
    let work = Workplace::new(fleet(1_500));
    let moment = instant("2026-11-20T11:00:00Z");
    work.simulator
        .fleet(|fleet| (0..1_500).for_each(|index| fleet.check_in(index, moment)));
    work.collect(0).says(&["events 1500"]);
    work.collect(0).says(&["events 0"]);
    work.simulator
        .fleet(|fleet| fleet.check_in(7, instant("2026-11-20T11:00:00.001Z")));
    work.collect(0).says(&["events 1,"]);
    work.collect(0).says(&["events 0"]);
}

#[test]
fn more_devices_at_one_instant_than_a_cursor_remembers_are_delivered_once() {
    let work = Workplace::new(fleet(2_600));
    let moment = instant("2026-11-20T11:00:00Z");
    work.simulator
        .fleet(|fleet| (0..2_600).for_each(|index| fleet.check_in(index, moment)));
    work.collect(0).says(&["events 2600"]);
    work.collect(0).says(&["events 0"]);
    assert_eq!(work.ids().len(), 2_600);
}

#[test]
fn a_device_that_checks_in_behind_a_walk_is_found_by_the_next_one() {
    let work = Workplace::new(fleet(2_000));
    // Before the third page is answered, devices of the first page check in, some of them indexed later still.
    work.simulator.before(3, |fleet| {
        for index in 0..40 {
            fleet.check_in(index, instant("2026-11-20T11:59:59.500Z"));
        }
        for index in 40..60 {
            fleet.check_in_later(index, instant("2026-11-20T11:59:58Z"), 2);
        }
    });
    work.collect(0).says(&["events 2000"]);
    work.forget_events();
    work.simulator
        .configure(|options| options.clock = Clock::Fixed(instant("2026-11-20T12:01:00Z")));
    // The next run finds what checked in, the one after it what the index showed late.
    work.collect(0).says(&["events 40,"]);
    work.collect(0).says(&["events 20,"]);
    work.collect(0).says(&["events 0"]);
    let expected = work
        .simulator
        .fleet(|fleet| (0..60).map(|index| fleet.id(index)).collect::<Vec<_>>());
    assert_eq!(work.ids(), expected);
}

#[test]
fn a_device_with_a_fast_clock_hides_no_other() {
    let work = Workplace::new(fleet(50));
    work.simulator
        .fleet(|fleet| fleet.check_in(0, instant("2031-01-01T00:00:00Z")));
    work.collect(0).says(&["events 50"]);
    work.simulator
        .fleet(|fleet| fleet.check_in(1, instant("2026-11-20T12:00:30Z")));
    work.collect(0).says(&["events 1,"]);
    work.collect(0).says(&["events 0"]);
}

#[test]
fn a_full_walk_delivers_everything_and_becomes_due_again() {
    let work = Workplace::new(fleet(700));
    work.collect(0);
    work.simulator
        .fleet(|fleet| fleet.edit(3, |record| record["hostname"] = "renamed".into()));
    work.collect(0).says(&["events 0"]);
    work.host(&["collect", "--full"])
        .expect(0)
        .says(&["events 700"]);

    work.collect(0).says(&["events 0"]);

    work.edit_config(
        "allow_loopback_http",
        "full_every = \"1ms\"\nallow_loopback_http",
    );
    work.collect(0).says(&["events 700"]);
}

#[test]
fn a_range_is_delivered_without_changing_the_state() {
    let work = Workplace::new(fleet(0));
    let times = [
        "2026-11-18T00:00:00Z",
        "2026-11-18T12:00:00Z",
        "2026-11-19T00:00:00Z",
    ];
    work.simulator.fleet(|fleet| {
        *fleet = Fleet::new(1, 3);
        for (index, time) in times.iter().enumerate() {
            fleet.check_in(index as u64, instant(time));
        }
    });
    work.collect(0).says(&["events 3"]);
    let before = work.state();
    for (args, events) in [
        (&["--since", times[1]][..], 2),
        (&["--until", times[1]], 1),
        (&["--since", times[0], "--until", times[2]], 2),
        (&["--since", "2026-11-19T01:00:00+01:00"], 1),
    ] {
        let args = [&["collect"], args].concat();
        work.host(&args)
            .expect(0)
            .says(&[&format!("events {events},")]);
    }
    assert_eq!(work.state(), before);
}

#[test]
fn a_dry_run_delivers_and_stores_nothing() {
    let work = Workplace::new(fleet(700));
    work.host(&["collect", "--dry-run"])
        .expect(0)
        .says(&["dry run", "events 700"]);
    assert!(work.events().is_empty());
    assert!(work.state().is_none());
}

#[test]
fn a_limit_is_a_preview_that_stores_nothing() {
    let work = Workplace::new(fleet(1_200));
    for _ in 0..2 {
        work.host(&["collect", "--limit", "510"])
            .expect(0)
            .says(&["events 510", "stopped before the end"]);
        assert_eq!(work.ids().len(), 510);
        assert!(work.state().is_none());
        work.forget_events();
    }
    work.host(&["collect", "--limit", "3"]).expect(0);
    let ids = work.ids();
    assert_eq!(ids.len(), 3);
    work.forget_events();
    work.collect(0).says(&["events 1200"]);

    // From the beginning, whatever is stored; everything if there is not more than the limit.
    let before = work.state();
    work.forget_events();
    work.host(&["collect", "--limit", "3", "--metrics", "metrics.prom"])
        .expect(0)
        .says(&["events 3,"]);
    assert_eq!(work.ids(), ids);
    assert!(!work.path("metrics.prom").exists());
    work.forget_events();
    let ran = work.host(&["collect", "--limit", "1200"]).expect(0);
    let ran = ran.says(&["events 1200,"]);
    assert!(!ran.stderr.contains("stopped before"), "{}", ran.stderr);
    assert_eq!(work.state(), before);
}

#[test]
fn a_preview_deletes_the_fingerprints_of_its_devices() {
    let work = Workplace::new(fleet(3));
    work.edit_config("rate_limits = []", "rate_limits = []\nemit = \"changed\"");
    let named = |name: &str| {
        let name = name.to_owned();
        work.simulator.fleet(move |fleet| {
            fleet.edit(0, |record| record["hostname"] = name.as_str().into());
            fleet.check_in(0, time::OffsetDateTime::now_utc());
        });
    };
    named("first");
    work.collect(0).says(&["events 3,"]);
    named("second");
    work.host(&["collect", "--limit", "1"]).expect(0);
    named("first");
    // The destination got "second" last, so "first" is a change for it.
    work.collect(0).says(&["events 1,"]);
    let events = work.events();
    assert_eq!(events.last().unwrap()["device"]["hostname"], "first");
}

#[test]
fn compressed_and_plain_answers_give_the_same_events() {
    for gzip in [Gzip::Never, Gzip::WhenOffered, Gzip::Always] {
        let work = Workplace::new(Options { gzip, ..fleet(600) });
        work.collect(0).says(&["events 600"]);
    }
}

#[test]
fn the_mark_of_another_connector_can_be_taken_over() {
    let work = Workplace::new(fleet(0));
    work.simulator.fleet(|fleet| {
        *fleet = Fleet::new(1, 2);
        fleet.check_in(0, instant("2026-11-18T00:00:00Z"));
        fleet.check_in(1, instant("2026-11-19T00:00:00Z"));
    });
    let tenant = sophos_central_simulator::DEFAULT_TENANT;
    let mark = "2026-11-18T12:00:00Z";
    work.host(&[
        "state",
        "set",
        "--account",
        "acme",
        "--source",
        tenant,
        "--last-seen",
        mark,
    ])
    .expect(0);
    work.collect(0).says(&["events 1,"]);
    assert_eq!(work.ids(), [work.simulator.fleet(|fleet| fleet.id(1))]);
}

#[test]
fn events_go_to_standard_output_one_per_line() {
    let work = Workplace::new(fleet(20));
    work.edit_config("to = \"file\"\npath = \"events.ndjson\"", "to = \"stdout\"");
    let ran = work.collect(0);
    assert_eq!(ran.stdout.lines().count(), 20);
    for line in ran.stdout.lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(event["class_uid"], 5001);
    }
}

#[test]
fn accounts_that_share_standard_output_do_not_mix_their_lines() {
    let work = Workplace::new(Options::new(Fleet::new(1, 2_000)));
    work.deliver("to = \"stdout\"");
    let config = std::fs::read_to_string(work.path("asset-host.toml")).unwrap();
    let acme = config.split("[cluster]").next().unwrap();
    let accounts =
        ["beta", "gamma"].map(|name| acme.replace("account.acme", &format!("account.{name}")));
    work.write(
        "asset-host.toml",
        &format!("{config}\n{}", accounts.join("\n")),
    );
    let ran = work.collect(0);
    assert_eq!(ran.stdout.lines().count(), 3 * 2_000);
    for line in ran.stdout.lines() {
        assert!(
            serde_json::from_str::<serde_json::Value>(line).is_ok(),
            "{line}"
        );
    }
}
