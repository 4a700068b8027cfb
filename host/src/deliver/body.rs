//! Reads the JSON body of an answer, and finds what in it says that not all events were taken.
//!
//! There is no standard for such bodies; these are the forms that common intakes use. A body may be long, since some
//! intakes answer with an object for each event.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

/// Fields that hold errors.
const ERRORS: [&str; 3] = ["error", "errors", "failures"];

/// Fields that say whether all went well.
const SUCCESS: [&str; 2] = ["success", "ok"];

/// Fields that hold a word or a status for how it went.
const STATUS: [&str; 2] = ["status", "result"];

/// Words in them that mean a failure, at least of a part.
const FAILED: [&str; 5] = ["error", "failed", "failure", "partial", "rejected"];

/// Fields that count the events that were taken.
const TAKEN: [&str; 4] = ["accepted", "ingested", "processed", "received"];

/// Fields that count the events that were not taken.
const NOT_TAKEN: [&str; 4] = ["rejected", "failed", "dropped", "invalid"];

/// The fields of a JSON object, which stand where they are.
pub(super) struct Fields<'a>(BTreeMap<String, &'a RawValue>);

impl<'a> Fields<'a> {
    /// Reads the object at the beginning of a text, if there is one.
    pub(super) fn read(json: &'a [u8]) -> Option<Self> {
        let mut values = serde_json::Deserializer::from_slice(json).into_iter();
        values.next()?.ok().map(Self)
    }

    /// Returns the JSON of a field.
    pub(super) fn json(&self, name: &str) -> Option<&'a str> {
        self.0.get(name).map(|value| value.get())
    }

    /// Returns a field, if it is there and has this type.
    pub(super) fn get<T: Deserialize<'a>>(&self, name: &str) -> Option<T> {
        serde_json::from_str(self.json(name)?).ok()
    }
}

/// Returns what in the body of a success answer says that not all of the `sent` events were taken. A body that is
/// not JSON says nothing.
pub(super) fn complaint(body: &[u8], sent: usize) -> Option<String> {
    let mut values = serde_json::Deserializer::from_slice(body).into_iter::<&RawValue>();
    let json = match values.next()? {
        Ok(json) => json.get().as_bytes(),
        // An answer that breaks off may have had more to say.
        Err(_) if matches!(body.trim_ascii_start().first(), Some(b'{' | b'[')) => {
            return Some("its body is JSON that breaks off or has errors".to_owned());
        }
        Err(_) => return None,
    };
    if let Ok(items) = serde_json::from_slice::<Vec<&RawValue>>(json) {
        let mut items = items.into_iter();
        return items.find_map(|item| failure(&Fields::read(item.get().as_bytes())?));
    }
    let fields = Fields::read(json)?;
    failure(&fields).or_else(|| incomplete(&fields, sent as u64))
}

/// Returns what in an object says that something failed.
fn failure(fields: &Fields) -> Option<String> {
    let has = |name| fields.json(name).is_some_and(has_content);
    if let Some(name) = ERRORS.into_iter().find(|name| has(name)) {
        return Some(format!("`{name}` is there"));
    }
    for name in SUCCESS {
        if fields.get(name) == Some(false) {
            return Some(format!("`{name}` is false"));
        }
    }
    for name in STATUS {
        if let Some(status) = fields
            .get(name)
            .filter(|status: &u64| (400..600).contains(status))
        {
            return Some(format!("`{name}` is {status}"));
        }
        let word: String = fields.get(name).unwrap_or_default();
        let is_word = |failed: &&str| word.trim().eq_ignore_ascii_case(failed);
        if let Some(failed) = FAILED.into_iter().find(is_word) {
            return Some(format!("`{name}` is {failed}"));
        }
    }
    // Splunk's HTTP event collector.
    let code: i64 = fields.get("code").filter(|code| *code != 0)?;
    let text: Option<String> = fields.get("text");
    text.map(|_| format!("`code` is {code}"))
}

/// Returns what in an object counts fewer events than were sent.
fn incomplete(fields: &Fields, sent: u64) -> Option<String> {
    for name in TAKEN {
        if let Some(count) = fields.get(name).filter(|count: &u64| *count < sent) {
            return Some(format!("`{name}` is {count} of {sent}"));
        }
    }
    for name in NOT_TAKEN {
        if let Some(count) = fields.get(name).filter(|count: &u64| *count > 0) {
            return Some(format!("`{name}` is {count}"));
        }
    }
    None
}

/// Whether a JSON value is more than null, false, zero or empty.
fn has_content(json: &str) -> bool {
    match json.as_bytes() {
        [b'[' | b'{', inside @ .., _] => !inside.trim_ascii().is_empty(),
        b"null" | b"false" | b"\"\"" => false,
        _ => json.parse() != Ok(0.0),
    }
}

#[cfg(test)]
mod tests;
