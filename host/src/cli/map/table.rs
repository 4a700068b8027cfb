//! The reasons for an event as a table for people.
//!
//! Every text in it comes from the component or the record, so none reaches a terminal unchanged.

use crate::cli::table;
use crate::contract::bindings::inventory::connector::types::{Explanation, MappedValue};
use crate::text::printable::printable;

/// The narrowest terminal that the table is fitted into; a narrower one breaks the lines itself.
const MIN_WIDTH: u16 = 60;

/// The length of a value on a terminal.
const MAX_VALUE: usize = 100;

/// Writes the table: the values of the event, those that were left out of it, and the fields of the record that no rule
/// used. It fits into a terminal of `columns`, with long values cut by `…`; without a terminal every text is complete.
pub(super) fn table(explanation: &Explanation, columns: Option<u16>) -> String {
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
    let rows = |values: &[MappedValue]| {
        let heading = [["path", "value", "sources", "rule"].map(str::to_owned)];
        let rows = values.iter().map(|value| row(value, columns.is_some()));
        let rows: Vec<_> = heading.into_iter().chain(rows).collect();
        table::lines(rows, columns.map(|columns| columns.max(MIN_WIDTH)))
    };
    let mut lines = rows(values);
    if !omitted.is_empty() {
        lines.extend([String::new(), "left out of the event by `omit`".to_owned()]);
        lines.extend(rows(omitted));
    }
    if !unused.is_empty() {
        lines.extend([String::new(), "source fields that no rule used".to_owned()]);
        lines.extend(unused.iter().map(|unused| pointer(unused)));
    }
    lines.join("\n") + "\n"
}

fn row(value: &MappedValue, cuts: bool) -> [String; 4] {
    let shown = |json: &str| {
        let text = printable(json);
        match text.char_indices().nth(MAX_VALUE) {
            Some((end, _)) if cuts => text.get(..end).unwrap_or_default().to_owned() + "…",
            _ => text,
        }
    };
    let sources = value.sources.iter();
    let sources = sources.map(|source| {
        format!(
            "{} = {}",
            pointer(&source.pointer),
            shown(&source.value_json)
        )
    });
    [
        pointer(&value.path),
        shown(&value.value_json),
        sources.collect::<Vec<_>>().join("\n"),
        printable(&value.rule),
    ]
}

/// Writes a JSON Pointer for a person, who would not see an empty one.
fn pointer(text: &str) -> String {
    match text {
        "" => "(the whole record)".to_owned(),
        text => printable(text),
    }
}

#[cfg(test)]
mod tests;
