//! Which manifests are believed, and what they demand of an account.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::json;

use super::*;
use crate::config::secret_source::SecretSource;
use crate::config::{Account, Destination, Emit, Reach, Retry, Selection, Timeouts};
use crate::contract::limits::Limits;

/// A manifest that is right.
pub(crate) fn example() -> Value {
    json!({
        "manifest_version": 1,
        "name": "example-assets",
        "version": "0.1.0",
        "vendor": "Example",
        "product": "Example Central",
        "description": "Collects the devices of Example Central.",
        "ocsf": { "version": "1.6.0", "class_uid": 5001 },
        "dialects": ["sekoia", "ocsf"],
        "config": {
            "type": "object",
            "additionalProperties": false,
            "required": ["client_id"],
            "properties": {
                "client_id": { "title": "Client ID", "description": "From the console.", "type": "string", "format": "uuid" },
                "token_url": { "title": "Token URL", "type": "string", "format": "uri", "default": "https://id.example.com/token" },
                "dialect": { "type": "string", "enum": ["sekoia", "ocsf"], "default": "sekoia" },
                "page_size": { "type": "integer", "minimum": 1, "maximum": 500, "default": 500 },
                "api_key_id": { "type": "string", "maxLength": 4 },
                "nested": { "type": "object", "properties": { "depth": { "type": "integer" } }, "required": ["depth"] },
                "zones": { "type": "array", "items": { "type": "string", "maxLength": 8 }, "default": [] },
                "ratio": { "type": "number", "minimum": 0.5, "writeOnly": true },
                "code": { "type": "string", "pattern": "^(a+)+$" },
                "tenant": { "type": "object", "required": ["id"], "readOnly": true },
                "writable": { "type": "string", "readOnly": false },
                "since": { "type": "string", "format": "date-time" },
                "until": { "type": "string", "format": "date-time" }
            }
        },
        "secrets": [{
            "name": "client_secret",
            "title": "Client secret",
            "description": "Shown once when the credential is made.",
            "config_field": "token_url"
        }],
        "hosts": ["id.example.com", "*.central.example.com"],
        "rate_limits": [{ "requests": 10, "seconds": 1 }]
    })
}

fn manifest() -> Manifest {
    Manifest::parse(&example().to_string()).unwrap()
}

#[test]
fn a_manifest_that_is_right_arrives_whole() {
    let manifest = manifest();
    assert_eq!(serde_json::to_value(&manifest).unwrap(), example());
    assert!(manifest.requires("client_id"));
    assert!(!manifest.requires("token_url"));
    let fields: Vec<&str> = manifest.fields().map(|(name, _)| name).collect();
    assert_eq!(
        fields,
        [
            "api_key_id",
            "client_id",
            "code",
            "dialect",
            "nested",
            "page_size",
            "ratio",
            "token_url",
            "writable",
            "zones"
        ]
    );
    assert_eq!(manifest.field("nothing"), None);
}

/// What a manifest may not say. Each row: a JSON Pointer, what is put there (null removes the member), and what the
/// message contains.
pub(super) fn wrong() -> Vec<(&'static str, Value, &'static [&'static str])> {
    vec![
        ("/name", Value::Null, &["missing field `name`"]),
        (
            "/name",
            json!("Example Assets"),
            &["/name: ", "Example Assets"],
        ),
        ("/version", json!("1"), &["/version: "]),
        ("/vendor", json!(""), &["/vendor: "]),
        ("/vendor", json!("a\u{1b}[31mb"), &["/vendor: "]),
        ("/description", json!("one\ntwo"), &["/description: "]),
        ("/limits", json!(1), &["unknown field `limits`"]),
        (
            "/ocsf/class_uid",
            json!("5001"),
            &["/ocsf/class_uid: ", "u32"],
        ),
        ("/ocsf/profiles", json!([]), &["/ocsf", "`profiles`"]),
        ("/dialects", json!([]), &["/dialects: "]),
        ("/dialects", json!(["a", "a"]), &["/dialects: ", "twice"]),
        ("/config", json!(true), &["/config: "]),
        ("/config/type", json!("array"), &["/config/type: "]),
        (
            "/config/properties/a b",
            json!({}),
            &["/config/properties", "a b"],
        ),
        (
            "/config/properties/x",
            json!({ "type": "text" }),
            &["/config/properties/x/type: "],
        ),
        (
            "/config/properties/x",
            json!({ "pattern": "(" }),
            &["/config"],
        ),
        (
            "/config/properties/x",
            json!({ "pattern": "(?=a)" }),
            &["/config/properties/x/pattern: ", "(?=a)"],
        ),
        (
            "/config/properties/x",
            json!({ "$ref": "https://example.com/s" }),
            &["/config/properties/x", "`$ref`"],
        ),
        (
            "/config/properties/x",
            json!({ "$ref": "#/properties" }),
            &["/config/properties/x", "`$ref`"],
        ),
        (
            "/config/properties/client_secret",
            json!({}),
            &["/secrets/0/name: ", "field of the config as well"],
        ),
        (
            "/config/required",
            json!(["client_id", "tenant"]),
            &["/config/required: ", "\"tenant\" is read-only"],
        ),
        (
            "/secrets/0/config_field",
            json!("client_id"),
            &["/secrets/0/config_field: ", "\"client_id\"", "\"uri\""],
        ),
        (
            "/secrets/0/config_field",
            json!("nowhere"),
            &["/secrets/0/config_field: ", "\"nowhere\""],
        ),
        (
            "/secrets/0/title",
            Value::Null,
            &["/secrets/0: ", "`title`"],
        ),
        ("/hosts/0", json!("https://id.example.com"), &["/hosts/0: "]),
        ("/hosts/0", json!("*"), &["/hosts/0: "]),
        ("/hosts/0", json!("*.com"), &["/hosts/0: "]),
        ("/hosts/0", json!("localhost"), &["/hosts/0: "]),
        ("/hosts/0", json!("192.0.2.1"), &["/hosts/0: "]),
        ("/hosts/0", json!("a.*.example.com"), &["/hosts/0: "]),
        (
            "/rate_limits/0/seconds",
            json!(0),
            &["/rate_limits/0/seconds: "],
        ),
        ("/hosts/0", json!("*.co.uk"), &["/hosts/0: \"*.co.uk\""]),
        (
            "/hosts",
            json!(["a.example", "a.example"]),
            &["/hosts: ", "twice"],
        ),
        (
            "/ocsf",
            json!(["1.6.0", 5001]),
            &["an array in the place of an object"],
        ),
        (
            "/config/properties/x",
            json!({ "title": [] }),
            &["/config/properties/x/title: "],
        ),
        (
            "/config/properties/x",
            json!([]),
            &["an array in the place of an object"],
        ),
        (
            "/config/properties/x",
            json!({ "enum": [] }),
            &["/config/properties/x/enum: "],
        ),
        (
            "/config/properties/x",
            json!({ "enum": [{}] }),
            &["/config/properties/x/enum: "],
        ),
        (
            "/config/properties/x",
            json!({ "default": null }),
            &["has a null"],
        ),
        (
            "/config/properties/x",
            json!({ "description": "a\nb" }),
            &["/config/properties/x/description: "],
        ),
        (
            "/config/properties/x",
            json!({ "maxLength": -1 }),
            &["/config/properties/x/maxLength: "],
        ),
        (
            "/config/properties/x",
            json!({ "pattern": "a".repeat(257) }),
            &["longer than 256"],
        ),
        (
            "/config/properties/x",
            json!({ "items": { "properties": { "?": {} } } }),
            &["/config/properties/x/items/properties/?: "],
        ),
        (
            "/config/properties/x",
            json!({ "additionalProperties": {} }),
            &["/config/properties/x/additionalProperties: "],
        ),
        (
            "/config/properties/x",
            json!({ "type": ["string", "null"] }),
            &["/config/properties/x/type: "],
        ),
        (
            "/config/properties/x",
            json!({ "format": "regex" }),
            &["/config/properties/x/format: "],
        ),
        (
            "/config/properties/x",
            json!({ "allOf": [] }),
            &["/config/properties/x", "allOf"],
        ),
        ("/config/$defs", json!({}), &["/config", "$defs"]),
        ("/config/$schema", json!("x"), &["/config", "$schema"]),
    ]
}

/// The example with a row of [`wrong`] put in.
pub(super) fn changed(pointer: &str, value: &Value) -> Value {
    let mut changed = example();
    let (parent, member) = pointer.rsplit_once('/').unwrap();
    match changed.pointer_mut(parent).unwrap() {
        Value::Array(items) => items[member.parse::<usize>().unwrap()] = value.clone(),
        Value::Object(object) if value.is_null() => drop(object.remove(member)),
        object => object[member] = value.clone(),
    }
    changed
}

#[test]
fn a_manifest_that_is_wrong_is_named_precisely() {
    for (pointer, value, parts) in wrong() {
        let message = Manifest::parse(&changed(pointer, &value).to_string())
            .unwrap_err()
            .to_string();
        assert!(message.contains("the component's manifest"), "{message}");
        for part in parts {
            assert!(
                message.contains(part),
                "{pointer} {value}: {part}: {message}"
            );
        }
        assert!(!message.contains('\u{1b}'), "{message:?}");
    }
}

#[test]
fn a_secret_that_comes_twice_is_refused() {
    let mut changed = example();
    let secret = changed["secrets"][0].clone();
    changed["secrets"].as_array_mut().unwrap().push(secret);
    let message = Manifest::parse(&changed.to_string())
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("/secrets/1/name: \"client_secret\" comes twice"),
        "{message}"
    );
}

#[test]
fn a_newer_format_and_a_text_that_is_no_json_have_their_own_remedy() {
    let message = Manifest::parse(r#"{ "manifest_version": 2 }"#)
        .unwrap_err()
        .to_string();
    for part in ["format 2", "format 1", "upgrade asset-host"] {
        assert!(message.contains(part), "{message}");
    }
    let message = Manifest::parse("{\n  nonsense").unwrap_err().to_string();
    assert!(message.contains("not JSON, line 2, column 3"), "{message}");
}

pub(crate) fn account(config: Value, secrets: &[&str]) -> Account {
    let Value::Object(config) = config else {
        panic!("a config is an object");
    };
    Account {
        name: "acme".into(),
        component: PathBuf::from("c.wasm"),
        sha256: None,
        config,
        secrets: secrets
            .iter()
            .map(|name| ((*name).to_owned(), SecretSource::Env("X".into())))
            .collect::<BTreeMap<_, _>>(),
        deliver: Destination::Stdout,
        selection: Selection::default(),
        emit: Emit::Seen,
        rate_limits: None,
        full_every: std::time::Duration::from_secs(1),
        reach: Reach::default(),
        retry: Retry::default(),
        timeouts: Timeouts::default(),
        limits: Limits::default(),
    }
}

pub(crate) const CLIENT_ID: &str = "3fa85f64-5717-4562-b3fc-2c963f66afa6";

#[test]
fn an_account_that_fits_has_no_problem() {
    for config in [
        json!({ "client_id": CLIENT_ID }),
        json!({ "client_id": CLIENT_ID, "token_url": "http://127.0.0.1:8080/token", "dialect": "ocsf", "page_size": 1,
                "nested": { "depth": 1 }, "code": "aaa" }),
    ] {
        let problems = manifest().check_account(&account(config, &["client_secret"]));
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
            &["set by the component itself", "take it out"],
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
                "it asks for client_secret",
            ],
        ),
    ];
    for (config, secrets, key, parts) in rows {
        let problems = manifest().check_account(&account(config.clone(), secrets));
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
    let problems = manifest.check_account(&account(json!({ "client_id": CLIENT_ID }), &["token"]));
    assert_eq!(problems.len(), 1);
    assert!(
        problems[0].message.contains("it asks for no secret"),
        "{problems:?}"
    );
}

#[test]
fn a_pattern_that_would_take_for_ever_is_answered() {
    let code = format!("{}b", "a".repeat(10_000));
    let config = json!({ "client_id": CLIENT_ID, "code": code });
    let problems = manifest().check_account(&account(config, &["client_secret"]));
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].key, "account.acme.config.code");
}
