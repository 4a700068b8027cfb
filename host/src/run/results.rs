//! The results of an account, shared by its tasks, so that none of them is lost with a task.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use time::OffsetDateTime;
use tracing::error;

use crate::run::report::{AccountReport, Entry, Outcome};
use crate::sandbox::rights::Rights;

/// The results of an account: one for each source that is collected, and one for the account until its sources are
/// listed. What has no result at the end has failed.
#[derive(Default)]
pub(super) struct AccountResults {
    account: String,
    /// What its component may do, once the account is ready.
    rights: OnceLock<Arc<Rights>>,
    shared: Mutex<Shared>,
}

#[derive(Default)]
struct Shared {
    /// Why what has no result has failed, where it is known.
    given_up: Option<String>,
    /// When its job began.
    started_at: Option<OffsetDateTime>,
    /// The results, in the order in which the sources ended.
    entries: Vec<Entry>,
    /// Calls that were made again to list the sources.
    retries: u64,
    /// How long another job of the account has to wait.
    postponed: Option<Duration>,
    /// The names of what has no result yet, by source; `None` is the account.
    expected: BTreeMap<Option<String>, String>,
}

impl Shared {
    fn is_cut(&self, stopping: bool) -> bool {
        self.entries.iter().any(|entry| match entry.outcome {
            Outcome::Stopped => true,
            Outcome::Failed(_) => stopping,
            _ => false,
        })
    }
}

impl AccountResults {
    /// Returns the results of an account whose sources are yet to be listed.
    pub(super) fn new(account: &str) -> Self {
        let shared = Shared {
            expected: [(None, account.to_owned())].into(),
            ..Shared::default()
        };
        Self {
            account: account.to_owned(),
            rights: OnceLock::new(),
            shared: Mutex::new(shared),
        }
    }

    /// Notes that the job begins.
    pub(super) fn begin(&self) {
        self.lock().started_at = Some(OffsetDateTime::now_utc());
    }

    /// Notes that the account is ready: what is wrong from now on is not its configuration.
    pub(super) fn ready(&self, rights: &Arc<Rights>) {
        let _ = self.rights.set(Arc::clone(rights));
    }

    /// Notes that the sources are listed, or the reason why not is added.
    pub(super) fn listed(&self, retries: u64) {
        let mut shared = self.lock();
        shared.retries += retries;
        shared.expected.remove(&None);
    }

    /// Notes that a source is collected.
    pub(super) fn expect(&self, source: &str, name: &str) {
        let source = Some(source.to_owned());
        self.lock().expected.insert(source, name.to_owned());
    }

    /// Adds the result of a source.
    pub(super) fn add(&self, entry: Entry) {
        let mut shared = self.lock();
        shared.expected.remove(&entry.source);
        shared.entries.push(entry);
    }

    /// Adds the result of a source of which nothing was collected.
    pub(super) fn add_uncollected(&self, source: String, name: String, outcome: Outcome) {
        self.add(Entry::new(&self.account, Some(source), name, outcome));
    }

    /// Adds the result of the account itself.
    pub(super) fn add_account(&self, outcome: Outcome) {
        self.add(Entry::new(
            &self.account,
            None,
            self.account.clone(),
            outcome,
        ));
    }

    /// Logs and adds that the account failed.
    pub(super) fn fail(&self, why: &str) {
        for line in why.lines() {
            error!("{line}");
        }
        self.add_account(Outcome::Failed(why.to_owned()));
    }

    /// Notes that the job ends before a wait of so long.
    pub(super) fn postpone(&self, wait: Duration) {
        let mut shared = self.lock();
        shared.postponed = shared.postponed.max(Some(wait));
    }

    /// Returns how long another job of the account has to wait.
    pub(super) fn postponed(&self) -> Option<Duration> {
        self.lock().postponed
    }

    /// Notes that what has no result by now is not collected by this job.
    pub(super) fn hand_over(&self) {
        self.lock().expected.clear();
        self.add_account(Outcome::Stopped);
    }

    /// Returns whether there are sources that cannot be collected, and none that can.
    pub(super) fn collects_nothing(&self) -> bool {
        let shared = self.lock();
        let outcomes = shared.entries.iter().map(|entry| &entry.outcome);
        let mut outcomes = outcomes.filter(|outcome| **outcome != Outcome::Skipped);
        let is_notice = |outcome: &Outcome| matches!(outcome, Outcome::NotCollectable(_));
        outcomes.next().is_some_and(is_notice) && outcomes.all(is_notice)
    }

    /// Notes why what has no result by now has failed.
    pub(super) fn give_up(&self, why: &str) {
        self.lock().given_up = Some(why.to_owned());
    }

    /// Takes the results. What was expected and has no result has failed, for the reason `why`. `stopping` says whether the
    /// run was asked to stop.
    pub(super) fn take(&self, why: &str, stopping: bool) -> AccountReport {
        let mut shared = std::mem::take(&mut *self.lock());
        let why = shared.given_up.as_deref().unwrap_or(why);
        let failed = std::mem::take(&mut shared.expected)
            .into_iter()
            .map(|(source, name)| {
                Entry::new(&self.account, source, name, Outcome::Failed(why.to_owned()))
            });
        shared.entries.extend(failed);
        let now = OffsetDateTime::now_utc();
        let denied = self.rights.get().map(|rights| rights.denials.counts());
        AccountReport {
            account: self.account.clone(),
            cut: shared.is_cut(stopping),
            ready: self.rights.get().is_some(),
            started_at: shared.started_at.unwrap_or(now),
            ended_at: now,
            retries: shared.retries,
            entries: shared.entries,
            denied: denied.unwrap_or_default(),
        }
    }

    /// Returns whether the job did not get to its end. `stopping` says whether the run was asked to stop.
    pub(super) fn is_cut(&self, stopping: bool) -> bool {
        self.lock().is_cut(stopping)
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_whose_sources_were_not_listed_has_failed() {
        let results = AccountResults::new("acme");
        let entries = results.take("no room", false).entries;
        let outcome = Outcome::Failed("no room".into());
        let expected = Entry::new("acme", None, "acme".into(), outcome);
        assert_eq!(entries, [expected]);

        let results = AccountResults::new("acme");
        results.listed(2);
        let report = results.take("no room", false);
        assert_eq!((report.entries, report.retries), (Vec::new(), 2));
    }

    #[test]
    fn a_source_without_a_result_has_failed() {
        let results = AccountResults::new("acme");
        results.listed(0);
        results.expect("t1", "One");
        results.expect("t2", "Two");
        results.add_uncollected("t2".into(), "Two".into(), Outcome::UpToDate);
        let entries = results.take("no room", false).entries;
        let entry = |id: &str, name: &str, outcome| {
            Entry::new("acme", Some(id.to_owned()), name.to_owned(), outcome)
        };
        let failed = Outcome::Failed("no room".into());
        assert_eq!(
            entries,
            [
                entry("t2", "Two", Outcome::UpToDate),
                entry("t1", "One", failed)
            ]
        );
    }
}
