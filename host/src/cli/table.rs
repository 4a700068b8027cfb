//! Tables for a terminal: columns two spaces apart, without lines around them.

use comfy_table::presets::NOTHING;
use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width};

/// The space between two columns.
const GAP: u16 = 2;

/// The width of all columns but the last where no total width is given, with the gap behind it.
const MAX_COLUMN: u16 = 60 + GAP;

/// Lays rows out in lines. Longer text is wrapped in its column: to fit all columns into `width`, or without one at
/// [`MAX_COLUMN`] in all but the last, so that a long text does not push the others away.
pub(crate) fn lines<const N: usize>(
    rows: impl IntoIterator<Item = [String; N]>,
    width: Option<u16>,
) -> Vec<String> {
    let mut table = Table::new();
    table.load_style(NOTHING).add_rows(rows);
    if let Some(width) = width {
        table
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(width);
    }
    for (index, column) in table.column_iter_mut().enumerate() {
        let is_last = index + 1 == N;
        column.set_padding((0, if is_last { 0 } else { GAP }));
        if width.is_none() && !is_last {
            column.set_constraint(ColumnConstraint::UpperBoundary(Width::Fixed(MAX_COLUMN)));
        }
    }
    table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_lines_have_no_trailing_spaces() {
        let rows = [["a", "端末", ""], ["long", "b", "last"]];
        let rows = rows.map(|row| row.map(str::to_owned));
        assert_eq!(lines(rows, None), ["a     端末", "long  b     last"]);
    }

    #[test]
    fn a_long_text_is_wrapped_but_in_the_last_column() {
        let rows = [["x".repeat(300), "y".repeat(300)]];
        let lines = lines(rows, None);
        let widths: Vec<_> = lines.iter().map(String::len).collect();
        assert_eq!(widths, [362, 60, 60, 60, 60]);
    }
}
