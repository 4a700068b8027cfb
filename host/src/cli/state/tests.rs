//! What the commands over the state print, change and refuse.

use super::*;
use crate::cli::args::{Selector, SetMark};
use crate::state::tests::harness::{RUNTIME, State, StoredBatch};
use crate::state::{Fingerprints, Writes};

mod transfer;

fn at(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_769_846_400 + seconds).unwrap()
}

/// A configuration with the accounts `acme` and `beta`, and its folder.
fn config() -> (tempfile::TempDir, Config) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("asset-host.toml");
    std::fs::write(
        &path,
        "[account.acme]\ncomponent = \"c\"\n[account.beta]\ncomponent = \"c\"\n",
    )
    .unwrap();
    let config = Config::load(&path).unwrap();
    (folder, config)
}

fn store(config: &Config, account: &str, source: &str, cursor: &str, more: bool) {
    let batch = StoredBatch {
        account,
        source,
        name: &format!("Name of {source}"),
        cursor,
        mark: (!more).then_some("2026-01-31T07:00:00.000Z"),
        more,
        full: more,
        first: true,
        fingerprints: Fingerprints::Forgotten,
    };
    let state = State::at(config.state.path().unwrap(), Writes::Everything);
    state.store_batch(&batch, at(0)).unwrap();
}

fn run(config: &Config, command: args::State) -> anyhow::Result<String> {
    let mut out = Vec::new();
    let status = RUNTIME.block_on(super::run(config, &command, at(60), &mut out))?;
    assert_eq!(status, ExitStatus::Done);
    Ok(String::from_utf8(out).unwrap())
}

fn selector(account: &str, source: Option<&str>) -> Selector {
    Selector {
        account: account.into(),
        source: source.map(str::to_owned),
    }
}

fn list() -> args::State {
    args::State::List { json: false }
}

fn show(account: &str, source: Option<&str>) -> args::State {
    args::State::Show {
        selector: selector(account, source),
        json: false,
    }
}

fn reset(account: &str, source: Option<&str>) -> args::State {
    args::State::Reset {
        selector: selector(account, source),
        yes: true,
    }
}

fn prune() -> args::State {
    args::State::Prune { yes: true }
}

fn set(account: &str, source: Option<&str>, last_seen: &str) -> args::State {
    args::State::Set(SetMark {
        selector: selector(account, source),
        last_seen: timestamp::parse(last_seen).unwrap(),
    })
}

fn assert_refused(config: &Config, command: args::State, parts: &[&str]) {
    let message = run(config, command).unwrap_err().to_string();
    for part in parts {
        assert!(message.contains(part), "{part}: {message}");
    }
}

fn cursor(config: &Config, account: &str, source: &str) -> Option<String> {
    let state = State::at(config.state.path().unwrap(), Writes::Nothing);
    state.source(account, source).unwrap()?.cursor
}

#[test]
fn list_is_a_table() {
    let (_folder, config) = config();
    store(&config, "acme", "t1", "{}", false);
    store(&config, "beta", "tenant-2", "{}", true);
    let state = State::at(config.state.path().unwrap(), Writes::Everything);
    state.store_success("acme", "t1", at(1)).unwrap();
    state
        .store_error(
            "beta",
            "tenant-2",
            "Näme\u{1b}[31m",
            "the API refused",
            at(2),
        )
        .unwrap();
    drop(state);
    assert_eq!(
        run(&config, list()).unwrap(),
        "ACCOUNT  SOURCE    NAME        MARK                      WALK               LAST SUCCESS              LAST ERROR\n\
         acme     t1        Name of t1  2026-01-31T07:00:00.000Z  -                  2026-01-31T08:00:01.000Z  -\n\
         beta     tenant-2  Näme [31m   -                         full, in progress  -                         2026-01-31T08:00:02.000Z the API refused\n"
    );
}

#[test]
fn list_without_a_state_creates_none() {
    let (_folder, config) = config();
    let text = run(&config, list()).unwrap();
    assert!(text.contains("state.db: nothing is stored yet"), "{text}");
    assert!(!config.state.path().unwrap().exists());
}

#[test]
fn show_prints_the_cursor_readably() {
    let (_folder, config) = config();
    store(
        &config,
        "acme",
        "t1",
        r#"{"v":1,"last_seen_cursor":"x"}"#,
        false,
    );
    let text = run(&config, show("acme", None)).unwrap();
    for line in [
        "account          acme",
        "source           t1",
        "name             Name of t1",
        "mark             2026-01-31T07:00:00.000Z",
        "full_every from  -",
        "last success     -",
        "updated          2026-01-31T08:00:00.000Z",
        "cursor",
        "  \"last_seen_cursor\": \"x\",",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}: {text}");
    }
    store(&config, "beta", "t1", "an opaque\u{7} text", false);
    let text = run(&config, show("beta", Some("t1"))).unwrap();
    assert!(
        text.ends_with("cursor           an opaque  text\n"),
        "{text}"
    );
}

#[test]
fn a_source_must_be_there_and_be_the_only_one() {
    let (_folder, config) = config();
    store(&config, "acme", "t1", "{}", false);
    store(&config, "acme", "t2", "{}", false);
    for command in [
        show("acme", None),
        set("acme", None, "2026-01-01T00:00:00Z"),
    ] {
        let parts = [
            "acme has several sources",
            "--source t1  (Name of t1)",
            "--source t2",
        ];
        assert_refused(&config, command, &parts);
    }
    let missing = [
        "state.db",
        "nothing is stored of account acme, source t3",
        "state list",
    ];
    assert_refused(&config, show("acme", Some("t3")), &missing);
    assert_refused(&config, reset("acme", Some("t3")), &missing);
    let missing = ["nothing is stored of account acne;", "state list"];
    assert_refused(&config, show("acne", None), &missing);
    assert_refused(&config, reset("acne", None), &missing);
}

#[test]
fn set_stores_a_time_as_the_cursor() {
    let (_folder, config) = config();
    let text = run(
        &config,
        set("acme", Some("t1"), "2026-01-31T09:00:00.1234+01:30"),
    )
    .unwrap();
    let told = "acme, source t1: the next run collects devices seen at or after 2026-01-31T07:30:00.123Z\n";
    let (first, rest) = text.split_at(told.len());
    assert_eq!(first, told);
    assert!(rest.contains("Nothing was stored of this source"), "{rest}");
    let again = run(&config, set("acme", Some("t1"), "2026-01-31T07:30:00.123Z")).unwrap();
    assert_eq!(again, told);
    let stored = State::at(config.state.path().unwrap(), Writes::Nothing)
        .source("acme", "t1")
        .unwrap()
        .unwrap();
    assert_eq!(stored.cursor.as_deref(), Some("2026-01-31T07:30:00.123Z"));
    assert_eq!(stored.mark.as_deref(), Some("2026-01-31T07:30:00.123Z"));
    assert_eq!(stored.last_full_at, Some(at(60)));

    // The only source of the account needs no name, and this very moment is not in the future.
    run(&config, set("acme", None, "2026-01-31T08:01:00Z")).unwrap();
    assert_eq!(
        cursor(&config, "acme", "t1").as_deref(),
        Some("2026-01-31T08:01:00.000Z")
    );
}

#[test]
fn set_refuses_what_would_lose_devices_or_help_nobody() {
    let (_folder, config) = config();
    for (command, parts) in [
        (
            set("acme", Some("t1"), "2026-01-31T08:01:00.001Z"),
            ["--last-seen", "in the future"],
        ),
        (
            set("acne", Some("t1"), "2026-01-01T00:00:00Z"),
            ["acne", "did you mean `acme`?"],
        ),
        (
            set("acme", None, "2026-01-01T00:00:00Z"),
            ["--source", "asset-host check --account acme"],
        ),
    ] {
        assert_refused(&config, command, &parts);
    }
    assert_eq!(cursor(&config, "acme", "t1"), None);
}

#[test]
fn reset_forgets_one_or_all() {
    let (_folder, config) = config();
    for source in ["t1", "t2", "t3"] {
        store(&config, "acme", source, "{}", false);
    }
    let text = run(&config, reset("acme", Some("t2"))).unwrap();
    assert!(text.contains("forgot 1 cursor of account acme"), "{text}");
    assert_eq!(cursor(&config, "acme", "t2"), None);
    let text = run(&config, reset("acme", None)).unwrap();
    assert!(text.contains("forgot 2 cursors of account acme"), "{text}");
    assert_eq!(cursor(&config, "acme", "t1"), None);
}

#[test]
fn prune_forgets_accounts_that_are_gone() {
    let (_folder, config) = config();
    store(&config, "acme", "t1", "{}", false);
    let text = run(&config, prune()).unwrap();
    assert!(text.starts_with("nothing to forget"), "{text}");
    store(&config, "gone", "t9", "{}", false);
    let text = run(&config, prune()).unwrap();
    assert_eq!(text, "forgot account gone, source t9 (Name of t9)\n");
    assert!(cursor(&config, "acme", "t1").is_some());
    assert_eq!(cursor(&config, "gone", "t9"), None);
}

#[test]
fn a_source_that_cannot_be_collected_is_told_and_pruned() {
    let (_folder, config) = config();
    store(&config, "acme", "t1", "{}", false);
    store(&config, "acme", "t2", "{}", true);
    let state = State::at(config.state.path().unwrap(), Writes::Everything);
    let found = BTreeSet::from(["t1".to_owned()]);
    state.store_listing("acme", &found, at(3)).unwrap();
    drop(state);

    let list = run(&config, list()).unwrap();
    let line = list.lines().find(|line| line.contains("t2")).unwrap();
    assert!(
        line.contains("  not collectable since 2026-01-31T08:00:03.000Z  "),
        "{list}"
    );
    assert_eq!(list.matches("not collectable since").count(), 1, "{list}");
    let show = run(&config, show("acme", Some("t2"))).unwrap();
    let line = "walk             not collectable since 2026-01-31T08:00:03.000Z";
    assert!(show.lines().any(|found| found == line), "{show}");
    assert_eq!(cursor(&config, "acme", "t2").as_deref(), Some("{}"));

    let text = run(&config, prune()).unwrap();
    assert_eq!(
        text,
        "forgot account acme, source t2 (Name of t2), not collectable since 2026-01-31T08:00:03.000Z\n"
    );
    assert_eq!(cursor(&config, "acme", "t2"), None);
    assert!(cursor(&config, "acme", "t1").is_some());
}

#[test]
fn a_time_that_was_set_on_a_source_that_is_gone_outlives_a_prune() {
    let (_folder, config) = config();
    store(&config, "acme", "t1", "{}", false);
    let state = State::at(config.state.path().unwrap(), Writes::Everything);
    state
        .store_listing("acme", &BTreeSet::new(), at(3))
        .unwrap();
    drop(state);
    run(&config, set("acme", Some("t1"), "2026-01-31T07:30:00Z")).unwrap();
    let text = run(&config, prune()).unwrap();
    assert!(text.starts_with("nothing to forget"), "{text}");
    assert_eq!(
        cursor(&config, "acme", "t1").as_deref(),
        Some("2026-01-31T07:30:00.000Z")
    );
}

#[test]
fn changes_wait_for_no_run_and_reading_needs_no_lock() {
    let (_folder, config) = config();
    store(&config, "acme", "t1", "{}", false);
    store(&config, "acme", "gone", "{}", false);
    let run_of_acme = State::at(config.state.path().unwrap(), Writes::Everything);
    let listed = ["t1".to_owned()].into();
    run_of_acme.store_listing("acme", &listed, at(0)).unwrap();
    for command in [
        set("acme", None, "2026-01-01T00:00:00Z"),
        reset("acme", None),
        prune(),
    ] {
        assert_refused(&config, command, &["in use for account acme by process"]);
    }
    run(&config, list()).unwrap();
    run(&config, show("acme", Some("t1"))).unwrap();
}

#[test]
fn a_source_is_found_by_its_id_or_its_name() {
    let (_folder, config) = config();
    for source in ["t1", "t2", "t3"] {
        store(&config, "acme", source, "{}", false);
    }
    let state = State::at(config.state.path().unwrap(), Writes::Everything);
    for (source, name) in [("t1", "Kestrel"), ("t2", "Kestrel"), ("t3", "t1")] {
        state.store_error("acme", source, name, "-", at(0)).unwrap();
    }
    drop(state);
    for (wanted, found) in [("t3", "t3"), ("T3", "t3"), ("t1", "t1")] {
        let text = run(&config, show("acme", Some(wanted))).unwrap();
        let line = format!("source           {found}");
        assert!(text.lines().any(|line_| line_ == line), "{wanted}: {text}");
    }
    let parts = [
        "acme has several sources of this name",
        "--source t1  (Kestrel)",
        "--source t2  (Kestrel)",
    ];
    let time = "2026-01-01T00:00:00Z";
    for command in [
        show("acme", Some("kestrel")),
        reset("acme", Some("Kestrel")),
        set("acme", Some("Kestrel"), time),
    ] {
        assert_refused(&config, command, &parts);
    }
    run(&config, reset("acme", Some("t2"))).unwrap();
    let text = run(&config, set("acme", Some("kestrel "), time)).unwrap();
    assert!(text.starts_with("acme, source t1: "), "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
}

#[test]
fn list_and_show_are_also_json() {
    let (_folder, config) = config();
    let list = || run(&config, args::State::List { json: true }).unwrap();
    assert_eq!(list(), "[]\n");
    store(&config, "acme", "t1", "{\"v\":1}", true);
    let listed: Value = serde_json::from_str(&list()).unwrap();
    let show = args::State::Show {
        selector: selector("acme", None),
        json: true,
    };
    let shown: Value = serde_json::from_str(&run(&config, show).unwrap()).unwrap();
    assert_eq!(listed, json!([shown]));
    assert_eq!(
        shown,
        json!({
            "account": "acme", "source": "t1", "name": "Name of t1", "mark": null, "walking": true, "full": true,
            "full_started_at": "2026-01-31T08:00:00.000Z", "last_full_at": null, "last_success_at": null,
            "last_error": null, "last_error_at": null, "not_collectable_since": null,
            "updated_at": "2026-01-31T08:00:00.000Z", "cursor": { "v": 1 },
        })
    );
}

#[test]
fn prune_forgets_nothing_while_an_account_is_unknown() {
    let (_folder, mut config) = config();
    store(&config, "gone", "t1", "{}", false);
    let mut other = config.clone();
    std::fs::write(
        &config.place,
        "[account.beta]\ncomponent = \"\"\n[account.acme]\ncomponent = \"c\"",
    )
    .unwrap();
    other.wrong = Config::load(&config.place).unwrap().wrong;
    assert_refused(&other, prune(), &["account.beta.component"]);
    assert!(cursor(&config, "gone", "t1").is_some());
    config.wrong.clear();
    run(&config, prune()).unwrap();
    assert_eq!(cursor(&config, "gone", "t1"), None);
}
