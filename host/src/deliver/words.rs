//! A destination's words, as far as they may be kept: in errors, logs and rejects.
//!
//! A destination may repeat what it was sent: names of machines and persons, or a key. None of that is to
//! stand anywhere. So of a body only a code and a message are taken, and in these every text of the events,
//! every part of one and every secret becomes `…`: who is sent `EXAMPLE\user1` may well say `user1`. Plain
//! words that OCSF has a number for may stay, and so may the vendor's id of a device, which tells the event in
//! question.

use std::collections::BTreeSet;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::answer::fields;
use crate::bindings::inventory::connector::types::Event;
use crate::printable::printable;

/// How many characters are kept.
const MOST: usize = 200;

/// How many bytes are looked at.
const LOOKED_AT: usize = 2000;

/// Texts of fewer characters tell nobody much, and taken out of a message they would make it unreadable.
pub(super) const SHORT: usize = 4;

/// Numbers of fewer digits, as parts of a text, are years, ports and codes rather than anybody's.
const SHORT_NUMBER: usize = 6;

/// Where OCSF says in words what a number beside it says as well.
const CAPTIONS: [&str; 4] = ["activity_name", "category_name", "class_name", "type_name"];

/// Where the message of an error stands.
const MESSAGES: [&str; 7] = [
    "message",
    "error",
    "text",
    "detail",
    "title",
    "reason",
    "description",
];

/// What the JSON body of an error says: its code and its message; none where it has neither.
pub(super) fn of_body(body: &[u8], events: &[Event], secrets: &[SecretString]) -> Option<String> {
    said(&fields(body)).map(|text| safe(&text, events, secrets))
}

/// The code and the message in the fields of an error.
pub(super) fn said(fields: &Map<String, Value>) -> Option<String> {
    let code = fields.get("code").and_then(plain);
    let message = MESSAGES.iter().find_map(|name| match fields.get(*name)? {
        Value::Object(inner) => said(inner),
        value => plain(value),
    });
    match (code, message) {
        (Some(code), Some(message)) => Some(format!("{code}: {message}")),
        (code, message) => code.or(message),
    }
}

/// A value as a text, if it is a text that says something or a number.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A text of a destination on one line of at most 200 printable characters, without anything that these
/// events hold and without these secrets.
pub(super) fn safe(text: &str, events: &[Event], secrets: &[SecretString]) -> String {
    let text = printable(text);
    let text = text
        .get(..text.floor_char_boundary(LOOKED_AT))
        .unwrap_or(&text);
    let mut hidden = Vec::new();
    for secret in secrets {
        hide(text, secret.expose_secret(), &mut hidden);
    }
    let mut held = Held::default();
    for event in events {
        held.add(event);
    }
    for value in &held.texts {
        hide(text, value, &mut hidden);
    }
    hide_words(text, &held.parts(), &mut hidden);
    let text = without(text, hidden);
    let mut kept: String = text.chars().take(MOST).collect();
    if kept.len() < text.len() {
        kept.pop();
        kept.push('…');
    }
    kept
}

/// Notes where in `text` a value stands, in any case of its letters and as JSON writes it too, or is cut off
/// by the text's end.
fn hide(text: &str, value: &str, hidden: &mut Vec<(usize, usize)>) {
    let as_json = Value::from(value).to_string();
    let as_json = as_json.get(1..as_json.len() - 1).unwrap_or_default();
    mark(text, &printable(value), hidden);
    if as_json != value {
        mark(text, &printable(as_json), hidden);
    }
}

fn mark(text: &str, form: &str, hidden: &mut Vec<(usize, usize)>) {
    let (text, form) = (text.as_bytes(), form.as_bytes());
    if form.is_empty() {
        return;
    }
    for (start, window) in text.windows(form.len()).enumerate() {
        if window.eq_ignore_ascii_case(form) {
            hidden.push((start, start + form.len()));
        }
    }
    let cut_off = (SHORT..form.len().min(text.len() + 1))
        .rev()
        .find(|length| {
            let parts = form.get(..*length).zip(text.get(text.len() - length..));
            parts.is_some_and(|(form, text)| form.eq_ignore_ascii_case(text))
        });
    if let Some(length) = cut_off {
        hidden.push((text.len() - length, text.len()));
    }
}

/// Notes where in `text` a word is one of these parts, or the beginning of one that is cut off by the text's
/// end.
fn hide_words(text: &str, parts: &BTreeSet<String>, hidden: &mut Vec<(usize, usize)>) {
    let mut start = 0;
    for piece in text.split_inclusive(is_between) {
        let word = piece.trim_end_matches(is_between);
        let end = start + word.len();
        let word = word.to_lowercase();
        let cut_off = || {
            let next = parts.range(word.clone()..).next();
            end == text.len()
                && word.chars().count() >= SHORT
                && next.is_some_and(|part| part.starts_with(&word))
        };
        if parts.contains(&word) || cut_off() {
            hidden.push((start, end));
        }
        start += piece.len();
    }
}

/// Whether a character stands between the parts of a text.
fn is_between(character: char) -> bool {
    !character.is_alphanumeric()
}

/// The text with `…` in the place of these ranges of bytes.
fn without(text: &str, mut ranges: Vec<(usize, usize)>) -> String {
    ranges.sort_unstable();
    let part = |start, end| text.get(start..end).unwrap_or_default();
    let mut kept = String::with_capacity(text.len());
    let mut end = 0;
    for (start, next) in ranges {
        if start > end || end == 0 {
            kept.push_str(part(end, start));
            kept.push('…');
        }
        end = end.max(next);
    }
    kept.push_str(part(end, text.len()));
    kept
}

/// What events hold that is not to stand anywhere else.
#[derive(Default)]
struct Held {
    /// Whole texts; most come in many events.
    texts: BTreeSet<String>,
    /// Words that OCSF has numbers for, in small letters.
    captions: BTreeSet<String>,
}

impl Held {
    /// Adds the texts of an event. An event that is no JSON is one.
    fn add(&mut self, event: &Event) {
        match serde_json::from_str(&event.json) {
            Ok(value) => self.collect(value, &event.device),
            Err(_) => self.text(event.json.clone(), &event.device),
        }
    }

    fn text(&mut self, text: String, device: &str) {
        if text.chars().count() >= SHORT && text != device {
            self.texts.insert(text);
        }
    }

    fn collect(&mut self, value: Value, device: &str) {
        match value {
            Value::String(text) => self.text(text, device),
            Value::Array(items) => items
                .into_iter()
                .for_each(|item| self.collect(item, device)),
            Value::Object(fields) => {
                let numbered: Vec<String> = fields
                    .keys()
                    .filter_map(|name| name.strip_suffix("_id"))
                    .map(str::to_owned)
                    .collect();
                for (name, value) in fields {
                    let is_caption = numbered.contains(&name) && is_word(&value);
                    if is_caption || CAPTIONS.contains(&name.as_str()) {
                        self.captions
                            .extend(value.as_str().into_iter().flat_map(words));
                    }
                    if !is_caption {
                        self.collect(value, device);
                    }
                }
            }
            _ => {}
        }
    }

    /// The parts of the texts, as they are and as JSON writes them, in small letters.
    fn parts(&self) -> BTreeSet<String> {
        let mut parts = BTreeSet::new();
        for text in &self.texts {
            parts.extend(words(text));
            parts.extend(words(&Value::from(text.as_str()).to_string()));
        }
        parts.retain(|part| {
            let is_number = part.bytes().all(|byte| byte.is_ascii_digit());
            part.chars().count() >= if is_number { SHORT_NUMBER } else { SHORT }
                && !self.captions.contains(part)
        });
        parts
    }
}

/// The words of a text, in small letters.
fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(is_between)
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
}

/// Whether a value is a plain word, as OCSF's captions of numbers are.
fn is_word(value: &Value) -> bool {
    value
        .as_str()
        .is_some_and(|text| text.bytes().all(|byte| byte.is_ascii_alphabetic()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn event(json: &Value) -> Event {
        Event {
            device: "00000000-0000-0000-0000-000000000001".into(),
            json: json.to_string(),
            fingerprint: 0,
        }
    }

    fn example() -> Event {
        event(&json!({
            "severity": "Informational", "severity_id": 1,
            "class_name": "Device Inventory Info", "class_uid": 5001,
            "device": {
                "uid": "00000000-0000-0000-0000-000000000001", "hostname": "example-workstation",
                "type": "Desktop", "type_id": 2, "ip": "192.0.2.10",
                "owner": { "name": "EXAMPLE\\user", "full_name": "Exämple\tUser" },
                "desc": "device-4711 of 2026, 4711234"
            }
        }))
    }

    #[test]
    fn the_code_and_the_message_are_kept_and_nothing_else() {
        for (body, words) in [
            ("", None),
            ("<html>Forbidden</html>", None),
            ("{}", None),
            (r#"{"message":" "}"#, None),
            (r#"{"message":["a"]}"#, None),
            (r#"{"message":"No right.","trace":"t"}"#, Some("No right.")),
            (
                r#"{"code":"E403","message":"No right."}"#,
                Some("E403: No right."),
            ),
            (
                r#"{"code":7,"text":"Incorrect index"}"#,
                Some("7: Incorrect index"),
            ),
            (r#"{"code":"E403"}"#, Some("E403")),
            (
                r#"{"error":{"code":"E1","message":"Bad"}}"#,
                Some("E1: Bad"),
            ),
            (r#"{"title":"Bad","status":400}"#, Some("Bad")),
            (r#"{"detail":"a\nb"}"#, Some("a b")),
        ] {
            let found = of_body(body.as_bytes(), &[], &[]);
            assert_eq!(found.as_deref(), words, "{body}");
        }
    }

    #[test]
    fn what_an_event_holds_is_taken_out() {
        let secrets = [SecretString::from("canary-7f3a")];
        for (text, words) in [
            ("hostname example-workstation is bad", "hostname … is bad"),
            ("hostname EXAMPLE-WORKSTATION is bad", "hostname … is bad"),
            ("owner EXAMPLE\\user", "owner …"),
            ("owner \"EXAMPLE\\\\user\"", "owner \"…\""),
            ("owner Exämple User twice, Exämple User", "owner … twice, …"),
            ("cut off: example-wor", "cut off: …"),
            ("192.0.2.10", "…"),
            ("192.0.2.10192.0.2.10", "…"),
            ("key canary-7f3a", "key …"),
            ("type Desktop is unknown", "type Desktop is unknown"),
            ("user2 is unknown", "user2 is unknown"),
            ("User is unknown: example", "… is unknown: …"),
            ("workstation example_user, cut: worksta", "… …_…, cut: …"),
            (
                "2026, build 4711, staff 4711234",
                "2026, build 4711, staff …",
            ),
            ("the device of this class", "the device of this class"),
            ("class Device Inventory Info", "class …"),
            (
                "device 00000000-0000-0000-0000-000000000001",
                "device 00000000-0000-0000-0000-000000000001",
            ),
        ] {
            assert_eq!(safe(text, &[example()], &secrets), words, "{text}");
        }
    }

    #[test]
    fn a_word_that_names_a_machine_as_well_is_taken_out() {
        let event = event(&json!({ "type": "Desktop", "type_id": 2, "hostname": "desktop" }));
        assert_eq!(safe("Desktop is bad", &[event], &[]), "… is bad");
    }

    #[test]
    fn an_event_that_is_no_json_is_taken_out_as_a_whole() {
        let event = Event {
            json: "no json".into(),
            ..example()
        };
        assert_eq!(safe("got: no json", &[event], &[]), "got: …");
    }

    #[test]
    fn a_long_text_is_cut() {
        let text = safe(&"ä".repeat(5000), &[], &[]);
        assert_eq!(text.chars().count(), MOST);
        assert!(text.ends_with('…'), "{text}");
    }

    proptest! {
        #[test]
        fn nothing_that_an_event_holds_is_left(
            values in prop::collection::vec("[a-zA-Zäß\\\\\"\n\u{1b} .-]{4,12}", 1..8),
            pieces in prop::collection::vec((any::<prop::sample::Index>(), "[a-z :]{0,5}", any::<bool>()), 0..80),
            secret in "[a-z0-9]{1,10}",
        ) {
            let event = event(&json!({ "list": values, "nested": { "secret": 1 } }));
            let mut text = String::new();
            for (index, between, escaped) in pieces {
                let value = index.get(&values);
                text.push_str(&if escaped { json!(value).to_string() } else { value.clone() });
                text.push_str(&between);
                text.push_str(&secret);
            }
            let body = json!({ "code": values[0], "message": text }).to_string();
            let kept = of_body(body.as_bytes(), &[event], &[SecretString::from(secret.clone())]).unwrap();
            prop_assert!(kept.chars().count() <= MOST);
            prop_assert!(!kept.contains(char::is_control));
            prop_assert!(!kept.contains(&secret), "{kept}");
            for value in values {
                prop_assert!(!kept.contains(printable(&value).as_str()), "{value:?}: {kept}");
                let escaped = json!(value).to_string();
                prop_assert!(!kept.contains(&escaped[1..escaped.len() - 1]), "{value:?}: {kept}");
            }
        }

        #[test]
        fn no_part_of_what_an_event_holds_is_left(
            values in prop::collection::vec("[A-Za-z0-9ÄÖß]{1,9}([\\\\ @._\n-][A-Za-z0-9ä]{1,9}){0,3}", 1..6),
            pieces in prop::collection::vec(
                (any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<bool>(), "[ :/='_]{1,3}"),
                0..8,
            ),
        ) {
            let parts: Vec<&str> = values.iter().flat_map(|value| value.split(is_between)).collect();
            let mut text = String::new();
            for (value, part, upper, between) in &pieces {
                let part = if *upper { *part.get(&parts) } else { value.get(&values).as_str() };
                text.push_str(&if *upper { part.to_uppercase() } else { part.to_owned() });
                text.push_str(between);
            }
            let kept = safe(&text, &[event(&json!({ "list": values }))], &[]);
            // A word that was cut off may be anything.
            let whole = kept.trim_end_matches('…').trim_end_matches(char::is_alphanumeric);
            for word in whole.split(is_between) {
                let is_number = word.bytes().all(|byte| byte.is_ascii_digit());
                let held = parts.iter().any(|part| part.to_lowercase() == word.to_lowercase());
                prop_assert!(!held || word.chars().count() < if is_number { 6 } else { 4 }, "{word}: {kept}");
            }
        }

        #[test]
        fn any_text_is_made_safe(text in "\\PC{0,300}", value in "\\PC{0,20}") {
            let kept = safe(&text, &[event(&json!({ "a": value }))], &[]);
            prop_assert!(kept.chars().count() <= MOST);
        }
    }
}
