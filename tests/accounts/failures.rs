//! What is wrong with one account: it is reported with the remedy, and the others arrive.

use std::fs::{self, File};

use sophos_central_simulator::Route;

use crate::{ENDPOINTS, Workplace, add, collect, delivered, edit, path_of, workplace};

/// Returns a workplace with two accounts, of which `healthy` comes last.
fn two_accounts() -> Workplace {
    let work = workplace();
    add(&work, "broken", &work.simulator);
    add(&work, "healthy", &work.simulator);
    work
}

/// What is wrong, how it comes about, and what the log says: the account, the key and the remedy.
type Failure = (&'static str, fn(&Workplace), &'static [&'static str]);

const FAILURES: [Failure; 9] = [
    (
        "an unknown key",
        |work| edit(work, "broken", "rate_limits", "rate_limit"),
        &["conf.d/broken.toml: account.broken", "rate_limit"],
    ),
    (
        "a file that is not TOML",
        |work| fs::write(path_of(work, "broken"), "[account.broken\n").unwrap(),
        &["conf.d/broken.toml, line 1: not TOML"],
    ),
    (
        "a field that the component does not know",
        |work| edit(work, "broken", "client_id", "clientid"),
        &["conf.d/broken.toml: account.broken.config.clientid"],
    ),
    (
        "a placeholder",
        |work| {
            edit(
                work,
                "broken",
                sophos_central_simulator::CLIENT_ID,
                "CHANGE-ME",
            )
        },
        &["account.broken.config.client_id", "CHANGE-ME"],
    ),
    (
        "a secret that is missing",
        |work| edit(work, "broken", "TEST_CLIENT_SECRET", "NO_SUCH_SECRET"),
        &["account.broken.secrets.client_secret", "NO_SUCH_SECRET"],
    ),
    (
        "a component that is missing",
        |work| edit(work, "broken", "sophos-assets.wasm", "no-such.wasm"),
        &["account.broken.component", "no-such.wasm"],
    ),
    (
        "a component that asks for more than was approved",
        |work| {
            work.host(&collect(&["--account", "broken"])).expect(0);
            fs::remove_file(work.path("broken.ndjson")).unwrap();
            let state = rusqlite::Connection::open(work.path("state.db")).unwrap();
            let less = "UPDATE consent SET asks = json_set(asks, '$.hosts', json('[]'))";
            assert_eq!(state.execute(less, []).unwrap(), 1);
        },
        &[
            "account broken: the component asks for more than was approved",
            "asset-host approve --account broken",
        ],
    ),
    (
        "a destination that cannot be opened",
        |work| edit(work, "broken", "../broken.ndjson", "nowhere/broken.ndjson"),
        &[
            "account.broken.deliver",
            "conf.d/nowhere",
            "folder must exist",
        ],
    ),
    (
        "credentials that the API refuses",
        |work| edit(work, "broken", "TEST_CLIENT_SECRET", "TEST_TOKEN"),
        &["account=\"broken\"", "the API refused the credentials"],
    ),
];

#[test]
fn a_failure_of_one_account_is_reported_and_the_others_arrive() {
    for (failure, cause, says) in FAILURES {
        let work = two_accounts();
        cause(&work);
        let ran = work.host(&collect(&[])).expect(1).says(says);
        assert_eq!(delivered(&work, "healthy").len(), ENDPOINTS, "{failure}");
        assert_eq!(delivered(&work, "broken").len(), 0, "{failure}");
        ran.says(&["sources 2 (1 failed"]);
    }
}

#[test]
fn an_account_that_another_process_collects_is_reported_and_the_others_arrive() {
    let work = two_accounts();
    fs::create_dir(work.path("state.db.locks")).unwrap();
    let lock = File::create(work.path("state.db.locks/broken")).unwrap();
    lock.lock().unwrap();
    work.host(&collect(&[])).expect(1).says(&[
        "in use for account broken by another process",
        "wait until it has ended",
    ]);
    assert_eq!(delivered(&work, "healthy").len(), ENDPOINTS);
    assert_eq!(delivered(&work, "broken").len(), 0);
}

#[test]
fn commands_on_an_account_work_beside_the_run_of_another() {
    let work = two_accounts();
    work.host(&collect(&[])).expect(0);
    work.simulator.hold(3);
    let mut run = work.start(&collect(&["--full", "--account", "broken"]));
    work.simulator.wait_until_held();
    let state = |args: &[&str]| work.host(&[&["--config", "conf.d", "state"], args].concat());
    let approve = |account| work.host(&["--config", "conf.d", "approve", "--account", account]);
    approve("healthy").expect(0);
    state(&["reset", "--account", "healthy"]).expect(0);
    approve("broken")
        .expect(2)
        .says(&["in use for account broken"]);
    state(&["reset", "--account", "broken"])
        .expect(2)
        .says(&["in use for account broken"]);
    work.simulator.release();
    assert!(run.wait().unwrap().success());
}

#[test]
fn with_strict_nothing_runs_unless_every_account_is_in_order() {
    for (failure, cause, says) in &FAILURES[..7] {
        let work = two_accounts();
        cause(&work);
        work.simulator.clear_requests();
        let ran = work.host(&collect(&["--strict"])).expect(2).says(says);
        assert!(
            work.simulator.requests().is_empty(),
            "{failure}: {}",
            ran.stderr
        );
        work.host(&collect(&["--strict", "--account", "healthy"]))
            .expect(0);
    }
}

#[test]
fn where_no_account_is_in_order_nothing_ran() {
    let work = two_accounts();
    for account in ["broken", "healthy"] {
        edit(&work, account, "TEST_CLIENT_SECRET", "NO_SUCH_SECRET");
    }
    let summary = ["--summary", "summary.json"];
    work.host(&collect(&summary)).expect(2).says(&[
        "account.broken.secrets.client_secret",
        "account.healthy.secrets.client_secret",
    ]);
    assert!(work.simulator.requests_of(Route::Token).is_empty());
    let summary = fs::read_to_string(work.path("summary.json")).unwrap();
    assert!(summary.contains("\"exit_code\": 2"), "{summary}");
}
