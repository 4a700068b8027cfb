//! Finds the records in a text, with their lines.

use serde::Deserialize;
use serde_json::value::RawValue;

/// What programs on Windows put before a text in UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The longest id of a record that an error repeats, in characters.
const MAX_ID: usize = 100;

/// Why a record has no event.
#[derive(Debug)]
pub(super) struct Fault {
    /// The line of the fault; the record's first line is 1.
    pub line: usize,
    /// What is wrong and what was expected.
    pub why: String,
}

/// One record of a file.
pub(super) struct Record<'a> {
    /// The line on which it begins, from 1.
    pub line: usize,
    /// Its text, or why it is not JSON.
    pub json: Result<&'a str, Fault>,
}

/// An API page, or whatever else has `items`.
#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    items: Vec<&'a RawValue>,
}

/// Returns the `id` of a record, where it has one that is a text, to name the record in an error.
pub(super) fn id(json: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct WithId<'a> {
        #[serde(borrow)]
        id: &'a RawValue,
    }
    let record: WithId<'_> = serde_json::from_str(json).ok()?;
    let id: String = serde_json::from_str(record.id.get()).ok()?;
    Some(id.chars().take(MAX_ID).collect())
}

/// Returns the records of a text: one object, an array, a page with `items`, or one of these per line.
///
/// A text that is not a single JSON value is read line by line, so that a bad line does not affect the others; a text
/// without a line that is an object is one error.
pub(super) fn records(text: &[u8]) -> Vec<Record<'_>> {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let mut place = Place::of(text);
    let whole = match value(text) {
        Ok(value) => return place.items(value),
        Err(fault) => fault,
    };
    let lines = || {
        let lines = text.split(|byte| *byte == b'\n');
        lines.filter(|line| !line.trim_ascii().is_empty())
    };
    let is_object = |line: &[u8]| value(line).is_ok_and(|json| json.starts_with('{'));
    if !lines().any(is_object) {
        return vec![Record {
            line: 1,
            json: Err(whole),
        }];
    }
    lines()
        .flat_map(|line| match value(line) {
            Ok(value) => place.items(value),
            Err(fault) => vec![Record {
                line: place.line(line),
                json: Err(fault),
            }],
        })
        .collect()
}

/// Reads a text as one JSON value.
fn value(text: &[u8]) -> Result<&str, Fault> {
    let fault = |line: usize, column: usize, why: &str| Fault {
        line: line.max(1),
        why: format!("{why} (column {column}); endpoints as JSON were expected"),
    };
    let text = std::str::from_utf8(text).map_err(|error| {
        let (before, _) = text.split_at(error.valid_up_to());
        let column = before
            .iter()
            .rev()
            .take_while(|byte| **byte != b'\n')
            .count()
            + 1;
        fault(1 + line_feeds(before), column, "not UTF-8")
    })?;
    serde_json::from_str::<&RawValue>(text)
        .map(RawValue::get)
        .map_err(|error| {
            let why = match error.classify() {
                _ if text.trim().is_empty() => "there is nothing",
                serde_json::error::Category::Eof => "the text ends too early",
                _ => "not JSON",
            };
            fault(error.line(), error.column(), why)
        })
}

fn line_feeds(text: &[u8]) -> usize {
    text.iter().filter(|byte| **byte == b'\n').count()
}

/// A position in a text that only moves forward, so that finding the lines of all records takes one pass.
struct Place<'a> {
    text: &'a [u8],
    offset: usize,
    line: usize,
}

impl<'a> Place<'a> {
    fn of(text: &'a [u8]) -> Self {
        Self {
            text,
            offset: 0,
            line: 1,
        }
    }

    /// Returns the line, from 1, on which `part`, a slice of the text, begins. Parts must come in order.
    fn line(&mut self, part: &[u8]) -> usize {
        let offset = part
            .as_ptr()
            .addr()
            .saturating_sub(self.text.as_ptr().addr());
        self.line += self.text.get(self.offset..offset).map_or(0, line_feeds);
        self.offset = offset;
        self.line
    }

    /// Returns the endpoints in one JSON value.
    fn items(&mut self, value: &'a str) -> Vec<Record<'a>> {
        let several = match value.as_bytes().first() {
            Some(b'[') => serde_json::from_str::<Vec<&RawValue>>(value).ok(),
            Some(b'{') => serde_json::from_str::<Page<'_>>(value)
                .ok()
                .map(|page| page.items),
            _ => None,
        };
        let mut record = |json: &'a str| Record {
            line: self.line(json.as_bytes()),
            json: Ok(json),
        };
        match several {
            Some(items) => items.into_iter().map(|item| record(item.get())).collect(),
            None => vec![record(value)],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Record, id, records};

    /// The line of each record and its text, or the line of its fault.
    fn found(text: &[u8]) -> Vec<(usize, Result<&str, ()>)> {
        records(text)
            .into_iter()
            .map(|Record { line, json }| match json {
                Ok(json) => (line, Ok(json)),
                Err(fault) => (line + fault.line - 1, Err(())),
            })
            .collect()
    }

    #[test]
    fn every_form_of_file_is_read() {
        for (text, expected) in [
            ("{\"id\": 1}", vec![(1, Ok("{\"id\": 1}"))]),
            ("\n{\n\"id\": 1\n}\n", vec![(2, Ok("{\n\"id\": 1\n}"))]),
            ("[{},\n{}]", vec![(1, Ok("{}")), (2, Ok("{}"))]),
            ("[]", vec![]),
            (
                "{\"items\": [{},\n 5], \"pages\": {}}",
                vec![(1, Ok("{}")), (2, Ok("5"))],
            ),
            ("{}\n\n{}\n", vec![(1, Ok("{}")), (3, Ok("{}"))]),
            (
                "{\"items\": [1]}\n[2]\n3",
                vec![(1, Ok("1")), (2, Ok("2")), (3, Ok("3"))],
            ),
            ("{\"items\": 5}", vec![(1, Ok("{\"items\": 5}"))]),
            ("null", vec![(1, Ok("null"))]),
            ("\u{feff}{}\n{}", vec![(1, Ok("{}")), (2, Ok("{}"))]),
            ("\u{feff}[{}]", vec![(1, Ok("{}"))]),
        ] {
            assert_eq!(found(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn a_bad_line_does_not_affect_the_others() {
        for text in [&b"{}\n{\"id\n{}"[..], b"{}\r\n{\"id\": \"\xff\"}\r\n{}"] {
            assert_eq!(
                found(text),
                [(1, Ok("{}")), (2, Err(())), (3, Ok("{}"))],
                "{}",
                text.escape_ascii()
            );
        }
    }

    #[test]
    fn a_bad_first_line_does_not_affect_the_others() {
        for text in [&b"\"id\": 1}\n{}"[..], b"\xff\n{}"] {
            let records = [(1, Err(())), (2, Ok("{}"))];
            assert_eq!(found(text), records, "{}", text.escape_ascii());
        }
    }

    #[test]
    fn text_that_is_not_json_is_one_error() {
        for (text, line) in [
            (&b""[..], 1),
            (b" \n ", 2),
            (b"<html>\n</html>", 1),
            (b"{\n\"id\": 1,\n", 3),
            (b"{\n\"id\": \"\xff\"\n}", 2),
            (b"\xff\n\xff", 1),
        ] {
            assert_eq!(found(text), [(line, Err(()))], "{}", text.escape_ascii());
        }
    }

    #[test]
    fn an_id_is_a_short_text() {
        let deep = format!("{{\"id\": {}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        let long = format!("{{\"id\": \"{}\"}}", "é".repeat(200));
        for (json, expected) in [
            ("{\"a\": {}, \"id\": \"b\\u0063\"}", Some("bc".to_owned())),
            (&long, Some("é".repeat(100))),
            ("{\"id\": 5}", None),
            ("{}", None),
            ("7", None),
            (&deep, None),
        ] {
            assert_eq!(id(json), expected, "{json:.50}");
        }
    }
}
