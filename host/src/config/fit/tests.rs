//! Which accounts have a place for their secrets to go.

use std::path::Path;

use serde_json::{Map, json};

use super::*;

/// A manifest that is right.
pub(crate) fn example() -> Value {
    serde_json::from_str(include_str!(
        "../../../runtime/src/contract/manifest/example.json"
    ))
    .unwrap()
}

const CLIENT_ID: &str = "3fa85f64-5717-4562-b3fc-2c963f66afa6";

fn manifest() -> Manifest {
    Manifest::parse(&example().to_string()).unwrap()
}

pub(crate) fn account(config: Value, secrets: &[&str]) -> Account {
    let Value::Object(config) = config else {
        panic!("a config is an object");
    };
    let secrets: String = secrets
        .iter()
        .map(|name| format!("{name} = {{ env = \"X\" }}\n"))
        .collect();
    let text = format!("component = \"c.wasm\"\n[secrets]\n{secrets}");
    let mut problems = Vec::new();
    let file = Path::new("asset-host.toml");
    let account = Account::read("acme".into(), text.parse().unwrap(), file, &mut problems);
    assert_eq!(problems, []);
    Account {
        config,
        ..account.unwrap()
    }
}

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
                "is missing: it must be a URL that begins with https",
                "the secret client_secret",
                "(Token URL)",
            ],
        ),
        (
            with_default("http://id.example.com/token"),
            None,
            &["is missing: it must be", "https", "secret client_secret"],
        ),
        (
            with_default("data:text/plain,x"),
            None,
            &["is missing: it must be"],
        ),
        (
            with_default("https://id.example.com/token"),
            Some("http://id.example.com/token"),
            &[
                "must be a URL that begins with https",
                "as the secret client_secret",
            ],
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
        let problems = check_account(&manifest, &account(config, &["client_secret", "second"]));
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

/// Each row: the value of the field, and the keys that are reported.
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
        let problems = check_account(&manifest, &account(config, &["client_secret"]));
        let told: Vec<_> = problems
            .iter()
            .map(|problem| problem.key.as_str())
            .collect();
        assert_eq!(told, keys, "{problems:?}");
        let faults = faults_of(&manifest, "omit", &omit);
        assert_eq!(faults.len(), keys.len(), "{faults:?}");
    }
}

#[test]
fn a_field_that_is_not_known_is_a_fault() {
    let manifest = Manifest::parse(&example().to_string()).unwrap();
    let faults = faults_of(&manifest, "omit", &json!([]));
    assert!(faults[0].contains("omit"), "{faults:?}");
}

#[test]
fn an_account_that_fits_has_no_problem() {
    for config in [
        json!({ "client_id": CLIENT_ID }),
        json!({ "client_id": CLIENT_ID, "token_url": "http://127.0.0.1:8080/token", "dialect": "ocsf", "page_size": 1,
                "nested": { "depth": 1 }, "code": "aaa" }),
    ] {
        let problems = check_account(&manifest(), &account(config, &["client_secret"]));
        assert_eq!(problems, []);
    }
}

#[test]
fn each_problem_names_its_key_and_the_remedy() {
    let id = CLIENT_ID;
    let rows: &[(Value, &[&str], &str, &[&str])] = &[
        (
            json!({}),
            &["client_secret"],
            "config.client_id",
            &["is missing: set it (Client ID)"],
        ),
        (
            json!({ "client_id": PLACEHOLDER }),
            &["client_secret"],
            "config.client_id",
            &["is still \"CHANGE-ME\"", "(Client ID)"],
        ),
        (
            json!({ "client_id": "x" }),
            &["client_secret"],
            "config.client_id",
            &["\"x\" is not a \"uuid\""],
        ),
        (
            json!({ "client_id": 7 }),
            &["client_secret"],
            "config.client_id",
            &["7 is not of type \"string\""],
        ),
        (
            json!({ "client_id": id, "tokenurl": "x" }),
            &["client_secret"],
            "config.tokenurl",
            &[
                "unknown key, did you mean `token_url`?",
                "example-assets 0.1.0 knows api_key_id, client_id",
            ],
        ),
        (
            json!({ "client_id": id, "dialect": "sekoai" }),
            &["client_secret"],
            "config.dialect",
            &["sekoai", "\"sekoia\"", "\"ocsf\""],
        ),
        (
            json!({ "client_id": id, "page_size": 501 }),
            &["client_secret"],
            "config.page_size",
            &["501", "500"],
        ),
        (
            json!({ "client_id": id, "token_url": "id.example.com" }),
            &["client_secret"],
            "config.token_url",
            &["\"uri\""],
        ),
        (
            json!({ "client_id": id, "api_key_id": "canary-7f3a" }),
            &["client_secret"],
            "config.api_key_id",
            &["4 characters"],
        ),
        (
            json!({ "client_id": id, "nested": {} }),
            &["client_secret"],
            "config.nested.depth",
            &["is missing"],
        ),
        (
            json!({ "client_id": id, "nested": { "depth": "x" } }),
            &["client_secret"],
            "config.nested.depth",
            &["\"integer\""],
        ),
        (
            json!({ "client_id": id, "client_secret": "canary-7f3a" }),
            &["client_secret"],
            "config.client_secret",
            &[
                "is a secret",
                "client_secret = { env = \"…\" }",
                "[account.acme.secrets]",
            ],
        ),
        (
            json!({ "client_id": id, "since": "2026-01-01T00:00:00Z" }),
            &["client_secret"],
            "config.since",
            &["collect --since TIME"],
        ),
        (
            json!({ "client_id": id, "tenant": { "id": "t" } }),
            &["client_secret"],
            "config.tenant",
            &["set by the component itself", "remove it"],
        ),
        // What is wrong inside is of no matter.
        (
            json!({ "client_id": id, "tenant": {} }),
            &["client_secret"],
            "config.tenant",
            &["set by the component itself"],
        ),
        (
            json!({ "client_id": id, "tenant": "CHANGE-ME" }),
            &["client_secret"],
            "config.tenant",
            &["set by the component itself"],
        ),
        (
            json!({ "client_id": id, "tenent": {} }),
            &["client_secret"],
            "config.tenent",
            &["unknown key; the component", "token_url, writable"],
        ),
        (
            json!({ "client_id": id }),
            &[],
            "secrets.client_secret",
            &[
                "is missing",
                "client_secret = { env = ",
                "Client secret: Shown once",
            ],
        ),
        (
            json!({ "client_id": id }),
            &["client_secret", "client_secert"],
            "secrets.client_secert",
            &[
                "does not ask",
                "did you mean `client_secret`?",
                "it asks for [client_secret]",
            ],
        ),
    ];
    for (config, secrets, key, parts) in rows {
        let problems = check_account(&manifest(), &account(config.clone(), secrets));
        assert_eq!(problems.len(), 1, "{config}: {problems:?}");
        assert_eq!(problems[0].key, format!("account.acme.{key}"));
        let message = &problems[0].message;
        for part in *parts {
            assert!(message.contains(part), "{part}: {message}");
        }
        assert!(!message.contains("canary"), "{message}");
    }
}

#[test]
fn a_component_without_secrets_says_so() {
    let mut changed = example();
    changed["secrets"] = json!([]);
    let manifest = Manifest::parse(&changed.to_string()).unwrap();
    let problems = check_account(
        &manifest,
        &account(json!({ "client_id": CLIENT_ID }), &["token"]),
    );
    assert_eq!(problems.len(), 1);
    assert!(
        problems[0].message.contains("it asks for []"),
        "{problems:?}"
    );
}

#[test]
fn a_pattern_that_would_take_for_ever_is_answered() {
    let code = format!("{}b", "a".repeat(10_000));
    let config = json!({ "client_id": CLIENT_ID, "code": code });
    let problems = check_account(&manifest(), &account(config, &["client_secret"]));
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].key, "account.acme.config.code");
}

#[test]
fn as_many_patterns_as_are_allowed_take_no_time() {
    let field = json!({ "type": "string", "pattern": "[a-z0-9]{200}[a-z0-9]{200}" });
    let fields: Map<String, Value> = (0..200)
        .map(|index| (format!("f{index}"), field.clone()))
        .collect();
    let mut manifest = example();
    manifest["config"]["properties"]["x"] = json!({ "properties": fields });
    let manifest = Manifest::parse(&manifest.to_string()).unwrap();
    let values: Map<String, Value> = (0..200)
        .map(|index| (format!("f{index}"), json!("a".repeat(399))))
        .collect();
    let config = json!({ "client_id": CLIENT_ID, "x": values });
    let problems = check_account(&manifest, &account(config, &["client_secret"]));
    assert_eq!(problems.len(), 200);
}

/// A manifest with a URL to which no secret is bound.
fn with_api_host() -> Manifest {
    let mut changed = example();
    changed["config"]["properties"]["api_host"] = json!({ "type": "string", "format": "uri" });
    Manifest::parse(&changed.to_string()).unwrap()
}

#[test]
fn each_url_that_is_not_safe_is_reported_once() {
    for (host, wrong) in [
        ("https://typed.example/", false),
        ("http://127.0.0.1:8080/", false),
        ("http://typed.example", true),
        ("https://user:pass@typed.example", true),
        ("typed.example", true),
    ] {
        let config = json!({ "client_id": CLIENT_ID, "api_host": host, "token_url": host,
                             "code": "http://note.example" });
        let problems = check_account(&with_api_host(), &account(config, &["client_secret"]));
        let about = |problem: &&Problem| !problem.key.ends_with(".code");
        let told: Vec<_> = problems.iter().filter(about).collect();
        let keys: Vec<_> = told.iter().map(|problem| problem.key.as_str()).collect();
        let expected = [
            "account.acme.config.api_host",
            "account.acme.config.token_url",
        ];
        assert_eq!(keys, if wrong { &expected[..] } else { &[] }, "{host}");
        assert!(
            !told.iter().any(|problem| problem.message.contains("pass@")),
            "{told:?}"
        );
    }
}

#[test]
fn hosts_leave_some_of_what_is_asked_for() {
    for (host, wrong) in [
        ("id.example.com", false),
        ("eu.central.example.com", false),
        ("*.example.com", true),
        ("https://id.example.com", true),
    ] {
        let mut account = account(json!({ "client_id": CLIENT_ID }), &["client_secret"]);
        account.hosts = Some(vec![host.to_owned()]);
        let problems = check_account(&manifest(), &account);
        assert_eq!(problems.len(), usize::from(wrong), "{problems:?}");
        for problem in problems {
            assert!(problem.message.contains("does not ask for"), "{problem}");
        }
    }
}
