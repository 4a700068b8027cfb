//! An event and its reasons as one line of JSON.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::contract::bindings::inventory::connector::types::{Explanation, MappedValue};

#[derive(Serialize)]
struct Line<'a> {
    event: Box<RawValue>,
    values: Vec<Entry<'a>>,
    omitted: Vec<Entry<'a>>,
    unused: &'a [String],
}

#[derive(Serialize)]
struct Entry<'a> {
    path: &'a str,
    value: Box<RawValue>,
    sources: Vec<Source<'a>>,
    rule: &'a str,
}

#[derive(Serialize)]
struct Source<'a> {
    pointer: &'a str,
    value: Box<RawValue>,
}

/// Returns the line without a line break. Event and values keep the component's own text, so that no number loses a digit
/// and no key its place.
///
/// # Errors
///
/// When the event or a value is not JSON, which the check of the contract has ruled out.
pub(super) fn line(explanation: &Explanation) -> serde_json::Result<String> {
    serde_json::to_string(&Line {
        event: raw(&explanation.event)?,
        values: entries(&explanation.values)?,
        omitted: entries(&explanation.omitted)?,
        unused: &explanation.unused,
    })
}

fn entries(values: &[MappedValue]) -> serde_json::Result<Vec<Entry<'_>>> {
    values.iter().map(entry).collect()
}

fn entry(value: &MappedValue) -> serde_json::Result<Entry<'_>> {
    let sources = value.sources.iter().map(|source| {
        Ok(Source {
            pointer: &source.pointer,
            value: raw(&source.value_json)?,
        })
    });
    Ok(Entry {
        path: &value.path,
        value: raw(&value.value_json)?,
        sources: sources.collect::<serde_json::Result<_>>()?,
        rule: &value.rule,
    })
}

/// Puts a JSON text on one line. In JSON a line break only stands between two tokens.
fn raw(json: &str) -> serde_json::Result<Box<RawValue>> {
    RawValue::from_string(json.replace(['\n', '\r'], " "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::bindings::inventory::connector::types::SourceValue;

    #[test]
    fn every_value_keeps_its_own_text_on_one_line() {
        let value = |value_json: &str| MappedValue {
            path: "/b".into(),
            value_json: value_json.into(),
            sources: vec![SourceValue {
                pointer: "/c~1d".into(),
                value_json: " \"\\u00e9\\n\" ".into(),
            }],
            rule: "\"quoted\"\u{1b}".into(),
        };
        let explanation = Explanation {
            event: r#"{"b":1.50,"a":123456789012345678901234567890}"#.into(),
            values: vec![value("{\"z\":\n1e2,\r\n\"a\":[]}\n")],
            omitted: vec![value("-0.0")],
            unused: vec!["/é".into(), String::new()],
        };
        let source = r#"[{"pointer":"/c~1d","value":"\u00e9\n"}]"#;
        let rule = r#""\"quoted\"\u001b""#;
        let expected = format!(
            "{{\"event\":{},\"values\":[{{\"path\":\"/b\",\"value\":{{\"z\": 1e2,  \"a\":[]}},\"sources\":{source},\
             \"rule\":{rule}}}],\"omitted\":[{{\"path\":\"/b\",\"value\":-0.0,\"sources\":{source},\"rule\":{rule}}}],\
             \"unused\":[\"/é\",\"\"]}}",
            explanation.event
        );
        assert_eq!(line(&explanation).unwrap(), expected);
    }

    #[test]
    fn a_component_without_explanations_has_empty_lists() {
        let explanation = Explanation {
            event: "{}".into(),
            values: Vec::new(),
            omitted: Vec::new(),
            unused: Vec::new(),
        };
        let expected = r#"{"event":{},"values":[],"omitted":[],"unused":[]}"#;
        assert_eq!(line(&explanation).unwrap(), expected);
    }
}
