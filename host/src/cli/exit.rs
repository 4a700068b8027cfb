//! How a command ended, for the process's exit code.

use std::process::ExitCode;

use crate::run::report::Report;

/// How a command ended. A command that returns an `Err` instead could not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum ExitStatus {
    /// Everything that was asked for is done.
    Done = 0,
    /// The command ran, and at least one source or record failed.
    SomeFailed = 1,
    /// The command could not run: a wrong flag, configuration, component or state.
    CouldNotRun = 2,
}

impl ExitStatus {
    /// Returns how a run ended. A failed source and a rejected record, by the component or by the destination, are
    /// failures; sources that are not collected, denied requests and an early stop are not.
    pub(crate) fn of(report: &Report) -> Self {
        let totals = report.totals();
        if totals.failed > 0 || totals.tally.rejects > 0 || totals.tally.refused > 0 {
            Self::SomeFailed
        } else {
            Self::Done
        }
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        ExitCode::from(status as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::report::tests::{entry, every_outcome, report};
    use crate::run::report::{Entry, Outcome, Tally};

    #[test]
    fn failed_sources_and_rejects_are_failures_and_uncollected_sources_are_not() {
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
            assert_eq!(
                ExitStatus::of(&report(entries.clone())),
                status,
                "{entries:?}"
            );
        }
        let denied = Report {
            denied: every_outcome().denied,
            ..report(vec![entry("one", Outcome::UpToDate)])
        };
        assert_eq!(ExitStatus::of(&denied), ExitStatus::Done);
    }
}
