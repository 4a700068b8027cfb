//! The reader of JSON against serde_json: what the one takes the other takes, and they find the same in it.
#![allow(clippy::unwrap_used, clippy::panic)] // Helpers of tests may stop at the first surprise.

mod common;
mod generate;

use std::collections::BTreeMap;

use common::golden;
use generate::endpoint;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::value::RawValue;
use sophos_assets::json::{NotJson, Scalar, Scanner};

/// Texts to insert, or to replace a part of a text.
const PIECES: [&str; 40] = [
    "", " ", "\n", "\t\r", "\"", "\\", "\\u00e9", "\\ud800", "\\udc00", "\\u12", "\\x", "\\\"",
    "{", "}", "[", "]", ",", ":", "{}", "[]", "null", "nul", "true", "false", "0", "01", "-",
    "-0.5e+7", "1.", ".5", "1e", "1e999", "\u{0}", "\u{1f}", "\u{7f}", "é", "\u{2028}", "\"a\":1,",
    "12345678", "\u{feff}",
];

/// Whether the whole text is one value.
fn is_json(text: &str) -> bool {
    let mut scanner = Scanner::new(text);
    scanner.value().is_ok() && scanner.end().is_ok()
}

/// The members of an object by name, each as the text that it is; the last one where a name comes twice.
fn members(text: &str) -> Option<BTreeMap<String, &str>> {
    let mut members = BTreeMap::new();
    let mut scanner = Scanner::new(text);
    let is_object = scanner.members(|scanner, name| {
        members.insert(
            name.decoded().unwrap_or_default().into_owned(),
            scanner.value()?,
        );
        Ok::<_, NotJson>(())
    });
    (is_object.unwrap() && scanner.end().is_ok()).then_some(members)
}

/// Compares the two readers on any text.
fn check(text: &str) {
    let takes = serde_json::from_str::<IgnoredAny>(text).is_ok();
    assert_eq!(is_json(text), takes, "{text:?}");
    if !takes {
        return;
    }
    assert_eq!(
        Scanner::new(text).value().unwrap(),
        text.trim_matches([' ', '\t', '\n', '\r'])
    );
    // serde_json refuses a name that is half a surrogate pair.
    if let Ok(expected) = serde_json::from_str::<BTreeMap<String, &RawValue>>(text) {
        let expected = expected.iter().map(|(name, raw)| (name.clone(), raw.get()));
        assert_eq!(members(text).unwrap(), expected.collect(), "{text:?}");
    }
    if let Ok(expected) = serde_json::from_str::<Vec<&RawValue>>(text) {
        let mut entries = Vec::new();
        let mut scanner = Scanner::new(text);
        let is_array = scanner.entries(|scanner| {
            entries.push(scanner.value()?);
            Ok::<_, NotJson>(())
        });
        assert_eq!(is_array, Ok(true), "{text:?}");
        assert!(
            entries.into_iter().eq(expected.iter().map(|raw| raw.get())),
            "{text:?}"
        );
    }
    let scalar = Scanner::new(text).scalar().unwrap();
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(_) | Value::Array(_)) => assert_eq!(scalar, None),
        Ok(Value::Bool(boolean)) => assert_eq!(scalar, Some(Scalar::Boolean(boolean))),
        Ok(Value::String(expected)) => {
            let found = scalar.and_then(Scalar::text);
            assert_eq!(
                found.as_deref(),
                Some(expected.as_str()).filter(|text| !text.is_empty()),
                "{text:?}"
            );
        }
        Ok(Value::Null | Value::Number(_)) => assert_eq!(scalar, Some(Scalar::Other)),
        // A number of any size and half a surrogate pair are JSON; serde_json cannot return their values.
        Err(_) => assert!(matches!(
            scalar,
            None | Some(Scalar::Other | Scalar::Text(_))
        )),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn any_text_is_accepted_by_both_readers_or_by_neither(text in "[\\[\\]{}:,\"\\\\ue0-9.+\\-tfnrals é\u{0}\n]{0,24}") {
        check(&text);
    }

    #[test]
    fn a_text_of_json_tokens_is_accepted_by_both_readers_or_by_neither(pieces in prop::collection::vec(select(&PIECES[..]), 0..12)) {
        check(&pieces.concat());
    }

    #[test]
    fn a_broken_endpoint_is_accepted_by_both_readers_or_by_neither(
        endpoint in endpoint(),
        faults in prop::collection::vec((any::<Index>(), select(&PIECES[..]), 0_usize..3), 0..3),
    ) {
        let mut text = endpoint.to_string();
        for (at, piece, cut) in faults {
            let places: Vec<_> = text.char_indices().map(|(at, _)| at).collect();
            let start = at.index(places.len());
            let end = places.get(start + cut).copied().unwrap_or(text.len());
            text.replace_range(places[start]..end, piece);
        }
        check(&text);
    }
}

#[test]
fn a_quote_a_backslash_and_a_control_character_are_found_at_any_place() {
    for length in 0..40 {
        for at in 0..=length {
            for special in [
                "\"", "\\", "\\n", "\\\"", "\u{0}", "\u{1f}", "\u{20}", "!", "\u{80}", "é",
                "\u{7f}",
            ] {
                let (before, after) = ("x".repeat(at), "é".repeat(length - at));
                check(&format!("\"{before}{special}{after}\""));
                check(&format!("\"{before}{special}{special}{after}\""));
            }
        }
    }
}

#[test]
fn golden_endpoints_are_read_alike() {
    for case in golden("golden") {
        check(&case.input);
    }
}

#[test]
fn values_of_any_depth_are_skipped() {
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}"), (r#"[0,{"a":[],"b":"#, "}]")] {
        let text = open.repeat(100_000) + "1" + &close.repeat(100_000);
        assert!(is_json(&text));
        let (torn, _) = text.split_at(text.len() - 1);
        assert!(!is_json(torn));
        assert!(!is_json(&format!("{torn}:")));
    }
}
