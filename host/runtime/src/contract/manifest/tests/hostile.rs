//! Manifests that are made to take time or memory.

use serde_json::{Map, Value, json};

use crate::contract::manifest::Manifest;
use crate::contract::manifest::tests::changed;

/// A hostile manifest must be rejected before anything in it takes time or memory.
#[test]
fn a_manifest_that_would_take_forever_is_rejected_at_once() {
    let doubling: Map<String, Value> = (0..60)
        .map(|level| {
            let next = json!({ "$ref": format!("#/$defs/d{}", level + 1) });
            (format!("d{level}"), json!({ "allOf": [next, next] }))
        })
        .chain([("d60".to_owned(), json!({}))])
        .collect();
    let many = |number: usize, field: Value| {
        let fields: Map<String, Value> = (0..number)
            .map(|index| (format!("f{index}"), field.clone()))
            .collect();
        Value::Object(fields)
    };
    let deep = |levels: usize| (0..levels).fold(json!({}), |inner, _| json!({ "items": inner }));
    let mut chained = changed("/config/$defs", &Value::Object(doubling));
    chained["config"]["properties"]["x"] = json!({ "$ref": "#/$defs/d0" });
    for (manifest, why) in [
        (chained, "$"),
        (
            changed(
                "/config/properties/x",
                &json!({ "properties": many(260, json!({})) }),
            ),
            "256 are allowed",
        ),
        (
            changed(
                "/config/properties/x",
                &json!({ "properties": many(10_000, json!({ "pattern": "[a-z]{9}" })) }),
            ),
            "bytes",
        ),
        (
            changed(
                "/config/properties/x",
                &json!({ "pattern": "((a{99}){99}){99}" }),
            ),
            "pattern",
        ),
        (
            changed(
                "/config/properties/x",
                &json!({ "pattern": "\\w{1000}{1000}" }),
            ),
            "pattern",
        ),
        (changed("/config/properties/x", &deep(200)), "not JSON"),
        (changed("/config/properties/x", &deep(40)), ""),
    ] {
        let parsed = Manifest::parse(&manifest.to_string());
        if why.is_empty() {
            assert!(parsed.is_ok(), "{parsed:?}");
        } else {
            let message = parsed.unwrap_err().to_string();
            assert!(message.contains(why), "{why}: {message}");
        }
    }
}

#[test]
fn few_faults_are_reported_of_lists_that_are_too_long() {
    for (pointer, list) in [
        ("/hosts", json!(vec!["a"; 60_000])),
        ("/dialects", json!(vec!["?"; 60_000])),
        ("/config/required", json!(vec!["a"; 60_000])),
        ("/config/properties/x", json!({ "enum": vec![0; 60_000] })),
    ] {
        let message = Manifest::parse(&changed(pointer, &list).to_string())
            .unwrap_err()
            .to_string();
        assert!(message.contains("has more than"), "{message}");
        assert!(message.lines().count() < 30, "{message}");
    }
}
