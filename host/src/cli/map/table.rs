//! The reasons for an event as a table for people.
//!
//! Every text of it is the component's or the record's own, so none reaches a terminal as it came.

use std::iter;

use console::{Alignment, measure_text_width, pad_str, truncate_str};
use textwrap::WordSeparator;
use textwrap::core::Word;

use crate::contract::bindings::inventory::connector::types::{
    Explanation, MappedValue, SourceValue,
};
use crate::text::printable::printable;

/// The heading of each column, and its share of a terminal that is too narrow for all.
const COLUMNS: [(&str, usize); 4] = [("path", 3), ("value", 2), ("sources", 4), ("rule", 3)];

/// What stands between two columns.
const GAP: &str = "  ";

/// What stands between a source's pointer and its value.
const EQUALS: &str = " = ";

/// The widest that a column is made where there is no terminal; what is longer stands out.
const WIDEST: usize = 50;

/// The narrowest terminal that a table is fitted into; one that is narrower breaks the lines itself.
const NARROWEST: usize = 60;

/// How much of a source's value must fit behind its pointer, in columns; else it has a line of its own.
const LEAST_VALUE: usize = 8;

/// What stands before the path of a value that is not in the event.
const LEFT_OUT: &str = "- ";

/// The table, each line of it with a line break: the values of the event, those that were left out of it, and the
/// source fields that stand behind none. On a terminal of so many `columns` long texts are wrapped and long values cut
/// by `…`; without one every text is whole.
pub(super) fn table(explanation: &Explanation, columns: Option<usize>) -> String {
    let Explanation {
        event,
        values,
        omitted,
        unused,
    } = explanation;
    if values.is_empty() && omitted.is_empty() && unused.is_empty() {
        return format!(
            "The component gives no reasons for this event:\n{}\n",
            printable(event)
        );
    }
    let in_event: Vec<_> = values.iter().map(|value| Row::new("", value)).collect();
    let left_out: Vec<_> = omitted
        .iter()
        .map(|value| Row::new(LEFT_OUT, value))
        .collect();
    let columns = Columns::new(in_event.iter().chain(&left_out), columns);
    let mut text = String::new();
    columns.write(
        &mut text,
        COLUMNS.map(|(heading, _)| vec![heading.to_owned()]),
    );
    for row in in_event {
        columns.write(&mut text, columns.cells(row));
    }
    if !left_out.is_empty() {
        text += "\nleft out of the event by `omit`\n";
    }
    for row in left_out {
        columns.write(&mut text, columns.cells(row));
    }
    if !unused.is_empty() {
        text += "\nsource fields that no rule used\n";
    }
    for unused in unused {
        text += &pointer(unused);
        text.push('\n');
    }
    text
}

/// The texts of one value, fit for a terminal.
struct Row {
    path: String,
    value: String,
    /// Pointer and value of each.
    sources: Vec<(String, String)>,
    rule: String,
}

impl Row {
    fn new(mark: &str, value: &MappedValue) -> Self {
        let sources = value.sources.iter();
        let sources = sources.map(
            |SourceValue {
                 pointer: at,
                 value_json,
             }| (pointer(at), printable(value_json)),
        );
        Self {
            path: format!("{mark}{}", pointer(&value.path)),
            value: printable(&value.value_json),
            sources: sources.collect(),
            rule: printable(&value.rule),
        }
    }

    /// How wide each column must be to hold its text on one line.
    fn widths(&self) -> [usize; 4] {
        let sources = self.sources.iter();
        let sources = sources.map(|(pointer, value)| {
            measure_text_width(pointer) + measure_text_width(EQUALS) + measure_text_width(value)
        });
        [
            measure_text_width(&self.path),
            measure_text_width(&self.value),
            sources.max().unwrap_or(0),
            measure_text_width(&self.rule),
        ]
    }
}

/// A JSON Pointer for a person: the empty one would not be seen.
fn pointer(text: &str) -> String {
    match text {
        "" => "(the whole)".to_owned(),
        text => printable(text),
    }
}

/// How wide the columns are.
struct Columns {
    widths: [usize; 4],
    /// Whether what does not fit is wrapped or cut.
    fitted: bool,
}

impl Columns {
    fn new<'a>(rows: impl Iterator<Item = &'a Row>, terminal: Option<usize>) -> Self {
        let headings = COLUMNS.map(|(heading, _)| heading.len());
        let needed = rows.fold(headings, |widest, row| max(widest, row.widths()));
        let gaps = GAP.len() * (COLUMNS.len() - 1);
        Self {
            widths: match terminal {
                Some(columns) => fit(needed, columns.max(NARROWEST) - gaps),
                None => needed.map(|width| width.min(WIDEST)),
            },
            fitted: terminal.is_some(),
        }
    }

    /// The lines of each cell.
    fn cells(&self, row: Row) -> [Vec<String>; 4] {
        let sources = row.sources;
        if !self.fitted {
            let sources = sources.into_iter();
            let sources = sources.map(|(pointer, value)| pointer + EQUALS + &value);
            return [
                vec![row.path],
                vec![row.value],
                sources.collect(),
                vec![row.rule],
            ];
        }
        let [path, value, source, rule] = self.widths;
        [
            wrap_pointer(&row.path, path),
            vec![truncate_str(&row.value, value, "…").into_owned()],
            sources
                .iter()
                .flat_map(|(pointer, value)| source_lines(pointer, value, source))
                .collect(),
            wrap(&row.rule, rule, WordSeparator::AsciiSpace),
        ]
    }

    /// Adds a row with these cells to a text.
    fn write(&self, text: &mut String, cells: [Vec<String>; 4]) {
        let height = cells.iter().map(Vec::len).max().unwrap_or(0);
        let mut cells = cells.map(Vec::into_iter);
        for _ in 0..height {
            let cells = cells.iter_mut().zip(self.widths);
            let cells: Vec<_> = cells
                .map(|(cell, width)| {
                    let line = cell.next().unwrap_or_default();
                    pad_str(&line, width, Alignment::Left, None).into_owned()
                })
                .collect();
            text.push_str(cells.join(GAP).trim_end());
            text.push('\n');
        }
    }
}

fn max(one: [usize; 4], other: [usize; 4]) -> [usize; 4] {
    let mut pairs = iter::zip(one, other);
    one.map(|width| pairs.next().map_or(width, |(one, other)| one.max(other)))
}

/// The widths of columns that need so much where there is `room` for all of them together: whatever its share
/// suffices for has what it needs, and the others divide what is left.
fn fit(needed: [usize; 4], room: usize) -> [usize; 4] {
    let mut shares = COLUMNS.iter().map(|(_, share)| *share);
    let mut columns = needed.map(|needed| (needed, shares.next().unwrap_or(1), false));
    loop {
        let fitted = columns.iter().filter(|(.., fits)| *fits);
        let left = room.saturating_sub(fitted.map(|(needed, ..)| needed).sum());
        let others = columns.iter().filter(|(.., fits)| !fits);
        let all: usize = others.map(|(_, share, _)| share).sum();
        let mut changed = false;
        for (needed, share, fits) in &mut columns {
            if !*fits && needed.saturating_mul(all) <= left * *share {
                *fits = true;
                changed = true;
            }
        }
        if !changed {
            return columns.map(|(needed, share, fits)| match fits {
                true => needed,
                false => left * share / all.max(1),
            });
        }
    }
}

/// A source within so many columns: its pointer is whole, on several lines if need be, and its value is cut.
fn source_lines(pointer: &str, value: &str, width: usize) -> Vec<String> {
    let mut lines = wrap_pointer(pointer, width.saturating_sub(EQUALS.trim_end().len()));
    let mut line = lines.pop().unwrap_or_default() + EQUALS;
    let mut left = width.saturating_sub(measure_text_width(&line));
    if left < measure_text_width(value).min(LEAST_VALUE) {
        lines.push(line.trim_end().to_owned());
        line = GAP.to_owned();
        left = width.saturating_sub(GAP.len());
    }
    line += &truncate_str(value, left, "…");
    lines.push(line);
    lines
}

/// A pointer within so many columns, broken behind a slash where that is possible.
fn wrap_pointer(pointer: &str, width: usize) -> Vec<String> {
    let behind_slashes =
        WordSeparator::Custom(|line| Box::new(line.split_inclusive('/').map(Word::from)));
    wrap(pointer, width, behind_slashes)
}

fn wrap(text: &str, width: usize, between: WordSeparator) -> Vec<String> {
    let options = textwrap::Options::new(width).word_separator(between);
    let lines = textwrap::wrap(text, options).into_iter();
    lines.map(|line| line.into_owned()).collect()
}

#[cfg(test)]
mod tests;
