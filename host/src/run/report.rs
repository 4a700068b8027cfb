//! What a run came to: as data, and in the forms in which people and machines read it.
//!
//! | form | where |
//! |---|---|
//! | lines on standard error | [`text`], [`Report::show`] |
//! | `--summary FILE` | [`json`] |
//! | `--metrics FILE` or an address | [`Metrics`], [`Exporter`] |

use std::collections::BTreeMap;
use std::ops::AddAssign;
use std::time::Duration;

use time::OffsetDateTime;
use tracing::info;

use crate::cli::exit::ExitStatus;
use crate::cli::log::{Format, Terminal};
use crate::sandbox::egress::denials::Rule;

pub(crate) use crate::cli::report::export::{ExportError, Exporter};
pub(crate) use crate::cli::report::metrics::Metrics;
pub(crate) use crate::cli::report::server::Server;
pub(crate) use crate::cli::report::target::Target;
pub(crate) use crate::cli::report::whole_file::{WholeFile, WriteError};

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Report {
    /// When the run began.
    pub started_at: OffsetDateTime,
    /// When it ended.
    pub ended_at: OffsetDateTime,
    /// Whether nothing was delivered or stored: `--dry-run`.
    pub dry_run: bool,
    /// Whether the run ended before all of its work was done, by a signal or `--limit`.
    pub cut: bool,
    /// Calls that were made again to list the accounts' sources.
    pub retries: u64,
    /// The sources, in the order in which they ended.
    pub entries: Vec<Entry>,
    /// The requests of every account's component that were not let out: each rule with how often.
    pub denied: BTreeMap<String, Vec<(Rule, u64)>>,
}

/// What a source came to, or an account as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The account's name.
    pub account: String,
    /// The source's id; none for the account as a whole, whose sources could not be told.
    pub source: Option<String>,
    /// What a person calls the source.
    pub name: String,
    /// How it ended.
    pub outcome: Outcome,
    /// What was done until then.
    pub tally: Tally,
    /// How far the source is collected, in the component's words; none if it did not say.
    pub mark: Option<String>,
}

/// How a source ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All of it is delivered.
    UpToDate,
    /// The run was asked to stop, or `--limit` was reached.
    Stopped,
    /// It failed, with the reason in words.
    Failed(String),
    /// It cannot be collected and never was, with the reason in words: a notice.
    NotCollectable(String),
    /// The account's `only` or `skip` leaves it out: a notice.
    Skipped,
}

impl Outcome {
    /// All outcomes as the summary and the metrics write them: see [`Outcome::word`].
    pub(crate) const WORDS: [&'static str; 5] = [
        "up_to_date",
        "stopped",
        "failed",
        "not_collectable",
        "skipped",
    ];

    /// The outcome as the summary and the metrics write it.
    pub(crate) fn word(&self) -> &'static str {
        let [up_to_date, stopped, failed, not_collectable, skipped] = Self::WORDS;
        match self {
            Self::UpToDate => up_to_date,
            Self::Stopped => stopped,
            Self::Failed(_) => failed,
            Self::NotCollectable(_) => not_collectable,
            Self::Skipped => skipped,
        }
    }

    /// Why it ended so, where there is something to say.
    pub(crate) fn reason(&self) -> Option<&str> {
        match self {
            Self::Failed(reason) | Self::NotCollectable(reason) => Some(reason),
            Self::UpToDate | Self::Stopped | Self::Skipped => None,
        }
    }

    /// Whether the source was not collected, and nothing is wrong with that.
    pub(crate) fn is_notice(&self) -> bool {
        matches!(self, Self::NotCollectable(_) | Self::Skipped)
    }
}

/// What collecting came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Pages that were confirmed.
    pub pages: u64,
    /// Events that the destination confirmed.
    pub events: u64,
    /// Events that were not sent, as nothing but a heartbeat changed: `emit = "changed"`.
    pub unchanged: u64,
    /// Records that the component set aside.
    pub rejects: u64,
    /// Events that the destination refused.
    pub refused: u64,
    /// Calls of the component and requests to the destination that were made again.
    pub retries: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.pages += other.pages;
        self.events += other.events;
        self.unchanged += other.unchanged;
        self.rejects += other.rejects;
        self.refused += other.refused;
        self.retries += other.retries;
    }
}

/// The entries of a report, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    /// Sources that were collected or should have been: up to date, stopped and failed ones.
    pub sources: u64,
    /// Those of them that failed.
    pub failed: u64,
    /// Sources that cannot be collected and never were.
    pub not_collectable: u64,
    /// Sources that the configuration leaves out.
    pub skipped: u64,
    /// What was done for all of them.
    pub tally: Tally,
}

impl Report {
    /// Counts the entries.
    pub(crate) fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        totals.tally.retries = self.retries;
        for entry in &self.entries {
            totals.tally += entry.tally;
            match entry.outcome {
                Outcome::UpToDate | Outcome::Stopped => totals.sources += 1,
                Outcome::Failed(_) => {
                    totals.sources += 1;
                    totals.failed += 1;
                }
                Outcome::NotCollectable(_) => totals.not_collectable += 1,
                Outcome::Skipped => totals.skipped += 1,
            }
        }
        totals
    }

    /// How many requests were not let out, by rule, of all accounts together.
    pub(crate) fn denied_by_rule(&self) -> BTreeMap<&'static str, u64> {
        let mut rules = BTreeMap::new();
        for (rule, count) in self.denied.values().flatten() {
            *rules.entry(rule.word()).or_default() += count;
        }
        rules
    }

    /// Whether all that was asked for is done. A failed source and a record that was set aside, by the component
    /// or by the destination, are failures; notices, requests that were not let out and an early stop are none.
    pub(crate) fn status(&self) -> ExitStatus {
        let totals = self.totals();
        if totals.failed > 0 || totals.tally.rejects > 0 || totals.tally.refused > 0 {
            ExitStatus::SomeFailed
        } else {
            ExitStatus::Done
        }
    }

    /// How long the run took; zero where the clock was set back meanwhile.
    pub(crate) fn took(&self) -> Duration {
        (self.ended_at - self.started_at)
            .try_into()
            .unwrap_or_default()
    }

    /// Shows the report on standard error: [`text`], or one line of JSON for each entry and one for the
    /// run. Nothing where `--quiet` was given.
    pub(crate) fn show(&self, terminal: &Terminal) {
        match terminal.format() {
            Format::Text => crate::cli::report::text::lines(self)
                .iter()
                .for_each(|line| terminal.summary(line)),
            Format::Json => self.log(),
        }
    }

    fn log(&self) {
        for entry in &self.entries {
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
                rejects = tally.rejects,
                refused = tally.refused,
                retries = tally.retries,
                mark = entry.mark,
                "summary of a source"
            );
        }
        info!(
            exit_code = self.status() as u8,
            "summary of the run: {}",
            crate::cli::report::text::total(self)
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::report::samples::{entry, every_outcome, report};

    #[test]
    fn failures_and_rejects_are_failures_and_notices_are_none() {
        let failed = || Outcome::Failed("the API is unavailable".to_owned());
        let with = |tally| Entry {
            tally,
            ..entry("one", Outcome::UpToDate)
        };
        let rejects = Tally {
            rejects: 1,
            ..Tally::default()
        };
        let refused = Tally {
            refused: 1,
            ..Tally::default()
        };
        let suspended = Outcome::NotCollectable("the tenant is suspended".to_owned());
        for (entries, status) in [
            (vec![], ExitStatus::Done),
            (vec![entry("one", Outcome::UpToDate)], ExitStatus::Done),
            (vec![entry("one", Outcome::Stopped)], ExitStatus::Done),
            (vec![entry("one", suspended)], ExitStatus::Done),
            (vec![entry("one", Outcome::Skipped)], ExitStatus::Done),
            (vec![entry("one", failed())], ExitStatus::SomeFailed),
            (
                vec![entry("one", Outcome::UpToDate), entry("two", failed())],
                ExitStatus::SomeFailed,
            ),
            (vec![with(rejects)], ExitStatus::SomeFailed),
            (vec![with(refused)], ExitStatus::SomeFailed),
        ] {
            assert_eq!(report(entries.clone()).status(), status, "{entries:?}");
        }
        let denied = Report {
            denied: every_outcome().denied,
            ..report(vec![entry("one", Outcome::UpToDate)])
        };
        assert_eq!(denied.status(), ExitStatus::Done);
    }

    #[test]
    fn a_clock_that_is_set_back_takes_no_time() {
        let mut report = report(vec![]);
        assert_eq!(report.took(), Duration::from_millis(2_500));
        report.ended_at = report.started_at - Duration::from_secs(60);
        assert_eq!(report.took(), Duration::ZERO);
    }
}
