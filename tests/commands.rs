//! `describe`, `init` and `state`: the real program with the real component.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod support;

use serde_json::Value;
use sophos_central_simulator::{
    CLIENT_ID, CLIENT_SECRET, Clock, DEFAULT_TENANT, Fault, Fleet, Options, Route, instant,
};
use support::{Workplace, built};

/// Returns a folder with a simulator and without a configuration.
fn without_configuration() -> Workplace {
    let work = Workplace::new(Options::new(Fleet::new(1, 3)));
    std::fs::remove_file(work.path("asset-host.toml")).unwrap();
    work
}

#[test]
fn the_version_has_the_commit() {
    let ran = without_configuration().host(&["--version"]).expect(0);
    let version = ran.stdout.trim();
    let (name, commit) = version.split_once(" (").expect(version);
    assert_eq!(name, "asset-host 0.1.0");
    let commit = commit.trim_end_matches(')');
    assert_eq!(commit.len(), 12, "{version}");
    assert!(commit.chars().all(|c| c.is_ascii_hexdigit()), "{version}");
}

#[test]
fn describe_shows_what_the_component_is_and_asks_for() {
    let work = without_configuration();
    let digest = std::process::Command::new("sha256sum")
        .arg(built("sophos-assets.wasm"))
        .output()
        .unwrap();
    let digest = String::from_utf8(digest.stdout).unwrap()[..64].to_owned();
    let ran = work.host(&["describe"]).expect(0).says(&[
        "sophos-assets 0.1.0",
        "Sophos Central",
        &digest,
        "OCSF 1.6.0, class 5001, dialects: sekoia",
        "id.sophos.com, by https",
        "*.central.sophos.com, by https: every name that ends in .central.sophos.com",
        "the URL in `api_host`, by https, where the account sets one",
        "client_secret: to send it to the URL in `token_url`, https://id.sophos.com (",
        "no; to pin it, set sha256 = ",
        "wasi:random: random numbers",
        "limits.memory_bytes",
        "one call of `describe`, `map` or `explain`",
        "10 requests in 1 s",
        "100 requests in 60 s",
        "client_id: Client ID, required",
        "page_size: Page size, default 500",
    ]);
    assert!(!ran.stdout.contains("tenant:"), "{}", ran.stdout);
    assert_eq!(ran.stderr, "");
    assert!(work.simulator.requests().is_empty());
}

#[test]
fn describe_prints_a_manifest_that_fits_the_published_schema() {
    let ran = without_configuration()
        .host(&["describe", "--json"])
        .expect(0);
    let facts: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!([&facts["account"], &facts["consent"]], [&Value::Null; 2]);
    let manifest = &facts["manifest"];
    let schema: Value = serde_json::from_str(include_str!("../wit/manifest.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let faults: Vec<_> = validator
        .iter_errors(manifest)
        .map(|error| error.to_string())
        .collect();
    assert_eq!(faults, [""; 0]);
    assert_eq!(manifest["vendor"], "Sophos");
}

#[test]
fn describe_succeeds_if_its_reader_has_gone() {
    let work = without_configuration();
    for args in [&["describe"][..], &["describe", "--json"], &["--help"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = work.command(args).stdout(writer).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{args:?}");
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "", "{args:?}");
    }
}

#[test]
fn init_writes_a_file_that_becomes_an_account_with_three_changed_lines() {
    let work = without_configuration();
    work.host(&["init"]).expect(0).says(&[
        "Wrote asset-host.toml",
        "client_id = \"CHANGE-ME\"",
        "SOPHOS_CLIENT_SECRET",
        "asset-host check",
    ]);
    // Unchanged, it says what is still to do.
    let check = |code| {
        let output = work
            .command(&["check"])
            .env("SOPHOS_CLIENT_SECRET", CLIENT_SECRET)
            .output()
            .unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert_eq!(output.status.code(), Some(code), "{text}");
        text
    };
    assert!(check(2).contains("account.main.config.client_id: is still \"CHANGE-ME\""));
    assert!(work.simulator.requests().is_empty());

    let url = work.simulator.url();
    work.edit_config("CHANGE-ME", CLIENT_ID);
    work.edit_config(
        "#api_host = \"https://api.central.sophos.com\"",
        &format!("api_host = \"{url}\""),
    );
    work.edit_config(
        "#token_url = \"https://id.sophos.com",
        &format!("token_url = \"{url}"),
    );
    work.edit_config(
        "\n[account.main.config]",
        "allow_loopback_http = true\n[account.main.config]",
    );
    let reported = check(0);
    assert!(reported.contains("main: ok"), "{reported}");
    assert!(reported.contains(DEFAULT_TENANT), "{reported}");
}

#[test]
fn init_writes_the_dialect_of_its_flag_and_otherwise_shows_the_default() {
    let work = without_configuration();
    work.host(&["init", "--dialect", "klingon"])
        .expect(2)
        .says(&["--dialect must be one of: sekoia, ocsf"]);
    assert!(!work.path("asset-host.toml").exists());
    for (flag, line) in [
        (&["--dialect", "ocsf"][..], "dialect = \"ocsf\""),
        (&["--dialect", "sekoia"], "dialect = \"sekoia\""),
        // Nobody is asked without a terminal.
        (&[], "#dialect = \"sekoia\""),
    ] {
        work.host(&[&["init", "--force"], flag].concat()).expect(0);
        let written = std::fs::read_to_string(work.path("asset-host.toml")).unwrap();
        assert!(written.lines().any(|found| found == line), "{written}");
        assert!(written.contains("January 1970"), "{written}");
    }
}

#[test]
fn init_replaces_a_file_only_with_force() {
    let work = without_configuration();
    work.write("asset-host.toml", "mine, and no TOML");
    let ran = work.host(&["init"]).expect(2);
    for word in ["asset-host.toml exists", "--config", "--force"] {
        assert!(ran.stderr.contains(word), "{}", ran.stderr);
    }
    assert_eq!(
        std::fs::read_to_string(work.path("asset-host.toml")).unwrap(),
        "mine, and no TOML"
    );

    work.host(&["init", "--force", "--account", "acme"])
        .expect(0);
    let written = std::fs::read_to_string(work.path("asset-host.toml")).unwrap();
    assert!(written.contains("[account.acme]"), "{written}");

    work.host(&["--config", "other.toml", "init"])
        .expect(0)
        .says(&["asset-host --config other.toml check"]);
    work.host(&["--config", "nowhere/a.toml", "init"])
        .expect(2)
        .says(&["cannot write nowhere/a.toml", "its folder must exist"]);
    work.host(&["--config", "b.toml", "init", "--account", "a b"])
        .expect(2)
        .says(&["--account \"a b\"", "letters, digits"]);
    assert!(!work.path("b.toml").exists());
}

#[test]
fn init_writes_a_file_for_each_account_into_a_folder() {
    let work = without_configuration();
    std::fs::create_dir(work.path("conf.d")).unwrap();
    for account in ["contoso", "fabrikam"] {
        let wrote = format!("Wrote conf.d/{account}.toml");
        work.host(&["--config", "conf.d", "init", "--account", account])
            .expect(0)
            .says(&[&wrote, "test it with: asset-host --config conf.d check"]);
    }
    work.host(&["--config", "conf.d", "init", "--account", "contoso"])
        .expect(2)
        .says(&["conf.d/contoso.toml exists"]);
    work.host(&["--config", "conf.d", "check"])
        .expect(2)
        .says(&[
            "conf.d/contoso.toml: account.contoso.config.client_id: is still \"CHANGE-ME\"",
            "conf.d/fabrikam.toml: account.fabrikam.config.client_id: is still \"CHANGE-ME\"",
        ]);
}

#[test]
fn a_failed_check_fails_even_if_nobody_reads_its_output() {
    let work = Workplace::new(Options::new(Fleet::new(1, 3)));
    let mut check = work
        .command(&["check"])
        .env("TEST_CLIENT_SECRET", "wrong-secret")
        .spawn()
        .unwrap();
    drop(check.stdout.take());
    assert_eq!(check.wait().unwrap().code(), Some(1));
}

#[test]
fn state_list_shows_the_position_of_each_source() {
    let work = Workplace::new(Options {
        clock: Clock::Fixed(instant("2026-11-20T12:00:00Z")),
        ..Options::new(Fleet::new(1, 1_200))
    });
    work.host(&["state", "list"])
        .expect(0)
        .says(&["state.db: nothing is stored yet"]);
    work.host(&["state", "show", "--account", "acme"])
        .expect(2)
        .says(&["nothing is stored of account acme", "asset-host state list"]);
    assert!(!work.path("state.db").exists(), "to look made a file");

    work.simulator
        .fault(Route::Endpoints, 2, Fault::status(403));
    work.collect(1);
    work.host(&["state", "list"]).expect(0).says(&[
        "ACCOUNT",
        "acme",
        DEFAULT_TENANT,
        "full, in progress",
    ]);
    work.collect(0);
    let newest = work
        .simulator
        .fleet(|fleet| (0..1_200).filter_map(|index| fleet.last_seen(index)).max());
    let newest = newest.unwrap();
    let mark = format!(
        "{}T{:02}:{:02}:{:02}",
        newest.date(),
        newest.hour(),
        newest.minute(),
        newest.second()
    );
    let ran = work
        .host(&["state", "list"])
        .expect(0)
        .says(&["acme", DEFAULT_TENANT, &mark]);
    assert!(!ran.stdout.contains("in progress"), "{}", ran.stdout);
    work.host(&["state", "show", "--account", "acme"])
        .expect(0)
        .says(&[
            &mark,
            "last success",
            "\"last_seen_cursor\"",
            DEFAULT_TENANT,
        ]);
}

#[test]
fn state_can_be_set_reset_and_pruned() {
    let work = Workplace::new(Options::new(Fleet::new(1, 3)));
    work.collect(0).says(&["events 3"]);
    let moment = "2026-10-01T00:00:00Z";
    work.host(&["state", "set", "--account", "acme", "--last-seen", moment])
        .expect(0)
        .says(&["acme, source", DEFAULT_TENANT, "2026-10-01T00:00:00.000Z"]);
    work.collect(0).says(&["events 3"]);

    work.host(&["state", "reset", "--account", "acme"])
        .expect(0)
        .says(&["forgot 1 cursor", "collects everything"]);
    assert!(work.state().is_none());
    work.collect(0).says(&["events 3"]);
    work.collect(0).says(&["events 0"]);

    work.host(&["state", "prune"])
        .expect(0)
        .says(&["nothing to forget"]);
    let config = std::fs::read_to_string(work.path("asset-host.toml")).unwrap();
    work.write(
        "asset-host.toml",
        &config.replace("account.acme", "account.other"),
    );
    work.host(&["state", "prune"])
        .expect(0)
        .says(&["forgot account acme", DEFAULT_TENANT]);
    work.host(&["state", "list"])
        .expect(0)
        .says(&["nothing is stored yet"]);
}

#[test]
fn state_refuses_unknown_sources_and_what_would_lose_devices() {
    let work = Workplace::new(Options::new(Fleet::new(1, 3)));
    let set = |account, last_seen| {
        [
            "state",
            "set",
            "--account",
            account,
            "--last-seen",
            last_seen,
        ]
    };
    for (args, words) in [
        (
            &set("acme", "2026-10-01T00:00:00Z")[..],
            &["--source", "asset-host check --account acme"][..],
        ),
        (
            &set("amce", "2026-10-01T00:00:00Z"),
            &["--account amce", "did you mean `acme`?"],
        ),
        (
            &set("acme", "yesterday"),
            &["--last-seen", "yesterday", "2026-01-31T08:00:00Z"],
        ),
        (
            &set("acme", "9000-01-01T00:00:00Z"),
            &["--last-seen", "in the future"],
        ),
        (
            &["state", "reset", "--account", "acme"],
            &["nothing is stored of account acme"],
        ),
        (&["state", "reset"], &["--account"]),
        (&["state"], &["Usage"]),
    ] {
        let ran = work.host(args).expect(2);
        for word in words {
            assert!(ran.stderr.contains(word), "{args:?}: {}", ran.stderr);
        }
    }
    assert!(work.simulator.requests().is_empty());
}
