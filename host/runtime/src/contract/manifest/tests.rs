//! Which manifests are accepted.

use serde_json::{Value, json};

use super::*;

mod hostile;
mod published;

/// A valid manifest.
pub fn example() -> Value {
    serde_json::from_str(include_str!("example.json")).unwrap()
}

fn manifest() -> Manifest {
    Manifest::parse(&example().to_string()).unwrap()
}

#[test]
fn a_valid_manifest_is_read_in_full() {
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
            &["an array in place of an object"],
        ),
        (
            "/config/properties/x",
            json!({ "title": [] }),
            &["/config/properties/x/title: "],
        ),
        (
            "/config/properties/x",
            json!([]),
            &["an array in place of an object"],
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
pub fn changed(pointer: &str, value: &Value) -> Value {
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
fn what_is_wrong_with_a_manifest_is_reported_with_its_place() {
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
fn a_secret_that_comes_twice_is_rejected() {
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
fn a_newer_format_and_a_text_that_is_not_json_have_their_own_remedy() {
    let message = Manifest::parse(r#"{ "manifest_version": 2 }"#)
        .unwrap_err()
        .to_string();
    for part in ["format 2", "format 1", "upgrade asset-host"] {
        assert!(message.contains(part), "{message}");
    }
    let message = Manifest::parse("{\n  nonsense").unwrap_err().to_string();
    assert!(message.contains("not JSON, line 2, column 3"), "{message}");
}

pub const CLIENT_ID: &str = "3fa85f64-5717-4562-b3fc-2c963f66afa6";
