//! A destination's words, as far as they may be kept: in errors, logs and rejects.
//!
//! A destination may repeat what it was sent: names of machines and persons, or a key. None of that is to
//! stand anywhere. So of a body only a code and a message are taken, and in these every text of the events
//! and every secret becomes `…`. Plain words that OCSF has a number for may stay, and so may the vendor's id
//! of a device, which tells the event in question.

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
    // Most texts come in many events.
    let texts: BTreeSet<String> = events.iter().flat_map(texts).collect();
    for value in &texts {
        hide(text, value, &mut hidden);
    }
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

/// Every text of an event that is not to stand anywhere else. An event that is no JSON is one.
fn texts(event: &Event) -> Vec<String> {
    let mut texts = Vec::new();
    match serde_json::from_str(&event.json) {
        Ok(value) => collect(value, &mut texts),
        Err(_) => texts.push(event.json.clone()),
    }
    texts.retain(|text| text.chars().count() >= SHORT && *text != event.device);
    texts
}

fn collect(value: Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(text),
        Value::Array(items) => items.into_iter().for_each(|item| collect(item, texts)),
        Value::Object(fields) => {
            let numbered: Vec<String> = fields
                .keys()
                .filter_map(|name| name.strip_suffix("_id"))
                .map(str::to_owned)
                .collect();
            for (name, value) in fields {
                if !(numbered.contains(&name) && is_word(&value)) {
                    collect(value, texts);
                }
            }
        }
        _ => {}
    }
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
            "device": {
                "uid": "00000000-0000-0000-0000-000000000001", "hostname": "example-workstation",
                "type": "Desktop", "type_id": 2, "ip": "192.0.2.10",
                "owner": { "name": "EXAMPLE\\user", "full_name": "Exämple\tUser" }
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
        fn any_text_is_made_safe(text in "\\PC{0,300}", value in "\\PC{0,20}") {
            let kept = safe(&text, &[event(&json!({ "a": value }))], &[]);
            prop_assert!(kept.chars().count() <= MOST);
        }
    }
}
