//! The results of a run, as plain data.

use std::collections::BTreeMap;
use std::ops::AddAssign;
use std::time::Duration;

use serde::{Serialize, Serializer};
use time::OffsetDateTime;

use crate::sandbox::egress::denials::Rule;

/// The result of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Report {
    /// When the run began.
    pub started_at: OffsetDateTime,
    /// When it ended.
    pub ended_at: OffsetDateTime,
    /// Whether it was a dry run, which delivers and stores nothing.
    pub dry_run: bool,
    /// Whether a signal or `--limit` ended the run early.
    pub cut: bool,
    /// Repeated calls to list the accounts' sources.
    pub retries: u64,
    /// The sources, in the order in which they ended.
    pub entries: Vec<Entry>,
    /// The denied requests of each account's component, by rule.
    pub denied: BTreeMap<String, Vec<(Rule, u64)>>,
}

/// The result of a source, or of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Entry {
    /// The account's name.
    pub account: String,
    /// The source's id; `None` for the account itself, if its sources could not be listed.
    pub source: Option<String>,
    /// The source's name.
    pub name: String,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// What was done.
    #[serde(flatten)]
    pub tally: Tally,
    /// The position of the source, as the component writes it.
    pub mark: Option<String>,
}

impl Entry {
    /// Returns an entry with nothing counted.
    pub(crate) fn new(
        account: &str,
        source: Option<String>,
        name: String,
        outcome: Outcome,
    ) -> Self {
        Self {
            account: account.to_owned(),
            source,
            name,
            outcome,
            tally: Tally::default(),
            mark: None,
        }
    }
}

/// How a source ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All of it is delivered.
    UpToDate,
    /// The run was asked to stop, or `--limit` was reached.
    Stopped,
    /// It failed, with the reason.
    Failed(String),
    /// It cannot be collected and never was, with the reason: a notice.
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

    /// Returns the reason, if the outcome has one.
    pub(crate) fn reason(&self) -> Option<&str> {
        match self {
            Self::Failed(reason) | Self::NotCollectable(reason) => Some(reason),
            Self::UpToDate | Self::Stopped | Self::Skipped => None,
        }
    }

    /// Returns whether the source was not collected and this is not a failure.
    pub(crate) fn is_notice(&self) -> bool {
        matches!(self, Self::NotCollectable(_) | Self::Skipped)
    }
}

impl Serialize for Outcome {
    /// Serializes the word and the reason, both always there.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Written<'a> {
            outcome: &'static str,
            reason: Option<&'a str>,
        }
        let (outcome, reason) = (self.word(), self.reason());
        Written { outcome, reason }.serialize(serializer)
    }
}

/// Counts of what was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Tally {
    /// Confirmed pages.
    pub pages: u64,
    /// Events that the destination confirmed.
    pub events: u64,
    /// Events that were not sent because only a heartbeat changed: `emit = "changed"`.
    pub unchanged: u64,
    /// Records that the component rejected.
    #[serde(rename = "rejects_component")]
    pub rejects: u64,
    /// Events that the destination rejected.
    #[serde(rename = "rejects_destination")]
    pub refused: u64,
    /// Repeated calls of the component and repeated requests to the destination.
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

/// The sums of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Totals {
    /// Sources that are up to date, stopped or failed.
    pub sources: u64,
    /// Those of them that failed.
    pub failed: u64,
    /// Sources that cannot be collected and never were.
    pub not_collectable: u64,
    /// Sources that the configuration skips.
    pub skipped: u64,
    /// What was done for all of them.
    #[serde(flatten)]
    pub tally: Tally,
}

impl Report {
    /// Adds up the entries.
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

    /// Counts the denied requests of all accounts by rule.
    pub(crate) fn denied_by_rule(&self) -> BTreeMap<&'static str, u64> {
        let mut rules = BTreeMap::new();
        for (rule, count) in self.denied.values().flatten() {
            *rules.entry(rule.word()).or_default() += count;
        }
        rules
    }

    /// Returns the duration of the run; zero if the clock was set back.
    pub(crate) fn took(&self) -> Duration {
        (self.ended_at - self.started_at)
            .try_into()
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_back_makes_a_run_of_no_duration() {
        let started_at = OffsetDateTime::UNIX_EPOCH;
        let mut report = Report {
            started_at,
            ended_at: started_at + Duration::from_millis(2_500),
            dry_run: false,
            cut: false,
            retries: 0,
            entries: Vec::new(),
            denied: BTreeMap::new(),
        };
        assert_eq!(report.took(), Duration::from_millis(2_500));
        report.ended_at = started_at - Duration::from_secs(60);
        assert_eq!(report.took(), Duration::ZERO);
    }
}
