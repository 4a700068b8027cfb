//! One record: any text becomes an event or an error inside the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use sophos_assets::mapping::{Dialect, Explanation, read};
use sophos_assets::text::Text;
use sophos_assets_fuzz::{check_error, check_event, explain, map};

/// The longest id that is mapped, in bytes, as JSON with its quotes.
const MAX_ID: usize = 128;

fuzz_target!(|bytes: &[u8]| {
    let text = &*Text::of(bytes).json;
    let outcome = map(text);
    assert_eq!(map(text), outcome, "the same text gives the same outcome");

    match &outcome {
        Ok(mapped) => {
            let endpoint = read(text).expect("what is mapped can be read");
            check_event(&mapped.json, &endpoint.id, Some(&endpoint.hostname));
        }
        Err(error) => check_error(text, error),
    }

    for dialect in Dialect::ALL {
        match explain(text, dialect) {
            Ok(explanation) => check_explanation(&explanation),
            Err(error) => check_error(text, &error),
        }
    }

    // Another reader of JSON, stricter in depth, in numbers and in halves of surrogate pairs. What it writes
    // holds every name once: of those that come twice, we take objects and arrays together.
    if let Ok(record) = serde_json::from_str::<Value>(text) {
        let named = |name: &str| {
            let text = record.get(name).and_then(Value::as_str);
            text.filter(|text| !text.is_empty())
        };
        let written = map(&record.to_string());
        match (named("id"), named("hostname")) {
            (Some(id), Some(_)) if Value::from(id).to_string().len() > MAX_ID => {
                assert!(written.is_err(), "an id of more than 128 bytes is refused");
            }
            (Some(id), Some(hostname)) => {
                let mapped = written.expect("a record with an id and a hostname is mapped");
                check_event(&mapped.json, id, Some(hostname));
            }
            _ => assert!(written.is_err(), "neither id nor hostname are invented"),
        }
    }
});

/// Every scalar of the event is explained, in its order, and every text of the explanation is JSON.
fn check_explanation(explanation: &Explanation) {
    let event: Value = serde_json::from_str(&explanation.event).expect("an event is JSON");
    for value in &explanation.values {
        let explained: Value = serde_json::from_str(&value.value_json).expect("a value is JSON");
        assert_eq!(
            event.pointer(&value.path),
            Some(&explained),
            "{}",
            value.path
        );
        for source in &value.sources {
            serde_json::from_str::<Value>(&source.value_json).expect("a source is JSON");
        }
    }
    // A record that is too large to be parsed has no values.
    let is_explained = !explanation.values.is_empty();
    assert!(!is_explained || scalars(&event) == explanation.values.len());
}

fn scalars(value: &Value) -> usize {
    match value {
        Value::Object(members) => members.values().map(scalars).sum(),
        Value::Array(entries) => entries.iter().map(scalars).sum(),
        _ => 1,
    }
}
