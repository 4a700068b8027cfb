//! A downloaded list: its rows in the order of their ids, so that a walk goes on behind an id even if the list has changed.

use xxhash_rust::xxh3::xxh3_128;

use crate::bindings::inventory::connector::types::Error;
use crate::config::{self, Config, Format};
use crate::fetch::{failure, origin};
use crate::record::{Column, Node};
use crate::settings::FieldError;
use crate::split::{self, Place, Split};

/// One row of a list.
#[derive(Debug)]
pub(crate) struct Row {
    /// `None` if it has none.
    pub(crate) id: Option<Box<str>>,
    place: Place,
    /// Why it is no record of its own, as a phrase about the row.
    fault: Option<String>,
}

/// A list.
#[derive(Debug)]
pub(crate) struct List {
    text: String,
    /// Whether the text was not UTF-8, and has U+FFFD in place of what was not.
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
        for place in rows {
            let row = list.row(config, place);
            list.rows.push(row);
        }
        if !list.rows.is_empty() && list.rows.iter().all(|row| row.id.is_none()) {
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
        let record = match &row.fault {
            None => self.parse(row.place),
            Some(fault) => Err(fault.clone()),
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
        if self.is_broken && text.contains('\u{fffd}') {
            return Err("is not valid UTF-8: export the list in UTF-8".to_owned());
        }
        split::record(text, self.format, &self.header)
    }

    fn row(&self, config: &Config, place: Place) -> Row {
        let id = self.parse(place).and_then(|record| {
            let id = config.mapping.id(&record);
            id.map_err(str::to_owned)
        });
        let (id, fault) = match id {
            Ok(id) => (Some(id.into_boxed_str()), None),
            Err(fault) => (None, Some(fault)),
        };
        Row { id, place, fault }
    }

    /// Sorts the rows by their ids. Of rows with the same id only the first counts.
    fn sort(&mut self) {
        self.rows
            .sort_by(|a, b| (&a.id, a.place.number).cmp(&(&b.id, b.place.number)));
        let unit = self.unit();
        let mut first: Option<(Box<str>, u64)> = None;
        for row in &mut self.rows {
            match (&row.id, &first) {
                (Some(id), Some((known, number))) if id == known => {
                    row.fault = Some(format!("has the same id as {unit} {number}, which counts"));
                }
                (Some(id), _) => first = Some((id.clone(), row.place.number)),
                (None, _) => {}
            }
        }
    }
}

/// Returns a body as a text without a byte order mark, and whether it was not UTF-8.
fn decode(body: Vec<u8>) -> Result<(String, bool), &'static str> {
    if body.starts_with(&[0xff, 0xfe]) || body.starts_with(&[0xfe, 0xff]) {
        return Err("is in UTF-16, and must be in UTF-8");
    }
    let (mut text, is_broken) = match String::from_utf8(body) {
        Ok(text) => (text, false),
        Err(error) => (String::from_utf8_lossy(error.as_bytes()).into_owned(), true),
    };
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

    #[test]
    fn a_body_is_a_text_without_a_mark() {
        assert_eq!(
            decode(b"\xef\xbb\xbfa".to_vec()),
            Ok(("a".to_owned(), false))
        );
        assert_eq!(
            decode(b"caf\xe9".to_vec()),
            Ok(("caf\u{fffd}".to_owned(), true))
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
