//! A partner's tenants: each with a cursor, an error and a line of its own; one that fails neither stops nor
//! delays the others.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "../support/mod.rs"]
mod support;

mod ahead;
mod broken_state;
mod pauses;
mod tokens;
mod vanished;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use rustix::process::Signal;
use sophos_central_simulator::intake::{self, Failure, Intake};
use sophos_central_simulator::{Access, Credential, Fault, Options, Route, Tenant};
use support::running::Running;
use support::{QUICK, Workplace};
use time::OffsetDateTime;

fn partner(tenants: u64, endpoints: u64) -> Workplace {
    let tenants = Tenant::generate(7, tenants, endpoints);
    Workplace::new(Options::with_tenants(Credential::Partner, tenants))
}

/// Returns the tenants' ids and the names that the console shows.
fn tenants(work: &Workplace) -> Vec<(String, String)> {
    work.simulator.configure(|options| {
        let shown = |tenant: &Tenant| {
            let name = tenant.name.trim_end_matches(" Ltd").to_owned();
            (tenant.id.clone(), name)
        };
        options.tenants.iter().map(shown).collect()
    })
}

/// Returns the stored cursors by source.
fn cursors(work: &Workplace) -> BTreeMap<String, String> {
    let state = rusqlite::Connection::open(work.path("state.db")).unwrap();
    let mut query = state.prepare("SELECT source, cursor FROM source").unwrap();
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    rows.unwrap().map(Result::unwrap).collect()
}

/// Lets one endpoint of each tenant check in now, and returns their ids, in the tenants' order.
fn check_in(work: &Workplace) -> Vec<String> {
    (0..tenants(work).len())
        .map(|tenant| {
            work.simulator.fleet_of(tenant, |fleet| {
                fleet.check_in(0, OffsetDateTime::now_utc());
                fleet.id(0)
            })
        })
        .collect()
}

fn is_of(
    tenant: &str,
) -> impl Fn(&sophos_central_simulator::Request) -> bool + Send + Sync + 'static {
    let tenant = tenant.to_owned();
    move |request| request.header("x-tenant-id") == Some(&tenant)
}

#[test]
fn nine_unreadable_tenants_of_three_hundred_do_not_affect_the_others() {
    let work = partner(300, 3);
    work.configure(
        "",
        &format!("{QUICK}[account.acme.timeouts]\nfirst_byte = \"2s\""),
    );
    work.collect(0)
        .says(&["sources 300 (0 failed, 0 not collectable)", "events 900"]);
    assert_eq!(work.ids().len(), 900);
    // At most one token and one whoami for each of the four workers, not for each tenant.
    for route in [Route::Token, Route::Whoami] {
        assert!(work.simulator.requests_of(route).len() <= 4);
    }
    let tenants = tenants(&work);
    let before = cursors(&work);
    assert_eq!(before.len(), 300);

    work.forget_events();
    let checked_in = check_in(&work);
    let forbidden = 10..15;
    let not_activated = 20..22;
    let (stalls, garbage) = (30, 299);
    work.simulator.configure(|options| {
        for tenant in forbidden.clone() {
            options.tenants[tenant].access = Access::Forbidden;
        }
        for tenant in not_activated.clone() {
            options.tenants[tenant].access = Access::NotActivated;
        }
    });
    for (tenant, fault) in [(stalls, Fault::Stall), (garbage, Fault::garbage())] {
        let condition = is_of(&tenants[tenant].0);
        work.simulator
            .fault_when(Route::Endpoints, condition, fault);
    }
    let unread = |tenant: &usize| {
        forbidden.contains(tenant)
            || not_activated.contains(tenant)
            || [stalls, garbage].contains(tenant)
    };

    let ran = work.collect(1);
    let mut expected: Vec<_> = (0..300)
        .filter(|tenant| !unread(tenant))
        .map(|tenant| checked_in[tenant].clone())
        .collect();
    expected.sort();
    assert_eq!(expected.len(), 291);
    assert_eq!(work.ids(), expected);
    let after = cursors(&work);
    for (tenant, (id, name)) in tenants.iter().enumerate() {
        let line = |words: &str| {
            ran.stderr.lines().any(|line| {
                line.contains(id.as_str()) && line.contains(name.as_str()) && line.contains(words)
            })
        };
        let told = match tenant {
            _ if forbidden.contains(&tenant) => line("Partner Assistance"),
            _ if not_activated.contains(&tenant) => line("has not been activated"),
            _ if tenant == stalls => line("unavailable"),
            _ if tenant == garbage => line("should be a page of endpoints"),
            _ => true,
        };
        assert!(told, "{name} in\n{}", ran.stderr);
        assert_eq!(
            after[id] == before[id],
            unread(&tenant),
            "the cursor of {name}"
        );
    }
    ran.says(&["sources 300 (9 failed, 0 not collectable)", "events 291"]);

    // Once they can be read again, no device is missing.
    work.forget_events();
    work.simulator.clear_faults();
    work.simulator.configure(|options| {
        for tenant in &mut options.tenants {
            tenant.access = Access::Open;
        }
    });
    work.collect(0);
    let mut expected: Vec<_> = (0..300)
        .filter(unread)
        .map(|tenant| checked_in[tenant].clone())
        .collect();
    expected.sort();
    assert_eq!(work.ids(), expected);
}

#[test]
fn a_tenant_that_hangs_delays_no_other() {
    let work = partner(9, 5);
    let hangs = tenants(&work)[0].0.clone();
    work.simulator
        .fault_when(Route::Endpoints, is_of(&hangs), Fault::Stall);
    let mut host = work
        .command(&["collect", "--jobs", "2"])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(host.stderr.take().unwrap())
        .lines()
        .map(Result::unwrap);
    let up_to_date = log
        .by_ref()
        .filter(|line| line.contains("up to date"))
        .take(8);
    assert_eq!(up_to_date.count(), 8);
    work.simulator.wait_until_held();
    assert_eq!(work.ids().len(), 8 * 5);
    work.simulator.clear_faults();
    work.simulator.release();
    assert!(log.any(|line| line.contains("sources 9 (0 failed")));
    assert!(host.wait().unwrap().success());
    assert_eq!(work.ids().len(), 9 * 5);
}

#[test]
fn only_and_skip_choose_tenants_by_id_and_by_name() {
    let work = partner(5, 2);
    let tenants = tenants(&work);
    let devices = |wanted: &[usize]| {
        let ids = wanted
            .iter()
            .flat_map(|tenant| work.simulator.fleet_of(*tenant, |fleet| fleet.ids()));
        let mut ids: Vec<_> = ids.collect();
        ids.sort();
        ids
    };
    for (lists, wanted) in [
        (
            format!(
                "only = [{:?}, {:?}]",
                tenants[1].0.to_uppercase(),
                tenants[3].1
            ),
            &[1, 3][..],
        ),
        (format!("skip = [{:?}]", tenants[4].1), &[0, 2]),
    ] {
        work.edit_config("rate_limits = []", &format!("rate_limits = []\n{lists}"));
        work.collect(0);
        assert_eq!(work.ids(), devices(wanted));
        work.forget_events();
        work.edit_config(&lists, "");
    }
    work.edit_config(
        "rate_limits = []",
        "rate_limits = []\nonly = [\"Exemple 1\"]",
    );
    let ran = work.collect(1).says(&[
        "\"Exemple 1\"",
        "neither the id nor the name of a source",
        "sources 1 (1 failed, 0 not collectable, 5 skipped)",
    ]);
    assert!(!ran.stderr.contains("does not list"));
    assert_eq!(work.ids(), [""; 0]);
}

#[test]
fn a_listing_that_breaks_off_loses_only_the_tenants_it_did_not_list() {
    let work = partner(150, 1);
    work.collect(0);
    let checked_in = check_in(&work);
    work.forget_events();
    let before = cursors(&work);
    work.simulator
        .fault(Route::PartnerTenants, 2, Fault::status(404));
    let ran = work
        .collect(1)
        .says(&["sources 101 (1 failed, 0 not collectable)"]);
    assert!(!ran.stderr.contains("does not list"), "{}", ran.stderr);
    let mut expected = checked_in[..100].to_vec();
    expected.sort();
    assert_eq!(work.ids(), expected);
    let after = cursors(&work);
    assert_eq!(
        after
            .iter()
            .filter(|(id, cursor)| before[*id] == **cursor)
            .count(),
        50
    );
}

#[test]
fn a_wait_for_the_rate_limit_does_not_count_as_call_time() {
    let work = partner(1, 1);
    work.configure(
        "",
        &format!("{QUICK}[account.acme.timeouts]\ncall = \"900ms\""),
    );
    work.edit_config(
        "rate_limits = []",
        "rate_limits = [{ requests = 1, seconds = 1 }]",
    );
    work.host(&["collect", "-v"])
        .expect(0)
        .says(&["for the rate limit", "events 1"]);
    let requests = work.simulator.requests();
    assert_eq!(requests.len(), 4, "token, whoami, the listing, a page");
}

#[test]
fn a_range_of_every_tenant_leaves_the_state_unchanged() {
    let work = partner(3, 2);
    work.collect(0);
    let before = cursors(&work);
    work.forget_events();
    let ran = work
        .host(&["collect", "--since", "2000-01-01T00:00:00Z"])
        .expect(0);
    assert_eq!(work.ids().len(), 6, "{}", ran.stderr);
    assert_eq!(cursors(&work), before);
}

#[test]
fn a_tenant_that_moved_to_a_page_already_read_does_not_count_as_gone() {
    let work = partner(4, 1);
    work.collect(0);
    let checked_in = check_in(&work);
    work.forget_events();
    let passed_over = Fault::edit(|page| {
        page["items"].as_array_mut().unwrap().remove(2);
    });
    work.simulator.fault(Route::PartnerTenants, 1, passed_over);
    let ran = work
        .collect(0)
        .says(&["sources 4 (0 failed, 0 not collectable)"]);
    assert!(!ran.stderr.contains("gone"), "{}", ran.stderr);
    let mut expected = checked_in;
    expected.sort();
    assert_eq!(work.ids(), expected);
    // Only a listing that lacks a tenant is requested twice.
    work.simulator.clear_requests();
    work.collect(0);
    assert_eq!(work.simulator.requests_of(Route::PartnerTenants).len(), 1);
}

#[test]
fn a_tenant_that_waits_for_a_retry_frees_its_job() {
    let work = partner(5, 2);
    work.configure("", "[account.acme.retry]\ntotal = \"2h\"");
    let waits = tenants(&work)[0].0.clone();
    let an_hour = Fault::Status {
        code: 503,
        headers: vec![("retry-after".to_owned(), "3600".to_owned())],
        body: None,
    };
    work.simulator
        .fault_when(Route::Endpoints, is_of(&waits), an_hour);
    let mut running = Running::start(&work, &["collect", "--jobs", "1"]);
    for _ in 0..4 {
        running.wait_for("up to date");
    }
    running.signal(Signal::TERM);
    let (code, log) = running.end();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("stopped before the end"), "{log}");
    assert_eq!(work.ids().len(), 8);
    assert_eq!(work.simulator.requests_of(Route::Token).len(), 1);
}

#[test]
fn a_slow_destination_delays_no_other_account() {
    let work = partner(8, 2);
    let intake = Intake::start(intake::Options::default());
    intake.fault_always(intake::Route::Plain, Failure::retry_after(429, "3600"));
    let config = std::fs::read_to_string(work.path("asset-host.toml")).unwrap();
    let waiting = config.replace("account.acme", "account.waiting").replace(
        "to = \"file\"\npath = \"events.ndjson\"",
        &format!("to = \"http\"\nurl = \"{}/in\"", intake.url()),
    );
    work.write("asset-host.toml", &format!("{waiting}\n{config}"));
    let mut running = Running::start(&work, &["collect", "--jobs", "2"]);
    for _ in 0..8 {
        running.wait_for("up to date");
    }
    running.signal(Signal::TERM);
    let (code, log) = running.end();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("stopped before the end"), "{log}");
    assert_eq!(work.ids().len(), 16);
}
