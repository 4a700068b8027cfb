//! The reasons for an event, checked: what is made of them must be JSON, and steer no table.

use std::fmt;

use crate::contract::bindings::inventory::connector::types::{Explanation, MappedValue};
use crate::contract::check::{Breach, has_line_break, is_json};

/// Where a reason stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReasonAt {
    /// The list of the explanation, by its name in the contract.
    list: &'static str,
    /// Its number in the list, from 1.
    number: usize,
}

impl fmt::Display for ReasonAt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { list, number } = self;
        write!(formatter, "entry {number} of `{list}` in what it explained")
    }
}

/// Checks the reasons of an explanation, whose event is checked elsewhere.
///
/// # Errors
///
/// The first rule that is broken.
pub fn check(explanation: &Explanation) -> Result<(), Breach> {
    for (list, values) in [
        ("values", &explanation.values),
        ("omitted", &explanation.omitted),
    ] {
        for (index, value) in values.iter().enumerate() {
            let number = index + 1;
            check_value(value, ReasonAt { list, number })?;
        }
    }
    let list = "unused";
    match explanation
        .unused
        .iter()
        .position(|unused| !is_pointer(unused))
    {
        Some(index) => Err(Breach::NotAPointer(ReasonAt {
            list,
            number: index + 1,
        })),
        None => Ok(()),
    }
}

fn check_value(value: &MappedValue, at: ReasonAt) -> Result<(), Breach> {
    let sources = &value.sources;
    if !is_json(&value.value_json) || !sources.iter().all(|source| is_json(&source.value_json)) {
        return Err(Breach::ValueNotJson(at));
    }
    if !is_pointer(&value.path) || !sources.iter().all(|source| is_pointer(&source.pointer)) {
        return Err(Breach::NotAPointer(at));
    }
    if has_line_break(&value.rule) {
        return Err(Breach::RuleLineBreak(at));
    }
    Ok(())
}

/// Whether a text is a JSON Pointer by RFC 6901, section 3.
fn is_pointer(text: &str) -> bool {
    let mut after_tildes = text.split('~').skip(1);
    (text.is_empty() || text.starts_with('/'))
        && after_tildes.all(|rest| rest.starts_with(['0', '1']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::bindings::inventory::connector::types::SourceValue;

    #[test]
    fn a_pointer_is_one_by_rfc_6901() {
        for text in [
            "",
            "/",
            "//",
            "/a/0/b c",
            "/~0~1",
            "/a~01",
            "/é\u{202e}\"",
            "/ ",
        ] {
            assert!(is_pointer(text), "{text:?}");
        }
        for text in [
            "a",
            " /a",
            "#/a",
            "/~",
            "/a~2",
            "/~~0",
            "~0/",
            "device.desc",
        ] {
            assert!(!is_pointer(text), "{text:?}");
        }
    }

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
    fn every_reason_is_what_the_contract_says() {
        type Change = fn(&mut MappedValue);
        type Broken = fn(ReasonAt) -> Breach;
        let rows: [(Change, Broken); 9] = [
            (|value| value.value_json.clear(), Breach::ValueNotJson),
            (|value| value.value_json.push('x'), Breach::ValueNotJson),
            (
                |value| value.value_json = "\"\n\"".into(),
                Breach::ValueNotJson,
            ),
            (
                |value| value.sources[1].value_json = "NaN".into(),
                Breach::ValueNotJson,
            ),
            (
                |value| value.path = "device.desc".into(),
                Breach::NotAPointer,
            ),
            (
                |value| value.sources[1].pointer = "a".into(),
                Breach::NotAPointer,
            ),
            (
                |value| value.sources[0].pointer = "/~2".into(),
                Breach::NotAPointer,
            ),
            (|value| value.rule.push('\n'), Breach::RuleLineBreak),
            (|value| value.rule = "a\rb".into(), Breach::RuleLineBreak),
        ];
        let good = Explanation {
            event: "{}".into(),
            values: vec![value(), value()],
            omitted: vec![value()],
            unused: vec!["/a".into(), "/b/0".into()],
        };
        assert_eq!(check(&good), Ok(()));
        for (index, (change, breach)) in rows.into_iter().enumerate() {
            let mut broken = good.clone();
            change(&mut broken.values[1]);
            let at = |list, number| ReasonAt { list, number };
            assert_eq!(check(&broken), Err(breach(at("values", 2))), "{index}");
            let mut broken = good.clone();
            change(&mut broken.omitted[0]);
            assert_eq!(check(&broken), Err(breach(at("omitted", 1))), "{index}");
        }
        let mut broken = good.clone();
        broken.unused[1] = "b".into();
        let at = ReasonAt {
            list: "unused",
            number: 2,
        };
        assert_eq!(check(&broken), Err(Breach::NotAPointer(at)));
        let words = Breach::NotAPointer(at).to_string();
        assert_eq!(
            words,
            "a path of entry 2 of `unused` in what it explained is not a JSON Pointer (RFC 6901)"
        );
    }
}
