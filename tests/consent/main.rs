//! Consent: a component that asks for more than was approved does not run until it is approved.
//!
//! The component is the real one; the tests reduce what is approved in the state file.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

mod page;
#[path = "../support/mod.rs"]
mod support;

use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};
use sophos_central_simulator::{CLIENT_ID, Fleet, Options};
use support::running::Running;
use support::{QUICK, Ran, Workplace, built};

fn workplace() -> Workplace {
    Workplace::new(Options::new(Fleet::new(1, 3)))
}

/// Returns the digest of the component.
fn digest() -> String {
    let output = std::process::Command::new("sha256sum")
        .arg(built("sophos-assets.wasm"))
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()[..64].to_owned()
}

/// Returns what is recorded for an account.
fn recorded(work: &Workplace, account: &str) -> Option<Value> {
    let state = rusqlite::Connection::open(work.path("state.db")).unwrap();
    let mut select = state
        .prepare("SELECT asks FROM consent WHERE account = ?1")
        .unwrap();
    let mut rows = select.query([account]).unwrap();
    let text: Option<String> = rows.next().unwrap().map(|row| row.get(0).unwrap());
    text.map(|text| serde_json::from_str(&text).unwrap())
}

/// Changes what is recorded for an account.
fn change(work: &Workplace, account: &str, change: impl FnOnce(&mut Value)) {
    let mut asks = recorded(work, account).unwrap();
    change(&mut asks);
    let state = rusqlite::Connection::open(work.path("state.db")).unwrap();
    let changed = state
        .execute(
            "UPDATE consent SET asks = ?2 WHERE account = ?1",
            [account, &asks.to_string()],
        )
        .unwrap();
    assert_eq!(changed, 1);
}

/// Approves an older build, which did not need `id.sophos.com` and sent the secret elsewhere.
fn approve_less(work: &Workplace, account: &str) {
    change(work, account, |asks| {
        asks["sha256"] = "0".repeat(64).into();
        asks["version"] = "0.0.9".into();
        asks["hosts"] = json!(["*.central.sophos.com"]);
        asks["secrets"]["client_secret"]["default_origin"] = "https://old.example".into();
    });
}

/// Runs the host and asserts that it reports the difference before any request.
#[track_caller]
fn refused(work: &Workplace, args: &[&str]) -> Ran {
    work.simulator.clear_requests();
    work.forget_events();
    let ran = work.host(args).expect(2);
    assert!(work.simulator.requests().is_empty(), "{args:?}");
    assert!(work.events().is_empty(), "{args:?}");
    ran
}

/// The text of a difference to what [`approve_less`] leaves approved.
const DIFFERENCE: [&str; 4] = [
    "+ host id.sophos.com",
    "~ secret client_secret: from the URL in token_url (https://old.example) to the URL in token_url \
     (https://id.sophos.com)",
    "sophos-assets 0.0.9, sha256 0000000000000000",
    "sophos-assets 0.1.0, sha256 ",
];

#[test]
fn the_first_run_approves_and_says_so_once() {
    let work = workplace();
    let digest = digest();
    let describe = ["describe", "--account", "acme"];
    work.host(&describe)
        .expect(0)
        .says(&["For the account acme", "the first run approves"]);
    work.collect(0).says(&[
        "first run of sophos-assets 0.1.0, which approves what it asks for",
        "*.central.sophos.com, id.sophos.com",
        "secret client_secret, to the URL in token_url (https://id.sophos.com)",
        "asset-host describe --account acme",
        &digest,
    ]);
    let asks = recorded(&work, "acme").unwrap();
    assert_eq!(asks["sha256"], digest);
    assert_eq!(
        asks["hosts"],
        json!(["*.central.sophos.com", "id.sophos.com"])
    );
    let ran = work.collect(0);
    assert!(!ran.stderr.contains("approve"), "{}", ran.stderr);
    work.host(&describe).expect(0).says(&["approved since 20"]);
    work.host(&["approve"])
        .expect(0)
        .says(&["acme: nothing to approve", &digest]);
}

#[test]
fn commands_that_do_not_write_the_state_record_nothing() {
    let work = workplace();
    for args in [
        &["check"][..],
        &["collect", "--dry-run"],
        &["collect", "--since", "2020-01-01T00:00:00Z"],
        &["describe"],
    ] {
        work.host(args).expect(0);
        assert!(!work.path("state.db").exists(), "{args:?}");
    }
}

#[test]
fn a_component_that_asks_for_more_waits_for_approval() {
    let work = workplace();
    work.collect(0);
    approve_less(&work, "acme");
    for args in [
        &["collect"][..],
        &["collect", "--full"],
        &["collect", "--dry-run"],
        &["collect", "--until", "2030-01-01T00:00:00Z"],
        &["check"],
    ] {
        refused(&work, args).says(&DIFFERENCE).says(&[
            "account acme: the component asks for more than was approved on 20",
            "`asset-host describe --account acme`",
            "`asset-host approve --account acme`",
        ]);
        assert_eq!(recorded(&work, "acme").unwrap()["version"], "0.0.9");
    }
    // A reset of the cursor approves nothing.
    work.host(&["state", "reset", "--account", "acme"])
        .expect(0);
    refused(&work, &["collect"]);

    work.host(&["describe"])
        .expect(0)
        .says(&DIFFERENCE)
        .says(&["NOT APPROVED", "asset-host approve --account acme"]);
    let ran = work.host(&["describe", "--json"]).expect(0);
    let facts: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(facts["consent"]["status"], "needs_approval");
    assert_eq!(facts["consent"]["more"][0], DIFFERENCE[0]);

    work.simulator.clear_requests();
    work.host(&["approve", "--account", "acme"])
        .expect(0)
        .says(&DIFFERENCE)
        .says(&["acme: approved, with more than before"]);
    assert!(work.simulator.requests().is_empty());
    work.collect(0).says(&["events 3"]);
    assert_eq!(recorded(&work, "acme").unwrap()["sha256"], digest());
}

#[test]
fn a_build_that_asks_for_no_more_runs_and_is_recorded() {
    let work = workplace();
    work.collect(0);
    change(&work, "acme", |asks| {
        asks["sha256"] = "0".repeat(64).into();
        asks["hosts"] = json!(["*.sophos.com"]);
    });
    work.host(&["describe"])
        .expect(0)
        .says(&["this build asks for no more"]);
    work.host(&["check"]).expect(0);
    work.collect(0)
        .says(&["another build", &"0".repeat(64), &digest()]);
    let asks = recorded(&work, "acme").unwrap();
    assert_eq!(asks["sha256"], digest());
    assert_eq!(
        asks["hosts"],
        json!(["*.central.sophos.com", "id.sophos.com"])
    );
}

/// Adds a second account with the same component.
fn second_account(work: &Workplace) {
    let url = work.simulator.url();
    let component = built("sophos-assets.wasm");
    work.configure(
        "",
        &format!(
            "{QUICK}
[account.beta]
component = {component:?}
allow_loopback_http = true
rate_limits = []
[account.beta.config]
client_id = \"{CLIENT_ID}\"
api_host = \"{url}\"
token_url = \"{url}/api/v2/oauth2/token\"
[account.beta.secrets]
client_secret = {{ env = \"TEST_CLIENT_SECRET\" }}
[account.beta.deliver]
to = \"file\"
path = \"beta.ndjson\"
"
        ),
    );
}

#[test]
fn two_accounts_of_one_component_are_approved_separately() {
    let work = workplace();
    second_account(&work);
    work.collect(0);
    for account in ["acme", "beta"] {
        assert!(recorded(&work, account).is_some(), "{account}");
    }
    approve_less(&work, "beta");
    // The other account runs without it, unless all of them are to be in order.
    let why = "account beta: the component asks for more";
    let ran = work.collect(1).says(&[why]);
    assert!(!ran.stderr.contains("account acme"), "{}", ran.stderr);
    refused(&work, &["collect", "--strict"]).says(&[why]);
    work.host(&["collect", "--account", "acme"]).expect(0);

    approve_less(&work, "acme");
    refused(&work, &["collect"]).says(&["account acme: the", "account beta: the"]);
    work.host(&["approve", "--account", "acme"]).expect(0);
    work.collect(1).says(&["account beta: the"]);
    work.host(&["approve"]).expect(0).says(&[
        "acme: nothing to approve",
        "beta: approved, with more than before",
    ]);
    work.collect(0);
    // Several accounts use it, so it is shown without an account.
    let ran = work.host(&["describe"]).expect(0);
    assert!(!ran.stdout.contains("For the account"), "{}", ran.stdout);

    // The approval of a removed account is removed too.
    work.configure("", QUICK);
    work.host(&["state", "prune"]).expect(0);
    assert!(recorded(&work, "acme").is_some());
    assert_eq!(recorded(&work, "beta"), None);
}

#[test]
fn an_approval_during_a_run_is_refused() {
    let work = workplace();
    work.simulator.hold(3);
    let mut run = work.start(&["collect"]);
    work.simulator.wait_until_held();
    let holder = format!("process {}", run.id());
    work.host(&["approve"])
        .expect(2)
        .says(&["state.db", &holder, "wait until it has ended"]);
    work.simulator.release();
    assert!(run.wait().unwrap().success());
    work.host(&["approve"]).expect(0);
}

#[test]
fn an_approval_requires_a_valid_component_and_configuration() {
    let work = workplace();
    work.host(&["approve", "--account", "amce"])
        .expect(2)
        .says(&["did you mean `acme`?"]);
    work.edit_config("client_id = ", "client_idd = ");
    work.host(&["approve"])
        .expect(2)
        .says(&["account.acme.config.client_idd", "unknown key"]);
    assert!(!work.path("state.db").exists());
    // `describe` still works, and shows what must be fixed.
    work.host(&["describe"])
        .expect(0)
        .says(&["not valid yet", "account.acme.config.client_idd"]);
}

/// `approve` refuses an account for the same reasons as `check`, and `describe` shows them.
#[test]
fn a_host_that_an_account_may_not_reach_is_a_problem_for_every_command() {
    for (line, to, problem) in [
        (
            "rate_limits",
            "hosts = [\"*.sophos.com\"]\nrate_limits",
            "account.acme.hosts: the component does not ask for \"*.sophos.com\"",
        ),
        (
            "rate_limits",
            "hosts = [\"192.0.2.1\"]\nrate_limits",
            "account.acme.hosts: the component does not ask for \"192.0.2.1\"",
        ),
        (
            "rate_limits",
            "ca_file = \"missing.pem\"\nrate_limits",
            "account.acme.ca_file: ",
        ),
        (
            "api_host = \"http://",
            "api_host = \"http://user:pass@",
            "account.acme.config.api_host: must be a URL that begins with https and contains no user name",
        ),
        (
            "api_host = \"http://127.0.0.1",
            "api_host = \"http://api.example.com",
            "account.acme.config.api_host: must be a URL that begins with https",
        ),
    ] {
        let work = workplace();
        work.edit_config(line, to);
        for command in ["check", "collect", "approve"] {
            work.host(&[command]).expect(2).says(&[problem]);
        }
        assert!(!work.path("state.db").exists(), "{to}");
        work.host(&["describe"])
            .expect(0)
            .says(&["not valid yet", problem]);
        let ran = work.host(&["describe", "--json"]).expect(0);
        let facts: Value = serde_json::from_str(&ran.stdout).unwrap();
        let reported = facts["problems"].as_array().unwrap();
        assert_eq!(reported.len(), 1, "{reported:?}");
        assert!(
            reported[0].as_str().unwrap().starts_with(problem),
            "{reported:?}"
        );
    }
}

/// A missing setting for a new build must not hide that the build is not approved.
#[test]
fn asking_for_more_is_reported_before_missing_settings() {
    let work = workplace();
    work.collect(0);
    approve_less(&work, "acme");
    work.edit_config("client_id = ", "client_idd = ");
    for command in ["check", "collect"] {
        let ran = refused(&work, &[command]).says(&DIFFERENCE).says(&[
            "account acme: the component asks for more than was approved on 20",
            "account.acme.config.client_idd: unknown key",
        ]);
        let place = |text: &str| ran.stderr.find(text).unwrap();
        assert!(
            place("+ host") < place("client_idd"),
            "{command}: {}",
            ran.stderr
        );
    }
}

#[test]
fn a_refused_service_runs_again_after_approval() {
    let work = workplace();
    let args = ["collect", "--every", "1s", "--jitter", "0s"];
    let mut service = Running::start(&work, &args);
    service.wait_for("the next run starts");
    // Nobody holds the state between two runs, so this only waits for its turn.
    let state = rusqlite::Connection::open(work.path("state.db")).unwrap();
    let changed = state.execute(
        "UPDATE consent SET asks = json_set(asks, '$.hosts', json('[]'))",
        [],
    );
    assert_eq!(changed.unwrap(), 1);
    drop(state);
    service.wait_for("+ host id.sophos.com");
    // A run of the service may hold the state at this moment.
    while work.host(&["approve"]).code != Some(0) {}
    work.simulator.clear_requests();
    while work.simulator.requests().is_empty() {
        service.wait_for("the next run starts");
    }
    service.signal(rustix::process::Signal::TERM);
    let (code, log) = service.end();
    assert_eq!(code, Some(0), "{log}");
}

#[test]
fn compiled_code_that_others_can_write_is_not_used() {
    let work = workplace();
    let caches = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| {
        let output = work
            .command(args)
            .env("XDG_CACHE_HOME", caches.path())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0));
        String::from_utf8(output.stderr).unwrap()
    };
    let folder = caches.path().join("asset-host");
    let cached = "compiled code is read from the cache";
    for expected in ["compiling", cached, cached] {
        let log = run(&["describe", "-v"]);
        assert!(log.contains(expected), "{log}");
    }
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o777)).unwrap();
    second_account(&work);
    let log = run(&["check", "-v"]);
    assert_eq!(log.matches("WARN").count() - loopback(&log), 1, "{log}");
    assert!(log.contains("chmod 700"), "{log}");
    assert!(!log.contains(cached), "{log}");
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700)).unwrap();
    assert!(run(&["describe", "-v"]).contains(cached));
}

/// Returns how many lines warn about `allow_loopback_http`.
fn loopback(log: &str) -> usize {
    log.matches("allow_loopback_http is on").count()
}
