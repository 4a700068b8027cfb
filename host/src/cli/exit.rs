//! How a command ended, for the process's exit code.

use std::process::ExitCode;

use crate::run::report::{AccountReport, Entry, Outcome, Report};

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
    /// Returns how a run ended: it could not run where no account could.
    pub(crate) fn of(report: &Report) -> Self {
        let accounts = || report.accounts.iter().map(Self::of_account);
        if accounts().any(|status| status != Self::CouldNotRun) {
            accounts().max().unwrap_or(Self::Done).min(Self::SomeFailed)
        } else {
            accounts().max().unwrap_or(Self::Done)
        }
    }

    /// Returns how the run of an account ended. A failed source and a rejected record, by the component or by the
    /// destination, are failures; sources that are not collected, denied requests and an early stop are not.
    pub(crate) fn of_account(account: &AccountReport) -> Self {
        let failed = |entry: &Entry| {
            let rejects = entry.tally.rejects + entry.tally.refused;
            rejects > 0 || matches!(entry.outcome, Outcome::Failed(_))
        };
        match account.entries.iter().any(failed) {
            false => Self::Done,
            true if account.ready => Self::SomeFailed,
            true => Self::CouldNotRun,
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
    use crate::run::report::Tally;

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
        let mut denied = report(vec![entry("one", Outcome::UpToDate)]);
        denied.accounts[0].denied = every_outcome().accounts[0].denied.clone();
        assert_eq!(ExitStatus::of(&denied), ExitStatus::Done);
    }

    #[test]
    fn a_run_could_not_run_where_no_account_could() {
        let report_of = |ready: &[bool]| {
            let failed = Outcome::Failed("a secret is missing".to_owned());
            let account = |ready: &bool| AccountReport {
                ready: *ready,
                ..report(vec![entry("one", failed.clone())])
                    .accounts
                    .remove(0)
            };
            Report {
                accounts: ready.iter().map(account).collect(),
                ..Report::default()
            }
        };
        for (ready, status) in [
            (&[][..], ExitStatus::Done),
            (&[true], ExitStatus::SomeFailed),
            (&[false], ExitStatus::CouldNotRun),
            (&[false, false], ExitStatus::CouldNotRun),
            (&[false, true], ExitStatus::SomeFailed),
        ] {
            assert_eq!(ExitStatus::of(&report_of(ready)), status, "{ready:?}");
        }
    }
}
