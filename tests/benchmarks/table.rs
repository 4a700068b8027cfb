//! Markdown tables whose columns are aligned, so that a terminal shows them as well.

use crate::figure::{Figure, Group};
use crate::unit::Unit;

/// How long a line of prose is at most.
const WIDTH: usize = 115;

/// Returns a table of these rows below this head. A column whose head begins with a blank is aligned to the right.
pub fn table<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> String {
    let is_right = head.map(|name| name.starts_with(' '));
    let head = head.map(|name| name.trim_start().to_owned());
    let mut widths = head.clone().map(|name| name.chars().count().max(3));
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let line = |cells: &[String; N]| {
        let cells = cells.iter().zip(widths).zip(is_right);
        let cells = cells.map(|((cell, width), is_right)| {
            if is_right {
                format!(" {cell:>width$} |")
            } else {
                format!(" {cell:<width$} |")
            }
        });
        format!("|{}\n", cells.collect::<String>())
    };
    let rule = widths.iter().zip(is_right).map(|(width, is_right)| {
        let dashes = "-".repeat(width + 1);
        format!("{dashes}{}|", if is_right { ":" } else { "-" })
    });
    let rule = format!("|{}\n", rule.collect::<String>());
    line(&head) + &rule + &rows.iter().map(line).collect::<String>()
}

/// Writes a group: heading, meaning, table.
pub fn group(group: &Group) -> String {
    let rows: Vec<_> = group.figures.iter().map(row).collect();
    let head = [
        "", " median", " range", " runs", "against", " ratio", " range",
    ];
    format!(
        "## {}\n\n{}\n\n{}",
        group.title,
        textwrap::fill(&group.about, WIDTH),
        table(head, &rows)
    )
}

fn row(figure: &Figure) -> [String; 7] {
    let Figure {
        name,
        unit,
        samples,
        against,
    } = figure;
    let median = |unit: Unit, value: Option<f64>| value.map(|value| unit.write(value));
    let (reference, ratio) = against.clone().unzip();
    let ratio = ratio.unwrap_or_default();
    let range = |unit: Unit, range: Option<_>| range.map(|range| unit.write_range(range));
    [
        name.clone(),
        median(*unit, samples.median()).unwrap_or_default(),
        range(*unit, samples.range()).unwrap_or_default(),
        samples.count().to_string(),
        reference.unwrap_or_default(),
        median(Unit::Times, ratio.median()).unwrap_or_default(),
        range(Unit::Times, ratio.range()).unwrap_or_default(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_by_characters() {
        let rows = [
            ["a".to_owned(), "1 µs".to_owned()],
            ["longer".to_owned(), "10.5 µs".to_owned()],
        ];
        assert_eq!(
            table(["what", " median"], &rows),
            "| what   |  median |\n\
             |--------|--------:|\n\
             | a      |    1 µs |\n\
             | longer | 10.5 µs |\n"
        );
    }
}
