//! A report as lines for people: one for each source, and the total.
//!
//! Failures come last, right above the total, with their reasons at the end of the line, so that they are seen when a run
//! ends.

use tracing::info;

use crate::cli::exit::ExitStatus;
use crate::cli::log::{Format, Terminal};
use crate::cli::table;
use crate::run::report::{Entry, Outcome, Report, Tally};
use crate::text::printable::printable;

/// Shows a report on standard error: as lines for people, or as a line of JSON for each entry and one for the run.
/// Nothing with `--quiet`.
pub(crate) fn show(report: &Report, terminal: &Terminal) {
    match terminal.format() {
        Format::Text => lines(report).iter().for_each(|line| terminal.summary(line)),
        Format::Json => log(report),
    }
}

fn log(report: &Report) {
    for entry in report.entries() {
        let tally = entry.tally;
        info!(
            account = entry.account,
            source = entry.source,
            name = entry.name,
            outcome = entry.outcome.word(),
            reason = entry.outcome.reason(),
            pages = tally.pages,
            events = tally.events,
            unchanged = tally.unchanged,
            rejects_component = tally.rejects,
            rejects_destination = tally.refused,
            retries = tally.retries,
            mark = entry.mark,
            "summary of a source"
        );
    }
    let totals = report.totals();
    let tally = totals.tally;
    info!(
        exit_code = ExitStatus::of(report) as u8,
        duration_seconds = report.took().as_secs_f64(),
        dry_run = report.dry_run,
        stopped = report.is_cut(),
        sources = totals.sources,
        failed = totals.failed,
        not_collectable = totals.not_collectable,
        skipped = totals.skipped,
        pages = tally.pages,
        events = tally.events,
        unchanged = tally.unchanged,
        rejects_component = tally.rejects,
        rejects_destination = tally.refused,
        retries = tally.retries,
        "summary of the run: {}",
        total(report)
    );
}

/// Returns a line for each entry if there are several, and the total.
fn lines(report: &Report) -> Vec<String> {
    let mut entries: Vec<_> = report.entries().collect();
    entries.sort_by_key(|entry| rank(&entry.outcome));
    let mut lines = match entries.len() {
        0 | 1 => Vec::new(),
        _ => table::lines(entries.into_iter().map(row), None),
    };
    lines.push(total(report));
    lines
}

/// Returns the line for the whole run. Rejects are those of the component and of the destination together.
fn total(report: &Report) -> String {
    let totals = report.totals();
    let tally = totals.tally;
    let dry_run = if report.dry_run { "dry run: " } else { "" };
    let skipped = match totals.skipped {
        0 => String::new(),
        skipped => format!(", {skipped} skipped"),
    };
    let stopped = if report.is_cut() {
        "; stopped before the end"
    } else {
        ""
    };
    format!(
        "{dry_run}sources {} ({} failed, {} not collectable{skipped}), pages {}, {}, retries {}, {}{:.1} s{stopped}",
        totals.sources,
        totals.failed,
        totals.not_collectable,
        tally.pages,
        delivered(&tally),
        tally.retries,
        denied(report),
        report.took().as_secs_f64(),
    )
}

/// Describes the denied requests of all accounts, if any.
fn denied(report: &Report) -> String {
    let rules = report.denied_by_rule();
    if rules.is_empty() {
        return String::new();
    }
    let total: u64 = rules.values().sum();
    let rules: Vec<_> = rules
        .iter()
        .map(|(rule, count)| format!("{rule} {count}"))
        .collect();
    format!("requests denied {total} ({}), ", rules.join(", "))
}

fn delivered(tally: &Tally) -> String {
    let mut text = format!("events {}", tally.events);
    if tally.unchanged > 0 {
        text += &format!(", unchanged {}", tally.unchanged);
    }
    text += &format!(", rejects {}", tally.rejects + tally.refused);
    if tally.refused > 0 {
        text += &format!(" ({} refused by the destination)", tally.refused);
    }
    text
}

fn rank(outcome: &Outcome) -> u8 {
    match outcome {
        Outcome::UpToDate => 0,
        Outcome::Stopped => 1,
        Outcome::Skipped => 2,
        Outcome::NotCollectable(_) => 3,
        Outcome::Failed(_) => 4,
    }
}

/// Account, name, id, outcome and details.
fn row(entry: &Entry) -> [String; 5] {
    let (outcome, rest) = match &entry.outcome {
        Outcome::UpToDate => ("up to date", delivered(&entry.tally)),
        Outcome::Stopped => ("stopped", delivered(&entry.tally)),
        Outcome::Skipped => ("skipped", "left out by the configuration".to_owned()),
        Outcome::NotCollectable(reason) => ("not collectable", reason.clone()),
        Outcome::Failed(reason) => ("failed", format!("{}: {reason}", delivered(&entry.tally))),
    };
    let source = entry.source.as_deref().unwrap_or("(the account)");
    [&entry.account, &entry.name, source, outcome, &rest].map(printable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::report::tests::{entry, every_outcome, report};

    #[test]
    fn each_source_has_a_line_and_failures_come_last() {
        assert_eq!(
            lines(&every_outcome()),
            [
                "acme   Example one    one            up to date       events 1200, unchanged 30, rejects 3 \
                 (1 refused by the destination)",
                "acme   Example three  three          stopped          events 0, rejects 0",
                "acme   Example five   five           skipped          left out by the configuration",
                "acme   Example four   four           not collectable  the tenant is suspended",
                "acme   Example two    two            failed           events 100, rejects 0: the API is \
                 unavailable: HTTP 503",
                "other  other          (the account)  failed           events 0, rejects 0: the credentials \
                 are refused",
                "sources 4 (2 failed, 1 not collectable, 1 skipped), pages 4, events 1300, unchanged 30, \
                 rejects 3 (1 refused by the destination), retries 13, requests denied 6 (host 5, userinfo 1), \
                 2.5 s",
            ]
        );
    }

    #[test]
    fn one_source_needs_no_line_of_its_own() {
        let mut one = report(vec![entry("one", Outcome::UpToDate)]);
        assert_eq!(
            lines(&one),
            [
                "sources 1 (0 failed, 0 not collectable), pages 0, events 0, rejects 0, retries 0, 2.5 s"
            ]
        );
        one.dry_run = true;
        one.accounts[0].cut = true;
        assert_eq!(
            lines(&one),
            [
                "dry run: sources 1 (0 failed, 0 not collectable), pages 0, events 0, rejects 0, retries 0, \
                 2.5 s; stopped before the end"
            ]
        );
    }

    #[test]
    fn hostile_names_and_reasons_have_no_control_characters() {
        let mut hostile = entry("\u{1b}[2J", Outcome::Failed("a\r\nb\u{9b}c".to_owned()));
        hostile.name = "tab\there".to_owned();
        for line in lines(&report(vec![hostile.clone(), hostile])) {
            assert!(!line.contains(char::is_control), "{line:?}");
        }
    }

    #[test]
    fn a_name_of_any_length_leaves_the_other_lines_in_columns() {
        let mut long = entry("one", Outcome::UpToDate);
        long.name = "x".repeat(300);
        let lines = lines(&report(vec![long, entry("two", Outcome::UpToDate)]));
        assert!(lines[1].chars().count() < 120, "{}", lines[1]);
    }
}
