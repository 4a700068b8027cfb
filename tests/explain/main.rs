//! `map` explains where each value of an event comes from, with any component: through the real host, with guests whose
//! reasons are known.
//!
//! `table.txt` and `explained.ndjson` are the expected output.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise, in its helpers too"
)]

#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sophos_central_simulator::{Fleet, Options};
use support::{Ran, Workplace, built};

/// Returns a folder with two endpoints in one file, and one endpoint in another.
struct Place(Workplace);

impl Place {
    fn new() -> Self {
        let work = Workplace::new(Options::new(Fleet::new(1, 0)));
        work.write("two.json", "[{\"id\": 1},\n\n{\"id\": 2}]");
        work.write("one.json", "{\"id\": 3}");
        Self(work)
    }

    /// Runs `map` with a guest of `tests/guests/`.
    fn map(&self, guest: &str, args: &[&str]) -> Ran {
        let component = built(&format!("guests/{guest}.wasm"));
        let map = ["map", "--component", component.to_str().unwrap()];
        let ran = self.0.host(&[&map, args].concat());
        assert!(self.0.simulator.requests().is_empty());
        ran
    }

    /// Runs `map` with the guest that explains, and returns the arguments of its `explain`.
    #[track_caller]
    fn how(&self, args: &[&str]) -> String {
        let ran = self
            .map("explains", &[args, &["one.json"]].concat())
            .expect(0);
        how(&ran)
    }

    /// Adds an account of the guest that explains, with these lines in it and in its config.
    fn add_account(&self, name: &str, account: &str, config: &str) {
        let component = built("guests/explains.wasm");
        self.0.append(&format!(
            "[account.{name}]\ncomponent = {component:?}\n{account}\n[account.{name}.config]\n\
             token_url = \"https://id.example.com\"\n{config}\n\
             [account.{name}.secrets]\nsecret = {{ env = \"TEST_NO_SECRET\" }}\n"
        ));
    }
}

/// Returns the arguments of the guest's `explain`.
fn how(ran: &Ran) -> String {
    let event: Value = serde_json::from_str(&ran.stdout).unwrap();
    event["how"].as_str().unwrap().to_owned()
}

#[test]
fn the_table_lists_values_with_sources_and_rules_then_omitted_and_unused_fields() {
    let ran = Place::new()
        .map("explains", &["--explain", "one.json"])
        .expect(0);
    assert_eq!(ran.stdout, include_str!("table.txt"));
    assert_eq!(ran.stderr, "");
}

#[test]
fn each_of_several_endpoints_has_a_heading() {
    let place = Place::new();
    place.0.write("bad.ndjson", "{\"id\": 4}\n5\n");
    let ran = place
        .map(
            "explains",
            &["--explain", "two.json", "bad.ndjson", "one.json"],
        )
        .expect(1);
    let headings: Vec<_> = ran
        .stdout
        .lines()
        .filter(|line| line.contains("json:"))
        .collect();
    assert_eq!(
        headings,
        ["two.json:1", "two.json:3", "bad.ndjson:1", "one.json:1"]
    );
    let table = include_str!("table.txt");
    let tables: Vec<_> = headings
        .iter()
        .map(|heading| format!("{heading}\n{table}"))
        .collect();
    assert_eq!(ran.stdout, tables.join("\n"));
    assert_eq!(
        ran.stderr,
        "bad.ndjson:2: an object was expected (record 2)\n"
    );
}

#[test]
fn json_has_one_object_per_line_as_the_component_wrote_it() {
    let place = Place::new();
    let ran = place
        .map("explains", &["--explain", "--json", "one.json"])
        .expect(0);
    assert_eq!(ran.stdout, include_str!("explained.ndjson"));
    let line: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        line["values"][1]["sources"][2],
        json!({ "pointer": "/tamperProtectionEnabled", "value": true })
    );
    let ran = place
        .map("explains", &["--explain", "--json", "two.json", "one.json"])
        .expect(0);
    assert_eq!(ran.stdout, include_str!("explained.ndjson").repeat(3));
}

#[test]
fn json_without_explain_is_refused_with_the_remedy() {
    let ran = Place::new()
        .map("explains", &["--json", "one.json"])
        .expect(2);
    assert!(ran.stderr.contains("add --explain"), "{}", ran.stderr);
    assert_eq!(ran.stdout, "");
}

#[test]
fn a_component_without_reasons_is_reported() {
    let place = Place::new();
    let ran = place.map("harmless", &["--explain", "one.json"]).expect(0);
    assert_eq!(
        ran.stdout,
        "The component gives no reasons for this event:\n{\"record\":\"{\\\"id\\\": 3}\"}\n"
    );
    let ran = place
        .map("harmless", &["--explain", "--json", "one.json"])
        .expect(0);
    let line: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        line,
        json!({ "event": { "record": "{\"id\": 3}" }, "values": [], "omitted": [], "unused": [] })
    );
}

#[test]
fn the_component_gets_a_dialect_or_a_config() {
    let place = Place::new();
    for (args, expected) in [
        (&["--dialect", "guest"][..], "guest"),
        (&["--dialect", "other"], "other"),
        (&["--omit", "device.desc"], r#"{"omit":["device.desc"]}"#),
        (
            &["--omit", "a,b", "--dialect", "other", "--omit", "c"],
            r#"{"dialect":"other","omit":["a","b","c"]}"#,
        ),
    ] {
        assert_eq!(place.how(args), expected, "{args:?}");
    }
    // Without any of them, `explain` is not called.
    let ran = place.map("explains", &["one.json"]).expect(0);
    assert!(ran.stdout.starts_with("{\"time\":"), "{}", ran.stdout);
}

#[test]
fn a_flag_that_does_not_fit_the_component_is_refused() {
    let place = Place::new();
    for (guest, args, words) in [
        (
            "explains",
            ["--dialect", "third"],
            "--dialect must be one of: guest, other",
        ),
        (
            "explains",
            ["--omit", "device.desc,/device"],
            "--omit: \"/device\" does not match",
        ),
        (
            "harmless",
            ["--omit", "device.desc"],
            "harmless 0.1.0 has no `omit` in its config",
        ),
        ("harmless", ["--now", "tomorrow"], "--now: \"tomorrow\""),
        ("harmless", ["--now", "1969-12-31T23:59:59Z"], "beyond 1970"),
    ] {
        let ran = place
            .map(guest, &[&args[..], &["one.json"]].concat())
            .expect(2);
        assert!(ran.stderr.contains(words), "{args:?}: {}", ran.stderr);
        assert_eq!(ran.stdout, "");
    }
}

#[test]
fn an_account_maps_with_its_component_and_config_and_without_secrets() {
    let place = Place::new();
    place.add_account(
        "guest",
        "",
        "dialect = \"other\"\nomit = [\"device.desc\", \"device.os\"]",
    );
    let ran = place
        .0
        .host(&["map", "--account", "guest", "one.json"])
        .expect(0);
    let config: Value = serde_json::from_str(&how(&ran)).unwrap();
    assert_eq!(
        config,
        json!({
            "token_url": "https://id.example.com",
            "dialect": "other",
            "omit": ["device.desc", "device.os"],
        })
    );
    let ran = place
        .0
        .host(&["map", "--account", "guest", "--explain", "one.json"])
        .expect(0);
    assert!(ran.stdout.contains("/device/is_trusted"), "{}", ran.stdout);
    assert!(place.0.simulator.requests().is_empty());
}

#[test]
fn an_invalid_account_does_not_map() {
    let zeros = "0".repeat(64);
    for (account, config, words) in [
        ("", "omit = \"device.desc\"", "account.guest.config.omit"),
        (
            "",
            "omit = [\"device.desc\", 7]",
            "account.guest.config.omit.1",
        ),
        ("", "dialect = \"third\"", "account.guest.config.dialect"),
        (
            &*format!("sha256 = \"{zeros}\""),
            "",
            "is not the component that `sha256` pins",
        ),
    ] {
        let place = Place::new();
        place.add_account("guest", account, config);
        let ran = place
            .0
            .host(&["map", "--account", "guest", "one.json"])
            .expect(2);
        assert!(ran.stderr.contains(words), "{}", ran.stderr);
        assert_eq!(ran.stdout, "");
    }
    let ran = Place::new()
        .0
        .host(&["map", "--account", "acne", "one.json"])
        .expect(2);
    assert!(ran.stderr.contains("--account acne"), "{}", ran.stderr);
}

#[test]
fn an_account_excludes_the_flags_that_it_replaces() {
    let place = Place::new();
    for args in [
        ["--component", "c.wasm"],
        ["--dialect", "guest"],
        ["--omit", "device.desc"],
    ] {
        let account = ["map", "--account", "acme"];
        let ran = place.0.host(&[&account, &args[..]].concat()).expect(2);
        assert!(ran.stderr.contains("cannot be used with"), "{}", ran.stderr);
    }
}

#[test]
fn now_sets_the_clock_of_the_component() {
    let place = Place::new();
    for (now, expected) in [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-11-25T01:00:00.25+01:00", 1_795_564_800_250_u64),
    ] {
        let ran = place.map("explains", &["--now", now, "two.json"]).expect(0);
        let line = format!("{{\"time\":{expected}}}\n");
        assert_eq!(ran.stdout, line.repeat(2), "{now}");
    }
}

#[test]
fn reasons_that_break_the_contract_reject_their_record_and_are_not_shown() {
    let place = Place::new();
    for (how, words) in [
        ("value", "a value of entry 1 of `values`"),
        ("source", "a value of entry 1 of `values`"),
        ("path", "a path of entry 1 of `values`"),
        ("rule", "the rule of entry 1 of `values`"),
        ("unused", "a path of entry 1 of `unused`"),
    ] {
        let records = json!([{ "how": how }, { "how": "well" }]);
        place.0.write("records.json", &records.to_string());
        for args in [
            &["--explain"][..],
            &["--explain", "--json"],
            &["--dialect", "guest"],
        ] {
            let args = [args, &["records.json"]].concat();
            let ran = place.map("explanation_that_is_not_json", &args).expect(1);
            let errors: Vec<_> = ran.stderr.lines().collect();
            assert_eq!(errors.len(), 1, "{}", ran.stderr);
            let start = format!("records.json:1: the component broke the contract: {words}");
            assert!(errors[0].starts_with(&start), "{}", ran.stderr);
            for output in [&ran.stdout, &ran.stderr] {
                assert!(!output.contains("canary"), "{output}");
            }
            assert!(ran.stdout.contains("name"), "{}", ran.stdout);
        }
    }
}

#[test]
fn the_sample_of_the_specification_explains_why_its_device_is_not_trusted() {
    let sample = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("golden/specification-sample.input.json");
    let place = Place::new();
    let sample = sample.to_str().unwrap();
    let ran = place
        .0
        .host(&["map", "--explain", "--json", sample])
        .expect(0);
    let line: Value = serde_json::from_str(&ran.stdout).unwrap();
    let values = line["values"].as_array().unwrap();
    let trusted = values
        .iter()
        .find(|value| value["path"] == "/device/is_trusted")
        .unwrap();
    assert_eq!(trusted["value"], false);
    let sources: BTreeMap<_, _> = trusted["sources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|source| (source["pointer"].as_str().unwrap(), &source["value"]))
        .collect();
    let expected = json!(["bad", "notIsolated", true]);
    assert_eq!(
        sources.into_iter().collect::<Vec<_>>(),
        [
            ("/health/overall", &expected[0]),
            ("/isolation/status", &expected[1]),
            ("/tamperProtectionEnabled", &expected[2]),
        ]
    );
    // The event is that of `map`.
    let mapped = place.0.host(&["map", sample]).expect(0);
    assert!(
        ran.stdout
            .starts_with(&format!("{{\"event\":{},", mapped.stdout.trim_end()))
    );
}
