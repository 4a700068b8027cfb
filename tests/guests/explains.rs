//! Explains: returns the same reasons for any record, which repeat how it should be mapped.

use std::time::{SystemTime, UNIX_EPOCH};

use hostile_guests::serde_json::{Value, json};
use hostile_guests::{Explanation, Hostile, MapError, MappedValue, SourceValue, hostile};

struct Guest;

impl Hostile for Guest {
    fn describe(mut manifest: Value) -> String {
        let dialects = json!(["guest", "other"]);
        let fields = json!({
            "dialect": { "title": "Dialect", "description": "The form of the events.", "enum": dialects },
            "omit": {
                "title": "Omit",
                "description": "What to leave out.",
                "type": "array",
                "items": { "type": "string", "pattern": "^[a-z_.]+$" },
                "default": [],
            },
        });
        add(&mut manifest, "", "dialects", dialects);
        for (name, field) in fields.as_object().into_iter().flatten() {
            add(&mut manifest, "/config/properties", name, field.clone());
        }
        manifest.to_string()
    }

    /// An event with the moment of the call.
    fn map(_record: &str) -> Result<String, MapError> {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Ok(json!({ "time": now.as_millis() as u64 }).to_string())
    }

    fn explain(record: &str, how: &str) -> Result<Explanation, MapError> {
        if !record.starts_with('{') {
            return Err(MapError {
                message: "an object was expected".to_owned(),
                line: 1,
                column: 1,
            });
        }
        let long = format!("\"{}\"", "a long name ".repeat(20));
        let values = vec![
            value("/class_uid", "5001", &[], "always"),
            value(
                "/device/is_trusted",
                "false",
                &[
                    ("/health/overall", "\"bad\""),
                    ("/isolation/status", "\"notIsolated\""),
                    ("/tamperProtectionEnabled", "true"),
                ],
                "isolated is false; good health with tamper protection on is true; bad or suspicious health is false",
            ),
            value("/device/name", &long, &[("/hostname", &long)], "as it is"),
            value(
                "/device/risk_score",
                "1.50",
                &[("", "{\n\t\"b\": 1e2, \"a\": \"\\u001b[2J\"\r\n}")],
                "as\u{1b}[2Jit is",
            ),
            value(
                "/how",
                &json!(how).to_string(),
                &[],
                "what `explain` was called with",
            ),
        ];
        Ok(Explanation {
            event: format!(
                "{{\"class_uid\":5001,\"device\":{{\"risk_score\":1.50}},\"how\":{}}}",
                json!(how)
            ),
            values,
            omitted: vec![value(
                "/device/desc",
                "\"Zoë\"",
                &[("/person/name", "\"Zoë\"")],
                "as it is",
            )],
            unused: vec!["/person/id".to_owned(), "/a~1b/\u{1b}[2J".to_owned()],
        })
    }
}

fn add(manifest: &mut Value, at: &str, name: &str, value: Value) {
    if let Some(object) = manifest.pointer_mut(at).and_then(Value::as_object_mut) {
        object.insert(name.to_owned(), value);
    }
}

fn value(path: &str, value_json: &str, sources: &[(&str, &str)], rule: &str) -> MappedValue {
    let sources = sources.iter().map(|(pointer, value_json)| SourceValue {
        pointer: (*pointer).to_owned(),
        value_json: (*value_json).to_owned(),
    });
    MappedValue {
        path: path.to_owned(),
        value_json: value_json.to_owned(),
        sources: sources.collect(),
        rule: rule.to_owned(),
    }
}

hostile!(Guest);
