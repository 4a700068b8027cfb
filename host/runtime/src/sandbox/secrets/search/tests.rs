//! Which encodings of a value are found, where, and which are not.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use proptest::prelude::*;

use super::*;

/// What of a text is found, in its order.
fn found<'t>(text: &'t str, value: &str) -> Vec<&'t str> {
    let search = Search::new([(value.as_bytes(), "")]);
    let mut places = Vec::new();
    for step in search.steps(text.as_bytes()) {
        search.places(text.as_bytes(), step, &mut places);
    }
    let mut ranges: Vec<_> = places.into_iter().map(|place| place.range).collect();
    ranges.sort_by_key(|range| (range.start, range.end));
    ranges.dedup();
    ranges.into_iter().map(|range| &text[range]).collect()
}

/// An encoder with its name.
pub(in crate::sandbox::secrets) type Encoder = (&'static str, fn(&str) -> String);

/// Encoders as servers have them, each for any text.
pub(in crate::sandbox::secrets) const ENCODERS: [Encoder; 13] = [
    ("as it is", str::to_owned),
    ("JSON", json),
    ("JSON with escaped solidus", |text| {
        json(text).replace('/', r"\/")
    }),
    ("JSON in ASCII", json_in_ascii),
    ("JSON for HTML", json_for_html),
    ("percent", |text| form(text).replace('+', "%20")),
    ("percent in lower case", |text| {
        lower_escapes(&form(text).replace('+', "%20"))
    }),
    ("form", form),
    ("base64", |text| STANDARD.encode(text)),
    ("base64 without padding", |text| {
        STANDARD_NO_PAD.encode(text)
    }),
    ("base64url", |text| URL_SAFE_NO_PAD.encode(text)),
    ("base64 in lines of 76, CR LF", |text| {
        lines(&STANDARD.encode(text), 76, "\r\n")
    }),
    ("base64 in lines of 16, indented", |text| {
        lines(&STANDARD.encode(text), 16, "\n  ")
    }),
];

fn json(text: &str) -> String {
    let json = serde_json::to_string(text).unwrap();
    json[1..json.len() - 1].to_owned()
}

fn json_in_ascii(text: &str) -> String {
    escaped_units(&json(text), |character| !character.is_ascii())
}

fn json_for_html(text: &str) -> String {
    escaped_units(&json(text), |character| "<>&'+=".contains(character))
}

fn escaped_units(text: &str, is_escaped: fn(char) -> bool) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        if is_escaped(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(escaped, "\\u{unit:04x}").unwrap();
            }
        } else {
            escaped.push(character);
        }
    }
    escaped
}

fn form(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn lower_escapes(text: &str) -> String {
    let mut parts = text.split('%');
    let mut lower = parts.next().unwrap().to_owned();
    for part in parts {
        let (digits, rest) = part.split_at(2);
        write!(lower, "%{}{rest}", digits.to_lowercase()).unwrap();
    }
    lower
}

fn lines(text: &str, length: usize, line_break: &str) -> String {
    let lines: Vec<_> = text
        .as_bytes()
        .chunks(length)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    lines.join(line_break)
}

#[test]
fn a_value_is_found_in_the_forms_that_encoders_write() {
    let value = "a+b/c \"é😀";
    for (text, place) in [
        ("x a+b/c \"é😀 x", value),
        (
            "s=a%2Bb%2Fc+%22%C3%A9%F0%9F%98%80&",
            "a%2Bb%2Fc+%22%C3%A9%F0%9F%98%80",
        ),
        (
            "s=a%2bb%2fc%20%22%c3%a9%f0%9f%98%80&",
            "a%2bb%2fc%20%22%c3%a9%f0%9f%98%80",
        ),
        ("s=a+b/c%20\"é😀", "a+b/c%20\"é😀"),
        (r#"{"s":"a+b/c \"é😀"}"#, r#"a+b/c \"é😀"#),
        (
            r#"{"s":"a\u002bb\/c \u0022\u00E9\ud83d\uDE00"}"#,
            r"a\u002bb\/c \u0022\u00E9\ud83d\uDE00",
        ),
        (r#"{"s":"{\"s\":\"a+b/c \\\"é😀\"}"}"#, r#"a+b/c \\\"é😀"#),
        ("%7B%22s%22%3A%22a%2Bb/c%20%5C%22é😀", "a%2Bb/c%20%5C%22é😀"),
    ] {
        assert_eq!(found(text, value), [place], "{text}");
    }
}

#[test]
fn of_base64_the_characters_are_found_that_the_value_has_a_part_in() {
    let value = "canary-7f3a";
    for (text, place) in [
        (STANDARD.encode("canary-7f3a"), "Y2FuYXJ5LTdmM2E"),
        (STANDARD.encode("<canary-7f3a>"), "GNhbmFyeS03ZjNh"),
        (STANDARD.encode("<<<canary-7f3a>>>"), "Y2FuYXJ5LTdmM2E"),
        (
            format!("path/{}", STANDARD.encode(value)),
            "Y2FuYXJ5LTdmM2E",
        ),
        (
            "Y2Fu YXJ5\r\nLTdm\n\tM2E=".to_owned(),
            "Y2Fu YXJ5\r\nLTdm\n\tM2E",
        ),
        (
            r#"{"s":"Y2FuYXJ5\r\nLTdmM2E="}"#.to_owned(),
            r"Y2FuYXJ5\r\nLTdmM2E",
        ),
    ] {
        assert_eq!(found(&text, value), [place], "{text}");
    }
}

#[test]
fn what_only_resembles_the_value_is_not_found() {
    for text in [
        "",
        "a+b",
        "a%2",
        "a%zz",
        r"a\u002",
        r"a\ud83dx",
        r"a\",
        "%",
        "a%2Bd",
    ] {
        assert_eq!(found(text, "a+c"), [""; 0], "{text}");
    }
    assert_eq!(found("anything", ""), [""; 0]);
}

/// As the documentation says.
#[test]
fn other_encodings_are_not_found() {
    let value = "canary-7f3a/é";
    let in_hex = value.bytes().map(|byte| format!("{byte:02x}")).collect();
    let in_utf_16 = value.encode_utf16().flat_map(u16::to_be_bytes);
    let thrice = |encode: fn(&str) -> String| encode(&encode(&encode(value)));
    for text in [
        in_hex,
        STANDARD.encode(in_utf_16.collect::<Vec<_>>()),
        value.to_uppercase(),
        value.chars().rev().collect(),
        "canary-7f3a&#47;é".to_owned(),
        thrice(|text| STANDARD.encode(text)),
        thrice(form),
    ] {
        assert_eq!(found(&text, value), [""; 0], "{text}");
    }
}

#[test]
fn a_value_is_found_wherever_a_long_text_is_divided() {
    for written in [
        "canary+b/c",
        "canary%2Bb%2Fc",
        r"canary\u002bb\/c",
        "Y2FuYXJ5K2IvYw",
    ] {
        for before in [STEP - written.len(), STEP - 5, STEP - 1, STEP] {
            let text = format!("{}{written}{}", ".".repeat(before), ".".repeat(STEP));
            assert_eq!(found(&text, "canary+b/c"), [written], "{written} {before}");
        }
    }
}

#[test]
fn every_occurrence_is_found() {
    assert_eq!(found("a+b a%2Bb a+b", "a+b"), ["a+b", "a%2Bb", "a+b"]);
}

#[test]
fn only_runs_that_are_long_enough_are_decoded() {
    let runs = |text: &str, least| -> Vec<String> {
        let runs = super::runs(text.as_bytes(), least);
        runs.map(|run| text[run].to_owned()).collect()
    };
    for (text, least, expected) in [
        ("", 1, &[][..]),
        ("abc", 4, &[]),
        ("abcd", 4, &["abcd"]),
        ("\"abcd\"efg\"hijkl\"", 4, &["abcd", "hijkl"]),
        ("....a%2Bb\\/c\n d.", 4, &["a%2Bb\\/c\n d"]),
        ("abcd", usize::MAX, &[]),
    ] {
        assert_eq!(runs(text, least), expected, "{text}");
    }
}

/// Values of any kind that a secret may have.
pub(in crate::sandbox::secrets) fn values() -> impl Strategy<Value = String> {
    prop_oneof!["[ -~é😀]{8,40}", "[A-Za-z0-9+/=]{8,100}", ".{8,40}"]
}

proptest! {
    // Each case goes through all pairs.
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_value_is_found_in_each_encoding_inside_each_other(
        value in values(),
        // What begins an escape could make another one of what follows it.
        before in "[ -$&-\\[\\]-~]{0,6}",
        after in "[ -~]{0,6}",
    ) {
        for (outer, encode_outer) in ENCODERS {
            for (inner, encode_inner) in ENCODERS {
                let text = encode_outer(&format!("{before}{}{after}", encode_inner(&value)));
                prop_assert!(holds(text.as_bytes(), value.as_bytes()), "{inner} inside {outer}: {text}");
            }
        }
    }
}

proptest! {
    #[test]
    fn a_place_is_within_the_text(text in any::<Vec<u8>>(), value in prop::collection::vec(any::<u8>(), 0..3)) {
        let search = Search::new([(value.as_slice(), "")]);
        let mut places = Vec::new();
        for step in search.steps(&text) {
            search.places(&text, step, &mut places);
        }
        for place in places {
            prop_assert!(text.get(place.range.clone()).is_some_and(|found| !found.is_empty()), "{:?}", place.range);
        }
    }
}
