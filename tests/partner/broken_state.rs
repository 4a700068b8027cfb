//! A state that breaks during a run: nothing more is collected, and every source is reported.

use sophos_central_simulator::{Fault, Route};

use super::{check_in, cursors, partner, tenants};
use crate::support::Workplace;

/// Makes every later change of a column of the state fail, as on a full disk.
fn break_state(work: &Workplace, column: &str) {
    let state = rusqlite::Connection::open(work.path("state.db")).unwrap();
    let trigger = format!(
        "CREATE TRIGGER broken BEFORE UPDATE OF {column} ON source BEGIN SELECT RAISE(ABORT, 'broken'); END"
    );
    state.execute_batch(&trigger).unwrap();
}

#[test]
fn a_broken_state_stops_the_run_and_every_source_is_reported() {
    let work = partner(4, 2);
    work.collect(0);
    check_in(&work);
    let before = cursors(&work);
    break_state(&work, "cursor");
    let ran = work
        .host(&["collect", "--summary", "summary.json"])
        .expect(1);
    for (id, name) in tenants(&work) {
        let told =
            |line: &str| line.contains(&id) && line.contains(&name) && line.contains("failed");
        assert!(ran.stderr.lines().any(told), "{name} in\n{}", ran.stderr);
    }
    assert_eq!(cursors(&work), before);
}

#[test]
fn a_state_that_breaks_during_the_listing_is_a_failure() {
    let work = partner(3, 1);
    work.collect(0);
    work.simulator
        .configure(|options| options.tenants.remove(1));
    break_state(&work, "gone_at");
    work.collect(1).says(&["sources 1 (1 failed", "state.db"]);
}

#[test]
fn an_account_not_yet_listed_is_reported_when_the_state_breaks() {
    let work = partner(2, 1);
    work.collect(0);
    check_in(&work);
    break_state(&work, "cursor");
    let state = rusqlite::Connection::open(work.path("state.db")).unwrap();
    let trigger = "CREATE TRIGGER broken_too BEFORE INSERT ON source BEGIN SELECT RAISE(ABORT, 'broken'); END";
    state.execute_batch(trigger).unwrap();
    // One of the accounts never gets its token.
    let config = std::fs::read_to_string(work.path("asset-host.toml")).unwrap();
    let other = config.replace("account.acme", "account.other");
    work.write("asset-host.toml", &format!("{config}\n{other}"));
    work.simulator.fault(Route::Token, 2, Fault::Stall);
    let ran = work.collect(1);
    for account in ["acme", "other"] {
        assert!(
            ran.stderr
                .lines()
                .any(|line| line.starts_with(account) && line.contains("failed")),
            "{account} in\n{}",
            ran.stderr
        );
    }
}
