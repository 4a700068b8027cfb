//! The published schema of manifests and the host's own check agree.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::contract::manifest::schema::Schema;
use crate::contract::manifest::tests::{CLIENT_ID, changed, example, wrong};
use crate::contract::manifest::{Manifest, values};

/// The contract's JSON Schema of a manifest.
const SCHEMA: &str = include_str!("../../../../../../wit/manifest.schema.json");

#[test]
fn the_schema_is_valid_and_describes_every_field() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    assert!(jsonschema::meta::is_valid(&schema));
    fn described(path: &str, schema: &Value) {
        assert!(
            schema["description"].is_string(),
            "{path} has no description"
        );
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            described(&format!("{path}/{name}"), property);
        }
        for part in ["items", "additionalProperties"] {
            if schema[part].is_object() {
                described(&format!("{path}/{part}"), &schema[part]);
            }
        }
    }
    described("", &schema);
    for (name, schema) in schema["$defs"].as_object().unwrap() {
        described(&format!("/$defs/{name}"), schema);
    }
}

/// What only a program can judge: how entries of the manifest fit together.
const BEYOND_THE_SCHEMA: [&str; 4] = [
    "/secrets/0/config_field",
    "/config/properties/client_secret",
    "/config/required",
    "(?=a)",
];

#[test]
fn the_published_schema_rejects_what_the_host_rejects() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let published = jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .unwrap();
    assert!(published.is_valid(&example()));
    for (pointer, value, _) in wrong() {
        let pattern = value.get("pattern").and_then(Value::as_str);
        let beyond = BEYOND_THE_SCHEMA.contains(&pointer)
            || pattern.is_some_and(|pattern| BEYOND_THE_SCHEMA.contains(&pattern));
        let refused = !published.is_valid(&changed(pointer, &value));
        assert_eq!(refused, !beyond, "{pointer} {value}");
    }
}

proptest! {
    /// A schema of the config that is made of any words at all, right or wrong.
    #[test]
    fn the_published_schema_and_the_host_agree_on_every_word(
        words in proptest::collection::btree_map(
            proptest::sample::select(vec![
                "title", "description", "type", "format", "enum", "default", "minimum", "maximum", "maxLength",
                "pattern", "items", "properties", "required", "additionalProperties", "readOnly", "writeOnly",
                "minLength", "const", "$ref", "anyOf",
            ]),
            proptest::sample::select(vec![
                json!("string"), json!("uri"), json!("a b"), json!(7), json!(-1), json!(0.5), json!(true), json!(null),
                json!(["a"]), json!([1, "b", false]), json!([]), json!({}), json!({ "a": {} }),
                json!({ "type": "number" }), json!(""),
            ]),
            0..3,
        )
    ) {
        let schema: Value = serde_json::from_str(SCHEMA).unwrap();
        let published = jsonschema::validator_for(&schema).unwrap();
        let manifest = changed("/config/properties/x", &json!(words));
        let parsed = Manifest::parse(&manifest.to_string());
        prop_assert_eq!(published.is_valid(&manifest), parsed.is_ok(), "{:?}", parsed.err());
    }

    /// The words of a schema mean what they mean in JSON Schema.
    #[test]
    fn a_value_fits_as_json_schema_says(
        schema in proptest::sample::select(vec![
            json!({}), json!({ "type": "integer" }), json!({ "type": "number" }), json!({ "type": "boolean" }),
            json!({ "type": "array", "items": { "type": "string", "maxLength": 2 } }),
            json!({ "type": "object", "required": ["a"], "properties": { "a": { "minimum": 1 } } }),
            json!({ "additionalProperties": false, "properties": { "a": {}, "b": { "type": "string" } } }),
            json!({ "enum": [1, "a", true, 2.5] }), json!({ "minimum": 0.5, "maximum": 2 }),
            json!({ "format": "uuid" }), json!({ "format": "date-time" }), json!({ "format": "uri" }),
            json!({ "pattern": "^a|é$" }), json!({ "type": "string", "maxLength": 1 }),
        ]),
        value in proptest::sample::select(vec![
            json!(0), json!(1), json!(1.0), json!(2), json!(2.5), json!(-1), json!(u64::MAX), json!(true), json!(null),
            json!(""), json!("a"), json!("é"), json!("ba"), json!("abc"), json!(CLIENT_ID), json!([]), json!(["ab"]),
            json!(["abc", 1]), json!({}), json!({ "a": 0 }), json!({ "a": 1 }), json!({ "b": 1 }), json!({ "c": 1 }),
            json!("2026-01-01T00:00:00Z"), json!("2026-01-01T00:00:00"), json!("https://example.com/a"),
            json!("example.com"), json!(CLIENT_ID.replace('-', "")),
        ]),
    ) {
        let published = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
        let own: Schema = serde_json::from_value(schema).unwrap();
        let faults = values::check(&own, &value);
        prop_assert_eq!(published.is_valid(&value), faults.is_empty(), "{:?}", faults);
    }
}
