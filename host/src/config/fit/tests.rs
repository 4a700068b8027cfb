//! Which accounts have a place for their secrets to go.

use serde_json::json;

use super::*;
use crate::contract::manifest::tests::{CLIENT_ID, account, example};

/// Each row: the schema of the bound field, what is typed there, and what the message contains; no message where
/// the secret has a place to go.
#[test]
fn a_secret_must_have_a_place_to_go() {
    let uri = json!({ "type": "string", "format": "uri", "title": "Token URL" });
    let with_default = |default: &str| {
        let mut field = uri.clone();
        field["default"] = json!(default);
        field
    };
    let rows: &[(Value, Option<&str>, &[&str])] = &[
        (with_default("https://id.example.com/token"), None, &[]),
        (uri.clone(), Some("https://id.example.com/token"), &[]),
        (uri.clone(), Some("http://127.0.0.1:8080/token"), &[]),
        (
            with_default("http://id.example.com"),
            Some("https://[2001:db8::1]"),
            &[],
        ),
        (
            uri.clone(),
            None,
            &[
                "is missing: the secret client_secret goes",
                "set it",
                "(Token URL)",
            ],
        ),
        (
            with_default("http://id.example.com/token"),
            None,
            &["default is not https", "secret client_secret", "set it"],
        ),
        (
            with_default("data:text/plain,x"),
            None,
            &["is missing: the secret client_secret"],
        ),
        (
            with_default("https://id.example.com/token"),
            Some("http://id.example.com/token"),
            &["must begin with https: the secret client_secret"],
        ),
        (uri.clone(), Some("urn:example:token"), &["must be a URL"]),
        (uri.clone(), Some("https:///"), &["\"uri\""]),
        (uri.clone(), Some("id.example.com"), &["\"uri\""]),
        (uri.clone(), Some(PLACEHOLDER), &["is still \"CHANGE-ME\""]),
    ];
    for (field, typed, parts) in rows {
        let mut changed = example();
        changed["config"]["properties"]["token_url"] = field.clone();
        // A second secret that goes there does not have it told twice.
        let mut second = changed["secrets"][0].clone();
        second["name"] = json!("second");
        changed["secrets"].as_array_mut().unwrap().push(second);
        let manifest = Manifest::parse(&changed.to_string()).unwrap();
        let mut config = json!({ "client_id": CLIENT_ID });
        if let Some(typed) = typed {
            config["token_url"] = json!(typed);
        }
        let problems = manifest.check_account(&account(config, &["client_secret", "second"]));
        let told: Vec<_> = problems
            .iter()
            .map(|problem| (problem.key.as_str(), problem.message.as_str()))
            .collect();
        match (parts, told.as_slice()) {
            ([], []) => {}
            (parts, [("account.acme.config.token_url", message)]) if !parts.is_empty() => {
                for part in *parts {
                    assert!(message.contains(part), "{typed:?}: {part}: {message}");
                }
            }
            _ => panic!("{field} {typed:?}: {told:?}"),
        }
    }
}

/// The manifest of a component that leaves out what its config names.
fn that_omits() -> Manifest {
    let mut changed = example();
    changed["config"]["properties"]["omit"] = json!({
        "title": "Omit", "description": "What to leave out.", "type": "array",
        "items": { "type": "string", "pattern": "^[a-z.]+$" }, "default": [],
    });
    Manifest::parse(&changed.to_string()).unwrap()
}

/// Each row: what stands in the field, and the keys that are told.
#[test]
fn a_list_of_texts_is_checked_entry_by_entry() {
    let manifest = that_omits();
    for (omit, keys) in [
        (json!([]), &[][..]),
        (json!(["device.desc", "device.os"]), &[]),
        (json!("device.desc"), &["account.acme.config.omit"]),
        (json!(["device.desc", 7]), &["account.acme.config.omit.1"]),
        (
            json!(["Device", "device", ""]),
            &["account.acme.config.omit.0", "account.acme.config.omit.2"],
        ),
    ] {
        let config = json!({ "client_id": CLIENT_ID, "omit": omit });
        let problems = manifest.check_account(&account(config, &["client_secret"]));
        let told: Vec<_> = problems
            .iter()
            .map(|problem| problem.key.as_str())
            .collect();
        assert_eq!(told, keys, "{problems:?}");
        let faults = manifest.faults_of("omit", &omit);
        assert_eq!(faults.len(), keys.len(), "{faults:?}");
    }
}

#[test]
fn a_field_that_is_not_known_is_a_fault() {
    let manifest = Manifest::parse(&example().to_string()).unwrap();
    let faults = manifest.faults_of("omit", &json!([]));
    assert!(faults[0].contains("omit"), "{faults:?}");
}
