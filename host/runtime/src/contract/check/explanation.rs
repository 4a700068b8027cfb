//! The reasons for an event, checked: values must be JSON, paths JSON Pointers, and rules fit on a line of a table.

use crate::contract::bindings::inventory::connector::types::{Explanation, MappedValue};
use crate::contract::check::text::{has_line_break, is_json, is_object, is_pointer};
use crate::contract::limits::{Limit, Limits};
use crate::contract::stopped::Stopped;

/// Checks what a record was mapped to: an event by itself.
///
/// # Errors
///
/// When it is larger than a page may be, or not an event.
pub fn mapped(event: &str, limits: &Limits) -> Result<(), Stopped> {
    Stopped::check_size(Limit::BatchBytes, event.len(), limits.batch_bytes)?;
    if has_line_break(event) || !is_object(event) {
        let violation = "what it made of the record is not one JSON object on one line";
        return Err(Stopped::violation(violation));
    }
    Ok(())
}

/// Checks an event with the reasons for its values.
///
/// # Errors
///
/// When all of its texts together are larger than a page may be, or the event or a reason violates the contract.
pub fn explanation(explanation: &Explanation, limits: &Limits) -> Result<(), Stopped> {
    let values = explanation.values.iter().chain(&explanation.omitted);
    let lengths = values.flat_map(|value| {
        let sources = value.sources.iter();
        let sources = sources.map(|source| source.pointer.len() + source.value_json.len());
        sources.chain([value.path.len() + value.value_json.len() + value.rule.len()])
    });
    let lengths = lengths.chain(explanation.unused.iter().map(String::len));
    let total = lengths.fold(explanation.event.len(), usize::saturating_add);
    Stopped::check_size(Limit::BatchBytes, total, limits.batch_bytes)?;
    mapped(&explanation.event, limits)?;
    check_reasons(explanation)
}

/// Checks the reasons of an explanation.
fn check_reasons(explanation: &Explanation) -> Result<(), Stopped> {
    for (list, values) in [
        ("values", &explanation.values),
        ("omitted", &explanation.omitted),
    ] {
        for (index, value) in values.iter().enumerate() {
            check_value(value, &place(list, index))?;
        }
    }
    let is_wrong = |pointer: &String| !is_pointer(pointer);
    match explanation.unused.iter().position(is_wrong) {
        Some(index) => Err(not_a_pointer(&place("unused", index))),
        None => Ok(()),
    }
}

fn check_value(value: &MappedValue, place: &str) -> Result<(), Stopped> {
    let sources = &value.sources;
    if !is_json(&value.value_json) || !sources.iter().all(|source| is_json(&source.value_json)) {
        let violation = format!("a value of {place} is not one JSON value");
        return Err(Stopped::violation(violation));
    }
    if !is_pointer(&value.path) || !sources.iter().all(|source| is_pointer(&source.pointer)) {
        return Err(not_a_pointer(place));
    }
    if has_line_break(&value.rule) {
        let violation = format!("the rule of {place} has a line break");
        return Err(Stopped::violation(violation));
    }
    Ok(())
}

fn not_a_pointer(place: &str) -> Stopped {
    Stopped::violation(format!(
        "a path of {place} is not a JSON Pointer (RFC 6901)"
    ))
}

/// Returns the place of a reason: a list of the explanation by its name in the contract, and an index.
fn place(list: &str, index: usize) -> String {
    format!("entry {} of `{list}` in its explanation", index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::bindings::inventory::connector::types::SourceValue;

    fn value() -> MappedValue {
        MappedValue {
            path: "/device/desc".into(),
            value_json: "\"a\"".into(),
            sources: vec![source("/a"), source("")],
            rule: "as it is".into(),
        }
    }

    fn source(pointer: &str) -> SourceValue {
        SourceValue {
            pointer: pointer.into(),
            value_json: " {\n\"a\": 1e400}".into(),
        }
    }

    #[test]
    fn every_reason_follows_the_contract() {
        type Change = fn(&mut MappedValue);
        const NOT_JSON: &str = "is not one JSON value";
        const NOT_A_POINTER: &str = "is not a JSON Pointer (RFC 6901)";
        const LINE_BREAK: &str = "has a line break";
        let rows: [(Change, &str); 9] = [
            (|value| value.value_json.clear(), NOT_JSON),
            (|value| value.value_json.push('x'), NOT_JSON),
            (|value| value.value_json = "\"\n\"".into(), NOT_JSON),
            (|value| value.sources[1].value_json = "NaN".into(), NOT_JSON),
            (|value| value.path = "device.desc".into(), NOT_A_POINTER),
            (|value| value.sources[1].pointer = "a".into(), NOT_A_POINTER),
            (
                |value| value.sources[0].pointer = "/~2".into(),
                NOT_A_POINTER,
            ),
            (|value| value.rule.push('\n'), LINE_BREAK),
            (|value| value.rule = "a\rb".into(), LINE_BREAK),
        ];
        let good = Explanation {
            event: "{}".into(),
            values: vec![value(), value()],
            omitted: vec![value()],
            unused: vec!["/a".into(), "/b/0".into()],
        };
        assert_eq!(check_reasons(&good), Ok(()));
        let violation = |broken: &Explanation| match check_reasons(broken) {
            Err(Stopped::ContractViolation(sentence)) => sentence,
            other => panic!("no violation: {other:?}"),
        };
        for (index, (change, rule)) in rows.into_iter().enumerate() {
            let mut broken = good.clone();
            change(&mut broken.values[1]);
            let place = format!("entry 2 of `values` in its explanation {rule}");
            assert!(violation(&broken).ends_with(&place), "{index}");
            let mut broken = good.clone();
            change(&mut broken.omitted[0]);
            let place = format!("entry 1 of `omitted` in its explanation {rule}");
            assert!(violation(&broken).ends_with(&place), "{index}");
        }
        let mut broken = good.clone();
        broken.unused[1] = "b".into();
        assert_eq!(
            violation(&broken),
            "a path of entry 2 of `unused` in its explanation is not a JSON Pointer (RFC 6901)"
        );
    }
}
