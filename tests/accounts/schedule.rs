//! `--every`: each account in its own slots, whatever the others do.

use std::collections::BTreeMap;

use rustix::process::Signal;
use serde_json::Value;
use sophos_central_simulator::{Credential, Fault, Fleet, Options, Route, Simulator, Tenant};

use crate::support::running::{Running, ask_for_metrics};
use crate::{ENDPOINTS, Workplace, add, collect, delivered, edit, path_of, workplace};

/// Returns an API that asks every client to wait for an hour.
fn paused_api() -> Simulator {
    let simulator = Simulator::start(Options::new(Fleet::new(2, 3)));
    simulator.fault_always(Route::Endpoints, Fault::rate_limited(Some(3_600)));
    simulator
}

/// Reads the log until an account's run has ended.
#[track_caller]
fn wait_for_run(running: &mut Running, account: &str) {
    loop {
        running.wait_for("the next run starts in");
        let line = running.read.lines().last().unwrap();
        if line.contains(&format!("account=\"{account}\"")) {
            return;
        }
    }
}

fn end(running: Running, code: i32) -> String {
    running.signal(Signal::TERM);
    let (ended, log) = running.end();
    assert_eq!(ended, Some(code), "{log}");
    log
}

#[test]
fn an_account_that_waits_and_one_that_fails_do_not_hold_up_the_third() {
    let work = workplace();
    let paused = paused_api();
    add(&work, "a-paused", &paused);
    add(&work, "b-broken", &work.simulator);
    edit(&work, "b-broken", "TEST_CLIENT_SECRET", "NO_SUCH_SECRET");
    add(&work, "c-healthy", &work.simulator);
    let flags = [
        "--every",
        "3s",
        "--jitter",
        "0s",
        "--jobs",
        "1",
        "--summary",
        "summary.json",
        "--metrics",
        "127.0.0.1:0",
    ];
    let mut running = Running::start(&work, &collect(&flags));
    let mut slots = Vec::new();
    for events in [ENDPOINTS as u64, 0, 0] {
        wait_for_run(&mut running, "c-healthy");
        // The state says which slot it was.
        let state = rusqlite::Connection::open(work.path("state.db")).unwrap();
        let slot = "SELECT slot FROM account WHERE account = 'c-healthy'";
        slots.push(
            state
                .query_row(slot, [], |row| row.get::<_, String>(0))
                .unwrap(),
        );

        let summary = std::fs::read_to_string(work.path("summary.json")).unwrap();
        let summary: Value = serde_json::from_str(&summary).unwrap();
        let sources: BTreeMap<_, _> = summary["sources"]
            .as_array()
            .unwrap()
            .iter()
            .map(|source| (source["account"].as_str().unwrap(), source))
            .collect();
        assert_eq!(sources["c-healthy"]["events"], events);
        assert_eq!(sources["c-healthy"]["outcome"], "up_to_date");
        let metrics = ask_for_metrics(&running.port_of_metrics(), "localhost");
        let outcome = |account: &str, source: &str, outcome: &str| {
            let labels = format!("account=\"{account}\",outcome=\"{outcome}\",source=\"{source}\"");
            metrics.contains(&format!("asset_host_source_outcome{{{labels}"))
        };
        let success = "asset_host_source_last_success_timestamp_seconds{account=\"c-healthy\"";
        assert!(metrics.contains(success), "{metrics}");
        if slots.len() > 1 {
            // With one job, both have begun before the second run of the healthy one.
            let until = "asset_host_account_paused_until_timestamp_seconds{account=\"a-paused\"}";
            assert!(metrics.contains(until), "{metrics}");
            assert_eq!(summary["paused"][0]["account"], "a-paused");
            let reason = sources["b-broken"]["reason"].as_str().unwrap();
            assert!(reason.contains("NO_SUCH_SECRET"), "{reason}");
            assert!(outcome("b-broken", "", "failed"), "{metrics}");
        }
    }
    assert!(slots.is_sorted_by(|one, other| one < other), "{slots:?}");
    let log = end(running, 1);
    assert!(log.contains("the API asks for fewer requests"), "{log}");
    assert!(
        log.contains("account.b-broken.secrets.client_secret"),
        "{log}"
    );
    assert_eq!(delivered(&work, "c-healthy").len(), ENDPOINTS);
}

#[test]
fn tenants_that_all_wait_hold_no_job() {
    let work = workplace();
    let tenants = Tenant::generate(1, 4, 3);
    let partner = Simulator::start(Options::with_tenants(Credential::Partner, tenants));
    partner.fault_always(Route::Endpoints, Fault::rate_limited(Some(3_600)));
    add(&work, "a-partner", &partner);
    let flags = ["--every", "3s", "--jitter", "0s", "--jobs", "4"];
    let mut running = Running::start(&work, &collect(&flags));
    running.wait_for("the API asks for fewer requests");
    // It begins while they wait.
    add(&work, "b-direct", &work.simulator);
    wait_for_run(&mut running, "b-direct");
    assert_eq!(delivered(&work, "b-direct").len(), ENDPOINTS);
    let log = end(running, 0);
    assert!(log.contains("sources 4 (0 failed"), "{log}");
}

#[test]
fn a_restart_repeats_no_slot_and_a_new_account_is_due_at_once() {
    let work = workplace();
    add(&work, "old", &work.simulator);
    let flags = ["--every", "5000h"];
    let mut running = Running::start(&work, &collect(&flags));
    wait_for_run(&mut running, "old");
    end(running, 0);
    assert_eq!(delivered(&work, "old").len(), ENDPOINTS);

    work.simulator.clear_requests();
    let mut running = Running::start(&work, &collect(&flags));
    running.wait_for("the first account starts in");
    end(running, 0);
    assert!(work.simulator.requests().is_empty());

    add(&work, "new", &work.simulator);
    let mut running = Running::start(&work, &collect(&flags));
    wait_for_run(&mut running, "new");
    let log = end(running, 0);
    assert!(!log.contains("account=\"old\""), "{log}");
    assert_eq!(delivered(&work, "new").len(), ENDPOINTS);
}

#[test]
fn a_change_of_the_configuration_is_taken_up_at_the_next_slot() {
    let work = workplace();
    add(&work, "first", &work.simulator);
    let mut running = Running::start(&work, &collect(&["--every", "1s", "--jitter", "0s"]));
    wait_for_run(&mut running, "first");
    add(&work, "second", &work.simulator);
    wait_for_run(&mut running, "second");
    assert_eq!(delivered(&work, "second").len(), ENDPOINTS);

    // What cannot be read is the failure of the accounts that were in it.
    let text = std::fs::read_to_string(path_of(&work, "second")).unwrap();
    std::fs::write(path_of(&work, "second"), "not TOML").unwrap();
    running.wait_for("conf.d/second.toml, line 1: not TOML");
    assert!(
        running
            .read
            .lines()
            .last()
            .unwrap()
            .contains("account=\"second\"")
    );
    wait_for_run(&mut running, "first");
    std::fs::write(path_of(&work, "second"), text).unwrap();
    running.wait_for("up to date account=\"second\"");

    std::fs::remove_file(path_of(&work, "second")).unwrap();
    running.wait_for("the configuration no longer has the account");
    wait_for_run(&mut running, "first");
    end(running, 0);
}

#[test]
fn an_account_may_have_an_interval_of_its_own() {
    let work = workplace();
    add(&work, "often", &work.simulator);
    add(&work, "seldom", &work.simulator);
    edit(
        &work,
        "often",
        "rate_limits = []",
        "rate_limits = []\nevery = \"1s\"",
    );
    let mut running = Running::start(&work, &collect(&["--every", "5000h", "--jitter", "0s"]));
    for _ in 0..3 {
        wait_for_run(&mut running, "often");
    }
    let log = end(running, 0);
    let runs = |account: &str| {
        let ended = format!("the next run starts in 1s account=\"{account}\"");
        log.matches(&ended).count() + log.matches(&ended.replace("1s", "0s")).count()
    };
    assert!(runs("often") >= 2, "{log}");
    assert_eq!(runs("seldom"), 0, "{log}");
    assert_eq!(delivered(&work, "seldom").len(), ENDPOINTS);
}

/// A state that cannot be opened concerns every account.
#[test]
fn only_what_concerns_all_accounts_ends_a_service_at_its_start() {
    let work = workplace();
    add(&work, "only", &work.simulator);
    edit(&work, "only", "client_id", "clientid");
    let mut running = Running::start(&work, &collect(&["--every", "1h"]));
    wait_for_run(&mut running, "only");
    let log = end(running, 1);
    assert!(log.contains("account.only.config.clientid"), "{log}");

    let ends = |work: &Workplace, says: &str| {
        work.host(&collect(&["--every", "1h"]))
            .expect(2)
            .says(&[says]);
    };
    work.write(
        "conf.d/state.toml",
        "[state]\npath = \"nowhere/state.db\"\n",
    );
    ends(&work, "nowhere/state.db");
    work.write("conf.d/state.toml", "[state]\nplace = \"x\"\n");
    ends(&work, "conf.d/state.toml: state");
    work.host(&["--config", "no-such.toml", "collect", "--every", "1h"])
        .expect(2)
        .says(&["no-such.toml"]);
}

#[test]
fn a_service_goes_on_with_its_state_only() {
    let work = workplace();
    add(&work, "only", &work.simulator);
    let mut running = Running::start(&work, &collect(&["--every", "1s", "--jitter", "0s"]));
    wait_for_run(&mut running, "only");
    // Without the file, the state would be another one, beside the accounts.
    std::fs::rename(work.path("conf.d/state.toml"), work.path("away.toml")).unwrap();
    running.wait_for("conf.d: state: was conf.d/../state.db when this process started");
    std::fs::rename(work.path("away.toml"), work.path("conf.d/state.toml")).unwrap();
    running.wait_for("up to date account=\"only\"");
    end(running, 0);
    assert_eq!(delivered(&work, "only").len(), ENDPOINTS);
    assert!(!work.path("conf.d/state.db").exists(), "a state was made");
}

#[test]
fn what_is_stopped_in_the_middle_goes_on_at_the_next_start() {
    let work = workplace();
    let simulator = Simulator::start(Options::new(Fleet::new(3, 1_200)));
    add(&work, "large", &simulator);
    // Token, whoami, and two pages of 500.
    simulator.hold(4);
    let mut running = Running::start(&work, &collect(&["--every", "5000h"]));
    simulator.wait_until_held();
    running.signal(Signal::TERM);
    running.wait_for("stopping after the current page");
    simulator.clear_holds();
    simulator.release();
    let (_, log) = running.end();
    assert!(!log.contains("the next run starts in"), "{log}");
    let before = delivered(&work, "large").len();
    assert!((1..1_200).contains(&before), "{before}: {log}");

    let mut running = Running::start(&work, &collect(&["--every", "5000h"]));
    wait_for_run(&mut running, "large");
    end(running, 0);
    assert_eq!(delivered(&work, "large").len(), 1_200);
}

#[test]
fn the_accounts_of_a_file_are_known_also_if_it_was_wrong_from_the_start() {
    let work = workplace();
    add(&work, "good", &work.simulator);
    let wrong = "[account.one]\nx = 1\n[account.two]\nx = 1\n";
    work.write("conf.d/both.toml", wrong);
    let mut running = Running::start(&work, &collect(&["--every", "1s", "--jitter", "0s"]));
    for account in ["one", "two"] {
        running.wait_for(&format!("account.{account}.x: unknown key"));
    }
    std::fs::write(work.path("conf.d/both.toml"), b"\xff").unwrap();
    for account in ["one", "two"] {
        running.wait_for("conf.d/both.toml");
        let line = running.read.lines().last().unwrap();
        assert!(line.contains(&format!("account=\"{account}\"")), "{line}");
    }
    end(running, 1);
}

#[test]
fn destinations_that_do_not_answer_keep_no_other_account_from_beginning() {
    let work = workplace();
    // It takes connections, and answers nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/events", silent.local_addr().unwrap());
    // With one job, eight pages may wait.
    for number in 0..9 {
        let name = format!("silent-{number}");
        add(&work, &name, &work.simulator);
        let file = format!("to = \"file\"\npath = \"../{name}.ndjson\"");
        edit(
            &work,
            &name,
            &file,
            &format!("to = \"http\"\nurl = \"{url}\""),
        );
    }
    let flags = [
        "--every",
        "3s",
        "--jitter",
        "0s",
        "--jobs",
        "1",
        "--stop-within",
        "1ms",
    ];
    let mut running = Running::start(&work, &collect(&flags));
    for _ in 0..8 {
        running.wait_for("INFO collecting");
    }
    add(&work, "healthy", &work.simulator);
    wait_for_run(&mut running, "healthy");
    running.signal(Signal::TERM);
    running.end();
    assert_eq!(delivered(&work, "healthy").len(), ENDPOINTS);
}
