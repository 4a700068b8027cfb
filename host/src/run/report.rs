//! The results of a run, as plain data.

use std::collections::BTreeMap;
use std::ops::AddAssign;
use std::time::Duration;

use serde::{Serialize, Serializer};
use time::OffsetDateTime;

use crate::sandbox::egress::denials::Rule;

/// The results of accounts: of all that a run collected, or of the last job of each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Report {
    /// Whether it was a dry run, which delivers and stores nothing.
    pub dry_run: bool,
    /// The accounts, in the order in which they ended; each once.
    pub accounts: Vec<AccountReport>,
}

/// The result of an account's job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AccountReport {
    /// The account's name.
    pub account: String,
    /// Whether its configuration, component, secrets, permissions and destination were in order. If not, nothing was
    /// requested.
    pub ready: bool,
    /// Whether a signal or `--limit` ended it before all was done.
    pub cut: bool,
    /// When the job began.
    pub started_at: OffsetDateTime,
    /// When it ended.
    pub ended_at: OffsetDateTime,
    /// Repeated calls to list the account's sources.
    pub retries: u64,
    /// The sources, in the order in which they ended.
    pub entries: Vec<Entry>,
    /// The denied requests of its component, by rule.
    pub denied: Vec<(Rule, u64)>,
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

impl AccountReport {
    /// Returns the duration of the job; zero if the clock was set back.
    pub(crate) fn took(&self) -> Duration {
        duration(self.started_at, self.ended_at)
    }
}

impl Report {
    /// Returns when the first account began.
    pub(crate) fn started_at(&self) -> OffsetDateTime {
        let starts = self.accounts.iter().map(|account| account.started_at);
        starts.min().unwrap_or_else(OffsetDateTime::now_utc)
    }

    /// Returns when the last account ended.
    pub(crate) fn ended_at(&self) -> OffsetDateTime {
        let ends = self.accounts.iter().map(|account| account.ended_at);
        ends.max().unwrap_or_else(OffsetDateTime::now_utc)
    }

    /// Returns the time from the first beginning to the last end; zero if the clock was set back.
    pub(crate) fn took(&self) -> Duration {
        duration(self.started_at(), self.ended_at())
    }

    /// Returns the sources of all accounts.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.accounts.iter().flat_map(|account| &account.entries)
    }

    /// Returns whether a signal or `--limit` ended a job before all was done.
    pub(crate) fn is_cut(&self) -> bool {
        self.accounts.iter().any(|account| account.cut)
    }

    /// Adds up the entries.
    pub(crate) fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        totals.tally.retries = self.accounts.iter().map(|account| account.retries).sum();
        for entry in self.entries() {
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
        for (rule, count) in self.accounts.iter().flat_map(|account| &account.denied) {
            *rules.entry(rule.word()).or_default() += count;
        }
        rules
    }
}

fn duration(from: OffsetDateTime, to: OffsetDateTime) -> Duration {
    (to - from).try_into().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_back_makes_a_run_of_no_duration() {
        let begin = OffsetDateTime::UNIX_EPOCH;
        for (ended_at, expected) in [
            (
                begin + Duration::from_millis(2_500),
                Duration::from_millis(2_500),
            ),
            (begin - Duration::from_secs(60), Duration::ZERO),
        ] {
            assert_eq!(duration(begin, ended_at), expected);
        }
    }
}
