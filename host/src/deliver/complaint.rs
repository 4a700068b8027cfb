//! What in the body of a success answer says that not all events were taken.
//!
//! There is no standard for such bodies; these are the forms that common intakes use. A body may be long, since some
//! intakes answer with an object for each event, so it is read as a stream of which only the telling fields are kept.

use std::fmt;
use std::io::Read;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Fields that hold errors.
const ERRORS: [&str; 3] = ["error", "errors", "failures"];

/// Fields that say whether all went well.
const SUCCESS: [&str; 2] = ["success", "ok"];

/// Fields that hold a word or a status for how it went.
const STATUS: [&str; 2] = ["status", "result"];

/// Words in them that mean a failure, at least of a part.
const FAILED: [&str; 5] = ["error", "failed", "failure", "partial", "rejected"];

/// Fields of Splunk's HTTP event collector.
const SPLUNK: [&str; 2] = ["code", "text"];

/// Fields that count the events that were taken.
const TAKEN: [&str; 4] = ["accepted", "ingested", "processed", "received"];

/// Fields that count the events that were not taken.
const NOT_TAKEN: [&str; 4] = ["rejected", "failed", "dropped", "invalid"];

/// Every field that may tell something.
const TELLING: [&[&str]; 6] = [&ERRORS, &SUCCESS, &STATUS, &SPLUNK, &TAKEN, &NOT_TAKEN];

/// How many bytes of a text are kept; no word that means a failure is longer.
const KEPT_TEXT: usize = 16;

/// Returns what in the body of a success answer says that not all of the `sent` events were taken. A body that is
/// not JSON says nothing, and one that breaks off says what stands before that.
pub(super) fn complaint(body: impl Read, sent: usize) -> Option<String> {
    let mut found = Found::default();
    // What was read before an error counts.
    let _ = serde_json::Deserializer::from_reader(body).deserialize_any(&mut found);
    found
        .failed_item
        .or_else(|| failure(&found.fields))
        .or_else(|| incomplete(&found.fields, sent as u64))
}

/// Returns what in an object says that something failed.
fn failure(fields: &Map<String, Value>) -> Option<String> {
    for name in ERRORS {
        if fields.get(name).is_some_and(tells_something) {
            return Some(format!("`{name}` is there"));
        }
    }
    for name in SUCCESS {
        if fields.get(name) == Some(&Value::Bool(false)) {
            return Some(format!("`{name}` is false"));
        }
    }
    for name in STATUS {
        let failed = match fields.get(name) {
            Some(Value::String(word)) => FAILED
                .into_iter()
                .find(|failed| word.eq_ignore_ascii_case(failed))
                .map(str::to_owned),
            Some(Value::Number(number)) => number
                .as_u64()
                .filter(|number| (400..600).contains(number))
                .map(|number| number.to_string()),
            _ => None,
        };
        if let Some(failed) = failed {
            return Some(format!("`{name}` is {failed}"));
        }
    }
    let [code, text] = SPLUNK.map(|name| fields.get(name));
    let code = code.and_then(Value::as_i64)?;
    (code != 0 && text.is_some_and(Value::is_string)).then(|| format!("`code` is {code}"))
}

/// Returns what in an object counts fewer events than were sent.
fn incomplete(fields: &Map<String, Value>, sent: u64) -> Option<String> {
    let count = |name: &str| fields.get(name).and_then(Value::as_u64);
    let taken = TAKEN.into_iter().find_map(|name| {
        let count = count(name).filter(|count| *count < sent)?;
        Some(format!("`{name}` is {count} of {sent}"))
    });
    taken.or_else(|| {
        NOT_TAKEN.into_iter().find_map(|name| {
            let count = count(name).filter(|count| *count > 0)?;
            Some(format!("`{name}` is {count}"))
        })
    })
}

/// Whether the value of a field for errors is one.
fn tells_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
    }
}

/// What a body tells: an array by its items, an object by its fields.
#[derive(Default)]
struct Found {
    /// What the first item that failed says.
    failed_item: Option<String>,
    fields: Map<String, Value>,
}

impl<'de> Visitor<'de> for &mut Found {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("an array or an object")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        while let Some(item) = access.next_element_seed(Outline::OfItem)? {
            if self.failed_item.is_none() {
                self.failed_item = item.as_object().and_then(failure);
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<(), A::Error> {
        read_fields(access, &mut self.fields)
    }
}

/// Reads the outlines of an object's telling fields.
fn read_fields<'de, A: MapAccess<'de>>(
    mut access: A,
    fields: &mut Map<String, Value>,
) -> Result<(), A::Error> {
    while let Some(name) = access.next_key::<String>()? {
        if TELLING.iter().any(|names| names.contains(&name.as_str())) {
            fields.insert(name, access.next_value_seed(Outline::OfField)?);
        } else {
            access.next_value::<IgnoredAny>()?;
        }
    }
    Ok(())
}

/// Reads a value of which only the outline is kept: the beginning of a text; of an array whether it has an item.
#[derive(Clone, Copy)]
enum Outline {
    /// Keeps the telling fields of an object.
    OfItem,
    /// Keeps of an object whether it has a field.
    OfField,
}

impl<'de> DeserializeSeed<'de> for Outline {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Outline {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(flag.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        let text = text.trim();
        let kept = text.get(..text.floor_char_boundary(KEPT_TEXT));
        Ok(kept.unwrap_or(text).into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut outline = Vec::new();
        while access.next_element::<IgnoredAny>()?.is_some() {
            outline = vec![Value::Null];
        }
        Ok(Value::Array(outline))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut outline = Map::new();
        match self {
            Self::OfItem => read_fields(access, &mut outline)?,
            Self::OfField => {
                while access.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
                    outline.insert(String::new(), Value::Null);
                }
            }
        }
        Ok(Value::Object(outline))
    }
}

#[cfg(test)]
mod tests;
