//! The results of a run, shared by its tasks, so that none of them is lost with a task.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::run::report::{Entry, Outcome, Tally};

/// What a run did.
#[derive(Debug, Default)]
pub(crate) struct RunResults {
    /// The result of every source, in the order in which they ended.
    pub entries: Vec<Entry>,
    /// Calls that were made again to list the sources.
    pub retries: u64,
    /// Accounts whose sources are yet to be listed.
    unlisted: BTreeSet<String>,
    /// Names of sources that are to be collected, by account and id.
    expected: BTreeMap<(String, String), String>,
    /// Why the whole run ended early.
    aborted: Option<String>,
}

/// The [`RunResults`] of a run, shared.
#[derive(Clone, Default)]
pub(crate) struct SharedResults(Arc<Mutex<RunResults>>);

impl SharedResults {
    /// Adds an account whose sources are to be listed: it has a result in any case.
    pub(super) fn expect_listing(&self, account: &str) {
        self.lock().unlisted.insert(account.to_owned());
    }

    /// Notes that the account's sources are listed, or the reason why not is reported.
    pub(super) fn listed(&self, account: &str) {
        self.lock().unlisted.remove(account);
    }

    /// Adds a source that is to be collected: it has a result in any case.
    pub(super) fn expect(&self, account: &str, source: &str, name: &str) {
        self.lock()
            .expected
            .insert((account.to_owned(), source.to_owned()), name.to_owned());
    }

    /// Adds the result of a source or an account.
    pub(super) fn add(&self, entry: Entry) {
        let mut results = self.lock();
        if let Some(source) = &entry.source {
            results
                .expected
                .remove(&(entry.account.clone(), source.clone()));
        }
        results.entries.push(entry);
    }

    /// Adds the result of a source of which nothing was collected.
    pub(super) fn add_source(&self, account: &str, id: String, name: String, outcome: Outcome) {
        self.add(uncollected(account.to_owned(), Some(id), name, outcome));
    }

    /// Adds the result of an account as a whole.
    pub(super) fn add_account(&self, account: &str, outcome: Outcome) {
        let account = account.to_owned();
        self.add(uncollected(account.clone(), None, account, outcome));
    }

    /// Returns whether an account has sources that cannot be collected, and none that can.
    pub(super) fn collects_nothing(&self, account: &str) -> bool {
        let results = self.lock();
        let outcomes = || {
            let entries = results.entries.iter();
            let of_account = entries.filter(|entry| entry.account == account);
            of_account
                .map(|entry| &entry.outcome)
                .filter(|outcome| **outcome != Outcome::Skipped)
        };
        outcomes().next().is_some()
            && outcomes().all(|outcome| matches!(outcome, Outcome::NotCollectable(_)))
    }

    /// Counts calls that were made again to list sources.
    pub(super) fn add_retries(&self, retries: u64) {
        self.lock().retries += retries;
    }

    /// Notes why the whole run ends early; the first reason counts.
    pub(super) fn abort(&self, why: String) {
        self.lock().aborted.get_or_insert(why);
    }

    /// Takes the results. Accounts and sources that were expected and have none have failed.
    pub(super) fn take(&self) -> RunResults {
        let mut results = std::mem::take(&mut *self.lock());
        let why = results.aborted.take().unwrap_or_else(|| {
            "its task ended by an error of this program. Please report this".to_owned()
        });
        let unlisted = std::mem::take(&mut results.unlisted)
            .into_iter()
            .map(|account| (account.clone(), None, account));
        let expected = std::mem::take(&mut results.expected)
            .into_iter()
            .map(|((account, source), name)| (account, Some(source), name));
        let failed = unlisted.chain(expected).map(|(account, source, name)| {
            uncollected(account, source, name, Outcome::Failed(why.clone()))
        });
        results.entries.extend(failed);
        results
    }

    fn lock(&self) -> MutexGuard<'_, RunResults> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn uncollected(account: String, source: Option<String>, name: String, outcome: Outcome) -> Entry {
    Entry {
        account,
        source,
        name,
        outcome,
        tally: Tally::default(),
        mark: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_whose_sources_were_not_listed_has_failed() {
        let results = SharedResults::default();
        results.expect_listing("acme");
        results.expect_listing("beta");
        results.listed("acme");
        let entries = results.take().entries;
        assert_eq!(entries.len(), 1);
        assert_eq!(
            (entries[0].account.as_str(), &entries[0].source),
            ("beta", &None)
        );
        assert!(matches!(entries[0].outcome, Outcome::Failed(_)));
    }

    #[test]
    fn a_source_without_a_result_has_failed() {
        for (aborted, why) in [
            (None, "error of this program"),
            (Some("no room"), "no room"),
        ] {
            let results = SharedResults::default();
            results.expect("acme", "t1", "One");
            results.expect("acme", "t2", "Two");
            results.add_source("acme", "t2".into(), "Two".into(), Outcome::UpToDate);
            if let Some(aborted) = aborted {
                results.abort(aborted.to_owned());
            }
            let entries = results.take().entries;
            assert_eq!(entries.len(), 2);
            assert_eq!(entries[0].outcome, Outcome::UpToDate);
            assert_eq!(entries[1].source.as_deref(), Some("t1"));
            assert_eq!(entries[1].name, "One");
            assert!(entries[1].outcome.reason().unwrap().contains(why));
        }
    }
}
