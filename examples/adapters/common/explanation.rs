//! Explanations as JSON, in the form of `asset-host map --explain --json`.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::bindings::inventory::connector::types::{Explanation, MappedValue};

#[derive(Serialize)]
struct Json<'a> {
    event: &'a RawValue,
    values: Vec<Value<'a>>,
    omitted: Vec<Value<'a>>,
    unused: &'a [String],
}

#[derive(Serialize)]
struct Value<'a> {
    path: &'a str,
    value: &'a RawValue,
    sources: Vec<Source<'a>>,
    rule: &'a str,
}

#[derive(Serialize)]
struct Source<'a> {
    pointer: &'a str,
    value: &'a RawValue,
}

/// Returns an explanation as one line of JSON.
///
/// # Errors
///
/// When the connector gave a value that is not JSON.
pub fn explanation_to_json(explanation: &Explanation) -> serde_json::Result<String> {
    serde_json::to_string(&Json {
        event: serde_json::from_str(&explanation.event)?,
        values: values(&explanation.values)?,
        omitted: values(&explanation.omitted)?,
        unused: &explanation.unused,
    })
}

fn values(list: &[MappedValue]) -> serde_json::Result<Vec<Value<'_>>> {
    list.iter().map(value).collect()
}

fn value(mapped: &MappedValue) -> serde_json::Result<Value<'_>> {
    let sources = mapped.sources.iter().map(|source| {
        Ok(Source {
            pointer: &source.pointer,
            value: serde_json::from_str(&source.value_json)?,
        })
    });
    Ok(Value {
        path: &mapped.path,
        value: serde_json::from_str(&mapped.value_json)?,
        sources: sources.collect::<serde_json::Result<_>>()?,
        rule: &mapped.rule,
    })
}
