//! The text of a list to the places of its rows, and one row to a record.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::config::Format;
use crate::record::{Column, Node};

const BAD_QUOTE: &str = "has a quote in a wrong place: one inside of a quoted field is doubled, and the one that closes it ends the field";

/// The place of a row in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Its first line; in a JSON document its position in the array; from 1.
    pub(crate) number: u32,
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
            // serde_json tells this by the text alone.
            Err(error) if error.to_string().starts_with("recursion limit") => {
                Err("is nested too deeply".to_owned())
            }
            Err(_) => Err("is not JSON".to_owned()),
        };
    };
    let Ok((fields, _)) = csv_row(text, delimiter) else {
        return Err(BAD_QUOTE.to_owned());
    };
    if fields.len() != header.len() {
        let (fields, columns) = (fields.len(), header.len());
        return Err(format!("has {fields} fields, and the header {columns}"));
    }
    let member =
        |(name, field): (&String, Cow<'_, str>)| (name.clone(), Node::Scalar(field.into()));
    Ok(Node::Object(
        header.iter().zip(fields).map(member).collect(),
    ))
}

/// Reads the row of CSV at the start of a text: its fields, and how many bytes it has without its line break.
///
/// # Errors
///
/// How many bytes there are before what must not follow a closing quote; all of them if a quoted field does not end.
fn csv_row(text: &str, delimiter: u8) -> Result<(Vec<Cow<'_, str>>, usize), usize> {
    let mut fields = Vec::new();
    let mut rest = text;
    loop {
        let (field, after) = match rest.strip_prefix('"') {
            Some(quoted) => {
                let end = closing_quote(quoted).ok_or(text.len())?;
                let (field, after) = quoted.split_at(end);
                let after = after.strip_prefix('"').unwrap_or_default();
                match field.contains('"') {
                    true => (field.replace("\"\"", "\"").into(), after),
                    false => (field.into(), after),
                }
            }
            None => {
                let is_end = |byte| byte == delimiter || matches!(byte, b'\r' | b'\n');
                let (field, after) =
                    rest.split_at(rest.bytes().position(is_end).unwrap_or(rest.len()));
                (field.into(), after)
            }
        };
        fields.push(field);
        let read = text.len() - after.len();
        match after.as_bytes().first() {
            Some(byte) if *byte == delimiter => rest = after.get(1..).unwrap_or_default(),
            None | Some(b'\r' | b'\n') => return Ok((fields, read)),
            Some(_) => return Err(read),
        }
    }
}

/// Returns where the quote is that closes a field; two in a row are one quote inside of it.
fn closing_quote(quoted: &str) -> Option<usize> {
    let mut at = 0;
    loop {
        at += quoted.get(at..)?.find('"')?;
        if quoted.as_bytes().get(at + 1) != Some(&b'"') {
            return Some(at);
        }
        at += 2;
    }
}

/// Splits CSV into its rows. One with a quote in a wrong place ends with its first line.
fn csv(text: &str, delimiter: u8) -> Result<Split, String> {
    let mut header = None;
    let mut rows = Vec::new();
    let (mut at, mut number) = (0, 1);
    // The bytes of other lines that may be read in vain: without a bound, time would grow with the square of the lines.
    let mut spare = text.len();
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        // The line break behind a row, or a blank line.
        if rest.starts_with(['\r', '\n']) {
            number += u32::from(rest.starts_with('\n'));
            at += 1;
            continue;
        }
        let row = csv_row(rest, delimiter);
        let length = match &row {
            Ok((_, length)) => *length,
            Err(read) if *read == rest.len() => {
                return Err(format!(
                    "ends inside of a quoted field that begins in line {number} or later: it was cut off, or a quote is not \
                     closed"
                ));
            }
            Err(read) => {
                let line = rest.find(['\r', '\n']).unwrap_or(rest.len());
                spare = spare
                    .checked_sub(read.saturating_sub(line))
                    .ok_or_else(|| {
                        format!("has too many quotes that are not closed, one in line {number}")
                    })?;
                line
            }
        };
        match (&header, row) {
            (Some(_), _) => rows.push(Place {
                start: at,
                end: at + length,
                number,
            }),
            (None, Ok((fields, _))) => {
                header = Some(fields.iter().map(|name| name.trim().to_owned()).collect());
            }
            (None, Err(_)) => return Err(format!("has a header that {BAD_QUOTE}")),
        }
        for byte in rest.bytes().take(length) {
            number += u32::from(byte == b'\n');
        }
        at += length;
    }
    let header = header.ok_or("is empty: not even a header line is there")?;
    Ok(Split { header, rows })
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
    let place = |(number, entry): (u32, &RawValue)| {
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
