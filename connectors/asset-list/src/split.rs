//! The text of a list to the places of its rows, and one row to a record.

use std::collections::BTreeMap;

use csv_core::ReadRecordResult;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::config::Format;
use crate::record::{Column, Node};

/// The place of a row in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Its first line; in a JSON document its position in the array; from 1.
    pub(crate) number: u64,
}

/// The rows of a list.
#[derive(Debug)]
pub(crate) struct Split {
    /// The names in the header of CSV.
    pub(crate) header: Vec<String>,
    pub(crate) rows: Vec<Place>,
}

/// Splits a list into its rows, in their order.
///
/// # Errors
///
/// Why the text is not a list, as a phrase about it.
pub(crate) fn split(text: &str, format: Format, items: Option<&Column>) -> Result<Split, String> {
    match format {
        Format::Csv(delimiter) => csv(text, delimiter),
        Format::Json => json(text, items),
        Format::Ndjson => Ok(lines(text)),
    }
}

/// Reads a row.
///
/// # Errors
///
/// Why it is not a record, as a phrase about it.
pub(crate) fn record(text: &str, format: Format, header: &[String]) -> Result<Node, String> {
    let Format::Csv(delimiter) = format else {
        return match serde_json::from_str(text) {
            Ok(record @ Node::Object(_)) => Ok(record),
            Ok(_) => Err("is not a JSON object".to_owned()),
            Err(error) if error.is_syntax() || error.is_eof() => Err("is not JSON".to_owned()),
            Err(_) => Err("is nested too deeply".to_owned()),
        };
    };
    let mut rows = Rows::new(text, delimiter);
    let fields = rows.next().map(|row| row.fields).unwrap_or_default();
    if fields.len() != header.len() {
        let (fields, columns) = (fields.len(), header.len());
        return Err(format!("has {fields} fields, and the header {columns}"));
    }
    let member =
        |(name, field): (&String, String)| (name.clone(), Node::Scalar(Value::from(field)));
    Ok(Node::Object(
        header.iter().zip(fields).map(member).collect(),
    ))
}

/// A row of CSV.
struct CsvRow {
    place: Place,
    fields: Vec<String>,
}

/// The rows of a CSV text, the header included.
struct Rows<'t> {
    text: &'t str,
    at: usize,
    reader: csv_core::Reader,
    /// Grow to the largest row.
    output: Vec<u8>,
    ends: Vec<usize>,
}

impl<'t> Rows<'t> {
    fn new(text: &'t str, delimiter: u8) -> Self {
        Self {
            text,
            at: 0,
            reader: csv_core::ReaderBuilder::new().delimiter(delimiter).build(),
            output: vec![0; 1024],
            ends: vec![0; 32],
        }
    }
}

impl Iterator for Rows<'_> {
    type Item = CsvRow;

    fn next(&mut self) -> Option<CsvRow> {
        // Blank lines, and the rest of the line break before, are no part of a row.
        let rest = self.text.get(self.at..)?;
        let blank = rest.len() - rest.trim_start_matches(['\r', '\n']).len();
        let lines = rest
            .bytes()
            .take(blank)
            .filter(|byte| *byte == b'\n')
            .count() as u64;
        let number = self.reader.line() + lines;
        let start = self.at + blank;
        let (mut written, mut ended) = (0, 0);
        loop {
            let input = self.text.as_bytes().get(self.at..)?;
            let output = self.output.get_mut(written..)?;
            let ends = self.ends.get_mut(ended..)?;
            let (result, read, wrote, found) = self.reader.read_record(input, output, ends);
            self.at += read;
            written += wrote;
            ended += found;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => self.output.resize(self.output.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::Record => break,
                ReadRecordResult::End => return None,
            }
        }
        let mut begin = 0;
        let fields = self.ends.iter().take(ended).map(|end| {
            let field = self.output.get(begin..*end).unwrap_or_default();
            begin = *end;
            String::from_utf8_lossy(field).into_owned()
        });
        Some(CsvRow {
            fields: fields.collect(),
            place: Place {
                start,
                end: self.at,
                number,
            },
        })
    }
}

fn csv(text: &str, delimiter: u8) -> Result<Split, String> {
    let mut rows = Rows::new(text, delimiter);
    let header = rows
        .next()
        .ok_or("is empty: not even a header line is there")?;
    let mut places = Vec::new();
    let mut last = header.place;
    for row in rows {
        last = row.place;
        places.push(row.place);
    }
    let raw = text.get(last.start..last.end).unwrap_or_default();
    let quotes = raw.bytes().filter(|byte| *byte == b'"').count();
    if quotes % 2 == 1 && raw.trim_end().contains('\n') {
        return Err(format!(
            "ends inside of a quoted field that begins in line {} or later: it was cut off, or a quote is not closed",
            last.number
        ));
    }
    let name = |name: String| name.trim().to_owned();
    Ok(Split {
        header: header.fields.into_iter().map(name).collect(),
        rows: places,
    })
}

fn json(text: &str, items: Option<&Column>) -> Result<Split, String> {
    let not_json = |error: serde_json::Error| {
        let (line, column) = (error.line(), error.column());
        format!("is not JSON: the first fault is in line {line}, column {column}")
    };
    let mut value: &RawValue = serde_json::from_str(text).map_err(not_json)?;
    for segment in items.map_or(&[][..], Column::segments) {
        let members: BTreeMap<String, &RawValue> =
            serde_json::from_str(value.get()).map_err(|_| no_array(items))?;
        value = members.get(segment).ok_or_else(|| no_array(items))?;
    }
    let entries: Vec<&RawValue> = serde_json::from_str(value.get()).map_err(|_| no_array(items))?;
    let base = text.as_ptr().addr();
    let place = |(number, entry): (u64, &RawValue)| {
        let start = entry.get().as_ptr().addr().saturating_sub(base);
        let end = start + entry.get().len();
        Place { start, end, number }
    };
    Ok(Split {
        header: Vec::new(),
        rows: (1..).zip(entries).map(place).collect(),
    })
}

fn no_array(items: Option<&Column>) -> String {
    match items {
        Some(column) => format!(
            "has no array at {}, which is `items` in the config",
            column.pointer()
        ),
        None => "is not an array: say with `items` in the config where the array is".to_owned(),
    }
}

fn lines(text: &str) -> Split {
    let mut rows = Vec::new();
    let mut start = 0;
    for (number, line) in (1..).zip(text.split('\n')) {
        let end = start + line.len();
        if !line.trim().is_empty() {
            rows.push(Place { start, end, number });
        }
        start = end + 1;
    }
    Split {
        header: Vec::new(),
        rows,
    }
}

#[cfg(test)]
mod tests;
