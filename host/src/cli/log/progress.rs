//! The progress of a run as lines on a terminal.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use console::{Term, truncate_str};
use indicatif::{HumanCount, ProgressBar, ProgressState, ProgressStyle};

use crate::run::progress::{Board, Line};

/// The most lines for sources: more are counted, so that they do not scroll the screen.
const MAX_LINES: usize = 12;

/// Returns a bar that draws the board until it is dropped.
pub(super) fn bar(board: Arc<Mutex<Board>>) -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    let draw = move |_: &ProgressState, out: &mut dyn std::fmt::Write| {
        let (rows, columns) = Term::stderr().size();
        let board = board.lock().unwrap_or_else(PoisonError::into_inner);
        let text = text(&board, Instant::now(), rows.into(), columns.into());
        // Writing to memory cannot fail.
        let _ = out.write_str(&text);
    };
    if let Ok(style) = ProgressStyle::with_template("{board}") {
        bar.set_style(style.with_key("board", draw));
    }
    bar
}

/// Returns a line for the run, and one for each source that is collected, as far as they fit.
fn text(board: &Board, now: Instant, rows: usize, columns: usize) -> String {
    let lines = board.lines(now);
    let mut texts = vec![run(board, now)];
    let room = MAX_LINES.min(rows.saturating_sub(4)).max(1);
    let shown = match lines.len() {
        all if all <= room => all,
        _ => room - 1,
    };
    texts.extend(
        lines
            .iter()
            .take(shown)
            .map(|(line, wait)| source(line, *wait, now)),
    );
    if lines.len() > shown {
        texts.push(format!("  … and {} more", lines.len() - shown));
    }
    let cut = texts.iter().map(|text| truncate_str(text, columns, "…"));
    cut.collect::<Vec<_>>().join("\n")
}

fn run(board: &Board, now: Instant) -> String {
    let accounts = match board.accounts() {
        0 | 1 => String::new(),
        all => format!("accounts {} of {all}, ", board.ended),
    };
    let left = board.left(now).map(|left| format!(", {} left", time(left)));
    format!(
        "{accounts}sources {} of {}, events {}, {}/s{}",
        board.done,
        board.sources,
        HumanCount(board.events()),
        HumanCount(board.rate(now).round() as u64),
        left.unwrap_or_default(),
    )
}

fn source(line: &Line, wait: Option<(&str, Duration)>, now: Instant) -> String {
    let mut text = format!("  {} {}", line.account, line.name);
    text.truncate(text.trim_end().len());
    text += &match line.tally {
        None => ": listing its sources".to_owned(),
        Some(tally) => format!(": events {}", HumanCount(tally.events)),
    };
    if let Some(share) = line.share() {
        text += &format!(", {:.0} %", share * 100.0);
    }
    match (wait, line.left(now)) {
        (Some((what, left)), _) => text + "; " + what + " " + &time(left),
        (None, Some(left)) => text + ", " + &time(left) + " left",
        (None, None) => text,
    }
}

/// Returns a duration in the unit that a person would take.
fn time(duration: Duration) -> String {
    match duration.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3_600),
    }
}

#[cfg(test)]
mod tests;
