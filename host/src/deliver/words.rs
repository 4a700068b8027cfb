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

use crate::contract::bindings::inventory::connector::types::Event;
use crate::deliver::answer::fields;
use crate::text::printable::printable;

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
mod tests;
