//! Reads the JSON body of an answer, and finds what in it says that not all events were taken.
//!
//! There is no standard for such bodies; these are the forms that common intakes use. A body may be long, since some
//! intakes answer with an object for each event.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// Words in `status` and `result` that mean a failure, at least of a part.
const FAILED: [&str; 5] = ["error", "failed", "failure", "partial", "rejected"];

/// The fields of a JSON object, borrowed from its text.
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
        // Where each event has an object of its own, its numbers count no events.
        let mut items = items.into_iter();
        return items.find_map(|item| Fields::read(item.get().as_bytes())?.complaint(0));
    }
    Fields::read(json)?.complaint(sent as u64)
}

impl Fields<'_> {
    /// Returns the field that says that something failed, or that fewer events were taken than were `sent`.
    fn complaint(&self, sent: u64) -> Option<String> {
        // Splunk's HTTP event collector has a text beside its code.
        let is_splunk = self.json("text").is_some_and(|text| text.starts_with('"'));
        self.0.iter().find_map(|(name, json)| {
            let value = || serde_json::from_str::<Value>(json.get()).ok();
            match name.as_str() {
                "error" | "errors" | "failures" => {
                    has_content(json.get()).then(|| format!("`{name}` is there"))
                }
                "success" | "ok" => (value()? == false).then(|| format!("`{name}` is false")),
                "status" | "result" => match value()? {
                    Value::Number(status) => matches!(status.as_u64(), Some(400..600))
                        .then(|| format!("`{name}` is {status}")),
                    Value::String(word) => {
                        let is_word = |failed: &&str| word.trim().eq_ignore_ascii_case(failed);
                        let failed = FAILED.into_iter().find(is_word)?;
                        Some(format!("`{name}` is {failed}"))
                    }
                    _ => None,
                },
                "code" if is_splunk => {
                    let code = value()?.as_i64().filter(|code| *code != 0)?;
                    Some(format!("`code` is {code}"))
                }
                "accepted" | "ingested" | "processed" | "received" => {
                    let taken = value()?.as_u64().filter(|taken| *taken < sent)?;
                    Some(format!("`{name}` is {taken} of {sent}"))
                }
                "rejected" | "failed" | "dropped" | "invalid" if sent > 0 => {
                    let lost = value()?.as_u64().filter(|lost| *lost > 0)?;
                    Some(format!("`{name}` is {lost}"))
                }
                _ => None,
            }
        })
    }
}

/// Returns whether a JSON value is more than null, false, zero or empty.
fn has_content(json: &str) -> bool {
    match json.as_bytes() {
        [b'[' | b'{', inside @ .., _] => !inside.trim_ascii().is_empty(),
        b"null" | b"false" | b"\"\"" => false,
        _ => json.parse() != Ok(0.0),
    }
}

#[cfg(test)]
mod tests;
