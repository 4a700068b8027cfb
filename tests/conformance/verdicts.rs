//! The connectors of this project keep the contract; each hostile component fails by the rule that it breaks.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::Command;

use sophos_central_simulator::{CLIENT_ID, CLIENT_SECRET};
use tempfile::TempDir;

fn built(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../dist")
        .join(name);
    assert!(
        path.exists(),
        "{} is missing: run `make build guests` first",
        path.display()
    );
    path.canonicalize().unwrap()
}

/// Returns the exit code and the lines that the program prints about a component.
fn verdicts(component: &Path, config: &str, arguments: &[&str]) -> (Option<i32>, Vec<String>) {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("config.json");
    std::fs::write(&file, config).unwrap();
    let ran = Command::new(env!("CARGO_BIN_EXE_conformance"))
        .arg(component)
        .arg("--config")
        .arg(&file)
        .args(arguments)
        .output()
        .unwrap();
    let stderr = String::from_utf8(ran.stderr).unwrap();
    assert_eq!(stderr, "", "{}", component.display());
    let stdout = String::from_utf8(ran.stdout).unwrap();
    (
        ran.status.code(),
        stdout.lines().map(str::to_owned).collect(),
    )
}

/// Asserts that a component keeps every rule but for those that its server cannot test.
#[track_caller]
fn assert_kept(component: &str, config: &str, arguments: &[&str], untested: &[&str]) {
    let (code, lines) = verdicts(&built(component), config, arguments);
    let others: Vec<_> = lines
        .iter()
        .filter(|line| !line.starts_with("ok "))
        .collect();
    assert_eq!(others.len(), untested.len(), "{others:#?}");
    for (line, rule) in others.iter().zip(untested) {
        assert!(line.starts_with(&format!("untested {rule}:")), "{line}");
    }
    assert_eq!(code, Some(0));
}

#[test]
fn the_component_for_sophos_keeps_the_contract() {
    let config = format!(
        r#"{{"client_id":"{CLIENT_ID}","api_host":"{{url}}","token_url":"{{url}}/api/v2/oauth2/token","page_size":20}}"#
    );
    for credential in ["tenant", "partner"] {
        let server = format!(
            "{} --endpoints 95 --credential {credential}",
            built("sophos-central-simulator").display()
        );
        let secret = format!("client_secret={CLIENT_SECRET}");
        assert_kept(
            "sophos-assets.wasm",
            &config,
            &["--server", &server, "--secret", &secret],
            &[],
        );
    }
}

#[test]
fn the_component_for_lists_keeps_the_contract() {
    let folder = TempDir::new().unwrap();
    // More than a page.
    let rows = |form: fn(usize) -> String, between: &str| {
        (0..600).map(form).collect::<Vec<_>>().join(between)
    };
    let json = |n| {
        format!(
            r#"{{"id":"a-{n}","hostname":"h-{n}","last_seen":"2026-11-{:02}T08:00:00Z"}}"#,
            n % 28 + 1
        )
    };
    let csv = |n| format!("a-{n},h-{n},2026-11-{:02}T08:00:00Z", n % 28 + 1);
    let write = |name, text| std::fs::write(folder.path().join(name), text).unwrap();
    write("assets.json", format!("[{}]", rows(json, ",")));
    write(
        "assets.csv",
        format!("id,hostname,last_seen\n{}", rows(csv, "\n")),
    );
    let files = folder.path().to_str().unwrap();
    // The program finds no record to spoil in CSV.
    for (format, untested) in [
        ("json", &[][..]),
        (
            "csv",
            &["walk-begins-again", "malformed-record-is-a-reject"],
        ),
    ] {
        let config =
            format!(r#"{{"url":"{{url}}/assets.{format}","format":"{format}","id":"id"}}"#);
        assert_kept("asset-list.wasm", &config, &["--files", files], untested);
    }
}

/// Each hostile component with its config, the rule that it fails, and a word of the reason. The harmless one fails none
/// of these.
const HOSTILE: [(&str, &str, &str, &str); 17] = [
    (
        "trap_at_start",
        "{}",
        "manifest-is-stable",
        "trapped: wasm trap",
    ),
    (
        "trap_in_describe",
        "{}",
        "manifest-is-stable",
        "trapped: wasm trap",
    ),
    (
        "manifest_changes_between_calls",
        "{}",
        "manifest-is-stable",
        "two manifests",
    ),
    (
        "manifest_that_takes_for_ever",
        "{}",
        "manifest-fits-its-schema",
        "$defs",
    ),
    (
        "trap_in_every_export",
        "{}",
        "check-answers",
        "trapped: wasm trap",
    ),
    (
        "trap_in_every_export",
        "{}",
        "mapping-takes-the-config",
        "trapped: wasm trap",
    ),
    ("more_for_ever", "{}", "walk-ends", "does not end"),
    ("recursion", "{}", "walk-ends", "call stack exhausted"),
    (
        "event_with_a_newline",
        "{}",
        "events-are-events",
        "line break",
    ),
    (
        "event_that_is_not_json",
        "{}",
        "events-are-events",
        "not one JSON object",
    ),
    (
        "explanation_that_is_not_json",
        "{}",
        "explanation-is-of-the-event",
        "differ",
    ),
    (
        "other_host",
        "{}",
        "no-host-beyond-the-manifest",
        "https://other.example",
    ),
    (
        "origin_in_a_schema_default",
        "{}",
        "no-host-beyond-the-manifest",
        "https://other.example",
    ),
    (
        "http_on_port_80",
        "{}",
        "no-host-beyond-the-manifest",
        "http://api.guest.example",
    ),
    (
        "ip_literal",
        "{}",
        "no-host-beyond-the-manifest",
        "https://169.254.169.254",
    ),
    (
        "secret_in_a_url",
        "{}",
        "secret-goes-where-it-may",
        "is in a URL",
    ),
    (
        "secret_to_a_wrong_host",
        r#"{"api_url":"{url}/","token_url":"https://token.guest.example/token"}"#,
        "secret-goes-where-it-may",
        "https://files.conformance.example",
    ),
];

#[test]
fn each_hostile_component_fails_by_the_rule_that_it_breaks() {
    let guest = |name: &str| built(&format!("guests/{name}.wasm"));
    let (_, harmless) = verdicts(&guest("harmless"), "{}", &[]);
    for (name, config, rule, word) in HOSTILE {
        let (code, lines) = verdicts(&guest(name), config, &[]);
        let failed = format!("FAILED {rule}: ");
        let line = lines.iter().find(|line| line.starts_with(&failed));
        assert!(
            line.is_some_and(|line| line.contains(word)),
            "{name}: {rule}: {lines:#?}"
        );
        assert_eq!(code, Some(1), "{name}");
        assert!(
            harmless.contains(&format!("ok {rule}")),
            "{rule}: {harmless:#?}"
        );
    }
}

/// What the guest `breaks_the_contract` does wrong, the rule that it fails, and a word of the reason.
const BROKEN: [(&str, &str, &str); 19] = [
    (
        "event of no device",
        "event-is-of-its-device",
        "does not name it",
    ),
    (
        "fingerprint of nothing",
        "event-is-of-its-device",
        "one fingerprint",
    ),
    (
        "cursor of the instance",
        "cursor-is-taken-back",
        "InvalidCursor",
    ),
    ("page once", "call-can-be-repeated", "misses [\"a-0\""),
    ("time refused", "time-is-a-cursor", "InvalidCursor"),
    ("time empty", "time-is-a-cursor", "has 0 of the 5 devices"),
    (
        "range refused",
        "reserved-fields-are-taken",
        "are not known",
    ),
    (
        "range empty",
        "reserved-fields-are-taken",
        "has 0 of the 5 devices",
    ),
    (
        "range of another",
        "cursor-of-a-range-is-its-own",
        "takes a cursor of another range",
    ),
    (
        "malformed page",
        "malformed-record-is-a-reject",
        "is not an object",
    ),
    (
        "malformed dropped",
        "malformed-record-is-a-reject",
        "no reject",
    ),
    ("trap on an answer", "any-answer-is-survived", "trapped"),
    (
        "body in an error",
        "any-answer-is-survived",
        "repeats the body",
    ),
    (
        "ends for good",
        "walk-begins-again",
        "misses the new device",
    ),
    ("secret in base64", "secret-goes-where-it-may", "base64"),
    (
        "secret in a note",
        "secret-stays-secret",
        "what check returned",
    ),
    (
        "secret in a name",
        "secret-stays-secret",
        "what discover returned",
    ),
    (
        "secret in a page",
        "secret-stays-secret",
        "what collect returned",
    ),
    ("secret in an error", "secret-stays-secret", "returned"),
];

#[test]
fn each_rule_fails_for_the_component_that_breaks_it() {
    let folder = TempDir::new().unwrap();
    let list = r#"[{"id":"a-0"},{"id":"a-1"},{"id":"b-0"},{"id":"b-11"},{"id":"c-0"}]"#;
    std::fs::write(folder.path().join("list.json"), list).unwrap();
    let files = ["--files", folder.path().to_str().unwrap()];
    let guest = built("guests/breaks_the_contract.wasm");
    let config = |how: &str| {
        format!(r#"{{"api_url":"{{url}}/list.json","token_url":"{{url}}/token","how":"{how}"}}"#)
    };
    assert_kept("guests/breaks_the_contract.wasm", &config(""), &files, &[]);
    for (how, rule, word) in BROKEN {
        let (code, lines) = verdicts(&guest, &config(how), &files);
        let failed = format!("FAILED {rule}: ");
        let line = lines.iter().find(|line| line.starts_with(&failed));
        assert!(
            line.is_some_and(|line| line.contains(word)),
            "{how}: {rule}: {lines:#?}"
        );
        assert_eq!(code, Some(1), "{how}");
    }
}

#[test]
fn a_component_without_rules_of_its_own_fails_those_of_mapping_and_cursors() {
    let (code, lines) = verdicts(&built("guests/harmless.wasm"), "{}", &[]);
    for rule in [
        "junk-cursor-is-refused",
        "any-text-is-mapped",
        "unknown-dialect-is-refused",
        "config-fault-comes-first",
    ] {
        let failed = format!("FAILED {rule}: ");
        assert!(
            lines.iter().any(|line| line.starts_with(&failed)),
            "{rule}: {lines:#?}"
        );
    }
    assert_eq!(code, Some(1));
}

#[test]
fn what_is_not_a_connector_fails_at_once() {
    let folder = TempDir::new().unwrap();
    let empty = folder.path().join("empty.wasm");
    std::fs::write(&empty, b"\0asm\x0d\0\x01\0").unwrap();
    let (code, lines) = verdicts(&empty, "{}", &[]);
    assert_eq!(code, Some(1));
    assert_eq!(lines.len(), 1);
    assert!(
        lines
            .iter()
            .all(|line| line.contains("inventory:connector/mapping@0.1.0")),
        "{lines:?}"
    );
}
