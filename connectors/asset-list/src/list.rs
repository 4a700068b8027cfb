//! A downloaded list: its rows in the order of their ids, so that a walk goes on behind an id even if the list has changed.

use std::num::NonZeroU32;

use xxhash_rust::xxh3::xxh3_128;

use crate::bindings::inventory::connector::types::Error;
use crate::config::{self, Config, Format};
use crate::fetch::{failure, origin};
use crate::record::{Column, Node};
use crate::settings::FieldError;
use crate::split::{self, Place, Split};

/// One row of a list, in few bytes: there may be millions.
#[derive(Debug)]
pub(crate) struct Row {
    /// `None` if it has none.
    pub(crate) id: Option<Box<str>>,
    place: Place,
    /// The number of an earlier row with the same id.
    pub(crate) twin: Option<NonZeroU32>,
}

/// The longest row: reading takes several times its length, and no host takes an event of that size.
const MAX_ROW: usize = 1 << 20;

/// What stands in place of a byte that is not UTF-8: as long as it, and allowed in JSON.
const NOT_UTF8: u8 = 0x7f;

/// A list.
#[derive(Debug)]
pub(crate) struct List {
    text: String,
    /// Whether the body was not UTF-8, and the text has [`NOT_UTF8`] in place of what was not.
    is_broken: bool,
    format: Format,
    /// The names in the header of CSV.
    pub(crate) header: Vec<String>,
    /// By their ids; those without one first.
    pub(crate) rows: Vec<Row>,
    /// A hash of the body.
    pub(crate) digest: String,
    pub(crate) etag: Option<String>,
}

/// Returns a hash of a body.
pub(crate) fn digest(body: &[u8]) -> String {
    format!("{:032x}", xxh3_128(body))
}

impl List {
    /// Reads a body.
    ///
    /// # Errors
    ///
    /// `protocol` if it is not a list in the format of the config, `invalid-config` if it lacks a column that the config
    /// names.
    pub(crate) fn read(
        config: &Config,
        body: Vec<u8>,
        etag: Option<String>,
    ) -> Result<Self, Error> {
        let at = origin(&config.url);
        let not_a_list = |why: String| {
            Error::Protocol(failure(format!(
                "The list from {at} {why}. Check `url` and `format` in the config."
            )))
        };
        let digest = digest(&body);
        let (text, is_broken) = decode(body).map_err(|why| not_a_list(why.to_owned()))?;
        let (format, items) = (config.format, config.items.as_ref());
        let Split { header, rows } = split::split(&text, format, items).map_err(not_a_list)?;
        if let Format::Csv(_) = format {
            check_header(config, &header)?;
        }
        let mut list = Self {
            text,
            is_broken,
            format,
            header,
            rows: Vec::with_capacity(rows.len()),
            digest,
            etag,
        };
        let mut are_without_id = !rows.is_empty();
        for place in rows {
            let record = list.parse(place);
            let id = record.map(|record| config.mapping.id(&record));
            are_without_id &= matches!(id, Ok(Err(_)));
            let id = id.ok().and_then(Result::ok).map(String::into_boxed_str);
            let twin = None;
            list.rows.push(Row { id, place, twin });
        }
        if are_without_id {
            let message = "no row of the list has an id in this column";
            return Err(config::invalid(vec![FieldError::new("/id", message)]));
        }
        list.sort();
        Ok(list)
    }

    /// Returns the record of a row.
    ///
    /// # Errors
    ///
    /// Why it is none, as a message.
    pub(crate) fn record(&self, row: &Row) -> Result<Node, String> {
        let record = match row.twin {
            None => self.parse(row.place),
            Some(number) => {
                let unit = self.unit();
                Err(format!("has the same id as {unit} {number}, which counts"))
            }
        };
        record.map_err(|fault| format!("{} {fault}", self.place(row)))
    }

    /// Returns where a row is in the list, for a message.
    pub(crate) fn place(&self, row: &Row) -> String {
        format!("{} {}", self.unit(), row.place.number)
    }

    fn unit(&self) -> &'static str {
        match self.format {
            Format::Json => "item",
            Format::Csv(_) | Format::Ndjson => "line",
        }
    }

    fn parse(&self, place: Place) -> Result<Node, String> {
        let text = self.text.get(place.start..place.end).unwrap_or_default();
        if text.len() > MAX_ROW {
            return Err("is longer than 1 MiB".to_owned());
        }
        if self.is_broken && text.as_bytes().contains(&NOT_UTF8) {
            return Err("is not valid UTF-8: export the list in UTF-8".to_owned());
        }
        split::record(text, self.format, &self.header)
    }

    /// Sorts the rows by their ids. Of rows with the same id only the first counts.
    fn sort(&mut self) {
        self.rows
            .sort_unstable_by(|a, b| (&a.id, a.place.number).cmp(&(&b.id, b.place.number)));
        let mut first: Option<&Row> = None;
        for row in &mut self.rows {
            match first {
                Some(first) if first.id == row.id && row.id.is_some() => {
                    row.twin = NonZeroU32::new(first.place.number);
                }
                _ => first = Some(row),
            }
        }
    }
}

/// Returns a body as a text without a byte order mark, and whether it was not UTF-8.
fn decode(mut body: Vec<u8>) -> Result<(String, bool), &'static str> {
    if body.starts_with(&[0xff, 0xfe]) || body.starts_with(&[0xfe, 0xff]) {
        return Err("is in UTF-16, and must be in UTF-8");
    }
    let mut is_broken = false;
    let mut at = 0;
    // In place: the text may take most of the memory.
    while let Some(rest) = body.get_mut(at..)
        && let Err(error) = str::from_utf8(rest)
    {
        let start = error.valid_up_to();
        let end = error
            .error_len()
            .map_or(rest.len(), |length| start + length);
        rest.get_mut(start..end).unwrap_or_default().fill(NOT_UTF8);
        is_broken = true;
        at += end;
    }
    let mut text = String::from_utf8(body).unwrap_or_default();
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    match text.trim_start().starts_with('<') {
        true => Err("is an HTML or XML page, such as that of a login"),
        false => Ok((text, is_broken)),
    }
}

/// Finds the columns that a config names and the header of a CSV list lacks.
///
/// # Errors
///
/// `invalid-config`. No message repeats the header: in a list without one it would be a row.
fn check_header(config: &Config, header: &[String]) -> Result<(), Error> {
    let mut errors = Vec::new();
    let mut check = |field: String, column: &Column| {
        let pointer = column.pointer();
        let message = match column.segments() {
            [name] => match header.iter().filter(|known| *known == name).count() {
                1 => return,
                0 => format!("the list has no column {name:?}: compare it with its header line"),
                _ => format!("the list has more than one column {name:?}: rename one"),
            },
            _ => {
                format!("{pointer} leads inside of a value, which CSV does not have: name a column")
            }
        };
        errors.push(FieldError::new(field, message));
    };
    check("/id".to_owned(), &config.mapping.id);
    for (name, column) in config.chosen_columns() {
        check(format!("/columns/{name}"), column);
    }
    match errors.is_empty() {
        true => Ok(()),
        false => Err(config::invalid(errors)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(format: &str, text: String) -> Result<List, Error> {
        let config = format!(r#"{{"url": "https://a.example", "format": "{format}", "id": "id"}}"#);
        List::read(&config::read(&config).unwrap(), text.into_bytes(), None)
    }

    fn reasons(list: &List) -> Vec<Option<String>> {
        let rows = list.rows.iter();
        rows.map(|row| list.record(row).err()).collect()
    }

    #[test]
    fn rows_without_a_record_are_not_taken_for_rows_without_an_id() {
        for (format, text, reason) in [
            ("csv", "id\n1,a\n", "line 2 has 2 fields, and the header 1"),
            ("ndjson", "{\"id\"\n", "line 1 is not JSON"),
        ] {
            let list = read(format, text.to_owned()).unwrap();
            assert_eq!(reasons(&list), [Some(reason.to_owned())]);
        }
        let without = read("ndjson", "{\"ID\": 1}\n".to_owned());
        assert!(matches!(without, Err(Error::InvalidConfig(_))));
    }

    #[test]
    fn a_long_row_costs_itself_alone() {
        let long = "x".repeat(MAX_ROW);
        let list = read("csv", format!("id,a\n1,{long}\n2,b\n")).unwrap();
        let reason = "line 2 is longer than 1 MiB".to_owned();
        assert_eq!(reasons(&list), [Some(reason), None]);
    }

    #[test]
    fn a_body_is_a_text_without_a_mark() {
        assert_eq!(
            decode(b"\xef\xbb\xbfa".to_vec()),
            Ok(("a".to_owned(), false))
        );
        assert_eq!(
            decode(b"caf\xe9".to_vec()),
            Ok(("caf\u{7f}".to_owned(), true))
        );
        // Cut off within a letter, and a letter behind a fault.
        assert_eq!(
            decode(b"\xffa\xc3\xa9\xe2\x82".to_vec()),
            Ok(("\u{7f}aé\u{7f}\u{7f}".to_owned(), true))
        );
        for body in [
            &b"\xff\xfea\0"[..],
            b" \n<!DOCTYPE html>",
            b"\xef\xbb\xbf<?xml",
        ] {
            assert!(decode(body.to_vec()).is_err(), "{body:?}");
        }
    }
}
