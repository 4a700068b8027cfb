//! Where each value of an event comes from, and which fields of the endpoint are unused.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::mapping::json::write_text;
use crate::mapping::record::{Node, Record, push_step};
use crate::mapping::rule::{Rule, places};
use crate::mapping::value::{Made, Value};

/// A value of the endpoint that a rule used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceValue {
    /// JSON Pointer (RFC 6901) into the endpoint; empty for all of it.
    pub pointer: String,
    /// The value as JSON text.
    pub value_json: String,
}

/// One scalar of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappedValue {
    /// JSON Pointer (RFC 6901) into the event.
    pub path: String,
    /// The value as JSON text.
    pub value_json: String,
    /// The values that the rule used; empty for a constant.
    pub sources: Vec<SourceValue>,
    /// The rule in plain words.
    pub rule: Cow<'static, str>,
}

/// An event with the reason for each of its values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explanation {
    /// The event as JSON on one line.
    pub event: String,
    /// Every scalar of the event, in order.
    pub values: Vec<MappedValue>,
    /// Values that `omit` left out.
    pub omitted: Vec<MappedValue>,
    /// JSON Pointers to the unused fields of the endpoint.
    pub unused: Vec<String>,
}

/// Adds the scalars of a value to a list, each with its sources.
pub(crate) fn explain(
    list: &mut Vec<MappedValue>,
    record: &Record<'_>,
    rule: &'static Rule,
    index: usize,
    made: &Made<'_>,
) {
    let path = pointer(rule.path, index);
    let scalar = |value_json| MappedValue {
        path: path.clone(),
        value_json,
        sources: sources(record, rule, made),
        rule: rule.words(),
    };
    match &made.value {
        Value::Text(text) => list.push(scalar(json(|json| write_text(json, text)))),
        Value::Integer(number) => list.push(scalar(number.to_string())),
        Value::Boolean(boolean) => list.push(scalar(boolean.to_string())),
        // It has no scalar.
        Value::EmptyObject => {}
        // Filled in when the event is written.
        Value::EventUid => list.push(scalar("\"\"".to_owned())),
        Value::Part(node) => {
            let mut original = match rule.sources {
                [source] => pointer(source, 0),
                _ => String::new(),
            };
            node.scalars(
                &mut path.clone(),
                &mut original,
                &mut |node, path, original| {
                    let value_json = json(|json| node.write(json));
                    list.push(MappedValue {
                        path: path.to_owned(),
                        value_json: value_json.clone(),
                        sources: vec![SourceValue {
                            pointer: original.to_owned(),
                            value_json,
                        }],
                        rule: rule.words(),
                    });
                },
            );
        }
    }
}

/// Returns JSON Pointers to all scalars of a part of the endpoint.
pub(crate) fn pointers(part: Node<'_>) -> Vec<String> {
    let mut pointers = Vec::new();
    part.scalars(
        &mut String::new(),
        &mut String::new(),
        &mut |_, _, original| pointers.push(original.to_owned()),
    );
    pointers
}

fn sources(record: &Record<'_>, rule: &Rule, made: &Made<'_>) -> Vec<SourceValue> {
    let repeats = made.repeats.iter().copied();
    std::iter::once(made.origin)
        .chain(repeats)
        .flat_map(|origin| places(rule, origin))
        .filter_map(|(source, index)| {
            let node = record.at(source, index)?;
            Some(SourceValue {
                pointer: pointer(source, index),
                value_json: json(|json| node.write(json)),
            })
        })
        .collect()
}

/// Returns a path of the table as a JSON Pointer, with the index in place of `[]`.
fn pointer(path: &str, index: usize) -> String {
    let mut pointer = String::new();
    for step in path.split('.').filter(|step| !step.is_empty()) {
        let name = step.trim_end_matches("[0]").trim_end_matches("[]");
        push_step(&mut pointer, name);
        if name.len() < step.len() {
            let index = if step.ends_with("[]") { index } else { 0 };
            // Writing to a String cannot fail.
            let _ = write!(pointer, "/{index}");
        }
    }
    pointer
}

fn json(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut json = Vec::new();
    write(&mut json);
    String::from_utf8(json).unwrap_or_default()
}
