//! Which spellings of a secret are found, where, and which are not.

use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::*;

/// Returns what of a text is found, in its order.
fn found<'t>(text: &'t str, value: &str) -> Vec<&'t str> {
    let spellings = spellings(value);
    let mut ranges: Vec<_> = spellings
        .iter()
        .flat_map(|spelling| spelling.find(text.as_bytes()))
        .map(|range| (range.start, range.end))
        .collect();
    ranges.sort_unstable();
    ranges.dedup();
    ranges
        .into_iter()
        .map(|(start, end)| &text[start..end])
        .collect()
}

/// An encoder with its name.
pub(in crate::sandbox::secrets) type Encoder = (&'static str, fn(&str) -> String);

/// Encoders as servers have them, each for any text.
pub(in crate::sandbox::secrets) const ENCODERS: [Encoder; 11] = [
    ("as it is", str::to_owned),
    ("JSON", json_string),
    ("JSON with escaped solidus", |text| {
        json_string(text).replace('/', r"\/")
    }),
    ("JSON in ASCII", |text| {
        escaped_units(&json_string(text), |character| !character.is_ascii())
    }),
    ("JSON for HTML", |text| {
        escaped_units(&json_string(text), |character| "<>&'=".contains(character))
    }),
    ("percent", |text| form(text).replace('+', "%20")),
    ("percent in lower case", |text| {
        lower_escapes(&form(text).replace('+', "%20").replace('*', "%2a"))
    }),
    ("form", form),
    ("base64", |text| STANDARD.encode(text)),
    ("base64 without padding", |text| {
        STANDARD_NO_PAD.encode(text)
    }),
    ("base64url", |text| URL_SAFE_NO_PAD.encode(text)),
];

fn json_string(text: &str) -> String {
    let json = serde_json::to_string(text).unwrap();
    json[1..json.len() - 1].to_owned()
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
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>()
}

fn lower_escapes(text: &str) -> String {
    let mut parts = text.split('%');
    let mut lower = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (digits, rest) = part.split_at(2);
        lower += &format!("%{}{rest}", digits.to_ascii_lowercase());
    }
    lower
}

/// Values as vendors give them out, and odd ones.
pub(in crate::sandbox::secrets) fn values() -> impl Strategy<Value = String> {
    prop_oneof!["[A-Za-z0-9+/=_.~-]{8,60}", "[ -~é]{8,40}"]
}

#[test]
fn a_secret_is_found_in_the_spellings_of_known_encoders() {
    let value = "a+b/c=\"d\" é<1>";
    for spelling in [
        "a+b/c=\"d\" é<1>",
        r#"a+b/c=\"d\" é<1>"#,
        r#"a+b\/c=\"d\" \u00e9<1>"#,
        r#"a+b/c=\"d\" \u00e9<1>"#,
        r#"a+b/c=\"d\" é\u003c1\u003e"#,
        r#"a+b/c\u003d\"d\" é\u003c1\u003e"#,
        r"a\u002Bb/c=\u0022d\u0022 \u00E9\u003C1\u003E",
        "a%2Bb%2Fc%3D%22d%22+%C3%A9%3C1%3E",
        "a%2bb%2fc%3d%22d%22%20%c3%a9%3c1%3e",
    ] {
        assert_eq!(found(&format!("x{spelling}y"), value), [spelling]);
    }
}

#[test]
fn a_secret_within_longer_base64_is_found_with_what_it_shares_with_its_neighbors() {
    for (before, expected) in [
        ("", "Y2FuYXJ5LTdmM2E"),
        ("x", "GNhbmFyeS03ZjNhI"),
        ("xy", "eWNhbmFyeS03ZjNhI"),
    ] {
        let text = STANDARD.encode(format!("{before}canary-7f3a!!!"));
        let found = found(&text, "canary-7f3a");
        let [found] = found[..] else {
            panic!("{found:?} in {text}")
        };
        assert!(found.len().abs_diff(expected.len()) <= 2, "{found}");
        let (_, rest) = text.split_once(found).unwrap();
        assert!(rest.len() <= 6, "{rest}");
    }
}

#[test]
fn no_short_base64_is_taken_for_a_secret() {
    assert_eq!(found("YWJj YWJjZA", "abc"), Vec::<&str>::new());
    assert_eq!(found("abc", "abc"), ["abc"]);
    assert!(spellings("").is_empty());
}

proptest! {
    #[test]
    fn every_known_encoder_is_found(
        value in values(),
        around in "[ -~é]{0,12}",
        encoder in prop::sample::select(&ENCODERS[..]),
    ) {
        let text = encoder.1(&format!("{around}{value}{around}"));
        prop_assert!(!found(&text, &value).is_empty(), "{}: {}", encoder.0, text);
    }

    #[test]
    fn nothing_is_found_where_no_spelling_is(text in "[A-Z .,]{0,200}", value in "[a-z0-9]{8,40}") {
        prop_assert!(found(&text, &value).is_empty());
    }
}
