//! What a run has done so far, shared by its tasks, so that none of it is lost with them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::run::report::{Entry, Outcome, Tally};

/// What a run did.
#[derive(Debug, Default)]
pub(crate) struct Done {
    /// What became of every source, in the order in which they ended.
    pub entries: Vec<Entry>,
    /// Calls that were made again to list the sources.
    pub retries: u64,
    /// Accounts whose sources are yet to be listed.
    unlisted: BTreeSet<String>,
    /// Names of sources that are to be collected, by account and id.
    awaited: BTreeMap<(String, String), String>,
    /// What ended the whole run, in words.
    broken_by: Option<String>,
}

/// A run's [`Done`], shared.
#[derive(Clone, Default)]
pub(super) struct SharedDone(Arc<Mutex<Done>>);

impl SharedDone {
    /// An account's sources are to be listed: it is told at the end in any case.
    pub(super) fn expect_listing(&self, account: &str) {
        self.lock().unlisted.insert(account.to_owned());
    }

    /// They are listed, or it is told why not.
    pub(super) fn listed(&self, account: &str) {
        self.lock().unlisted.remove(account);
    }

    /// A source is to be collected: it is told at the end in any case.
    pub(super) fn expect(&self, account: &str, source: &str, name: &str) {
        self.lock()
            .awaited
            .insert((account.to_owned(), source.to_owned()), name.to_owned());
    }

    /// What became of a source.
    pub(super) fn add(&self, entry: Entry) {
        let mut done = self.lock();
        if let Some(source) = &entry.source {
            done.awaited
                .remove(&(entry.account.clone(), source.clone()));
        }
        done.entries.push(entry);
    }

    /// What became of a source of which nothing was collected; of the account as a whole without one.
    pub(super) fn tell(&self, account: &str, source: Option<(String, String)>, outcome: Outcome) {
        let (source, name) = source.unzip();
        self.add(Entry {
            account: account.to_owned(),
            name: name.unwrap_or_else(|| account.to_owned()),
            source,
            outcome,
            tally: Tally::default(),
            mark: None,
        });
    }

    /// Whether an account has sources that cannot be collected, and none that can.
    pub(super) fn collects_nothing(&self, account: &str) -> bool {
        let done = self.lock();
        let outcomes = || {
            let entries = done.entries.iter();
            let of_account = entries.filter(|entry| entry.account == account);
            of_account
                .map(|entry| &entry.outcome)
                .filter(|outcome| **outcome != Outcome::Skipped)
        };
        outcomes().next().is_some()
            && outcomes().all(|outcome| matches!(outcome, Outcome::NotCollectable(_)))
    }

    /// Counts calls that were made again to list sources.
    pub(super) fn retried(&self, retries: u64) {
        self.lock().retries += retries;
    }

    /// Something ends the whole run.
    pub(super) fn broken_by(&self, why: String) {
        self.lock().broken_by.get_or_insert(why);
    }

    /// All of it. Sources that were to be collected and of which nothing was told have failed.
    pub(super) fn take(&self) -> Done {
        let mut done = std::mem::take(&mut *self.lock());
        let why = done.broken_by.take().unwrap_or_else(|| {
            "its task broke off by a fault of this program. Please report this".to_owned()
        });
        let unlisted = std::mem::take(&mut done.unlisted)
            .into_iter()
            .map(|account| (account.clone(), None, account));
        let awaited = std::mem::take(&mut done.awaited)
            .into_iter()
            .map(|((account, source), name)| (account, Some(source), name));
        for (account, source, name) in unlisted.chain(awaited) {
            done.entries.push(Entry {
                account,
                source,
                name,
                outcome: Outcome::Failed(why.clone()),
                tally: Tally::default(),
                mark: None,
            });
        }
        done
    }

    fn lock(&self) -> MutexGuard<'_, Done> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_whose_sources_nobody_listed_has_failed() {
        let done = SharedDone::default();
        done.expect_listing("acme");
        done.expect_listing("beta");
        done.listed("acme");
        let entries = done.take().entries;
        assert_eq!(entries.len(), 1);
        assert_eq!(
            (entries[0].account.as_str(), &entries[0].source),
            ("beta", &None)
        );
        assert!(matches!(entries[0].outcome, Outcome::Failed(_)));
    }

    #[test]
    fn a_source_that_nobody_told_of_has_failed() {
        for (broken_by, why) in [
            (None, "fault of this program"),
            (Some("no room"), "no room"),
        ] {
            let done = SharedDone::default();
            done.expect("acme", "t1", "One");
            done.expect("acme", "t2", "Two");
            let two = ("t2".to_owned(), "Two".to_owned());
            done.tell("acme", Some(two), Outcome::UpToDate);
            if let Some(broken_by) = broken_by {
                done.broken_by(broken_by.to_owned());
            }
            let entries = done.take().entries;
            assert_eq!(entries.len(), 2);
            assert_eq!(entries[0].outcome, Outcome::UpToDate);
            assert_eq!(entries[1].source.as_deref(), Some("t1"));
            assert_eq!(entries[1].name, "One");
            assert!(entries[1].outcome.reason().unwrap().contains(why));
        }
    }
}
