//! Which accounts wait for long, so that a service can say so while they do.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use time::OffsetDateTime;
use tokio::sync::Notify;

/// The shortest wait that is reported: a shorter one is over before anybody looks.
const MIN_REPORTED: Duration = Duration::from_secs(10);

/// The long waits of all accounts.
#[derive(Default)]
pub(crate) struct LongWaits {
    waits: Mutex<BTreeMap<String, LongWait>>,
    changed: Notify,
}

/// A long wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LongWait {
    /// Until when.
    pub until: OffsetDateTime,
    /// What for, as a sentence.
    pub reason: String,
}

impl LongWaits {
    /// Notes that an account waits from now on, if it is for long.
    pub(crate) fn begin(&self, account: &str, wait: Duration, reason: &str) {
        if wait < MIN_REPORTED {
            return;
        }
        let wait = LongWait {
            until: OffsetDateTime::now_utc().saturating_add(wait.try_into().unwrap_or_default()),
            reason: reason.to_owned(),
        };
        let mut waits = self.lock();
        let of_account = waits.entry(account.to_owned()).or_insert(wait.clone());
        if of_account.until < wait.until {
            *of_account = wait;
        }
        self.changed.notify_one();
    }

    /// Notes that the job of an account has ended.
    pub(crate) fn end(&self, account: &str) {
        self.lock().remove(account);
    }

    /// LongWaits until an account begins a long wait.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Returns the accounts that wait at `now`.
    pub(crate) fn at(&self, now: OffsetDateTime) -> BTreeMap<String, LongWait> {
        let mut waits = self.lock();
        waits.retain(|_, wait| wait.until > now);
        waits.clone()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, LongWait>> {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_waits_until_its_longest_wait_is_over_or_its_job_has_ended() {
        let waits = LongWaits::default();
        let now = OffsetDateTime::now_utc();
        for (account, seconds) in [("a", 100), ("a", 3_600), ("a", 60), ("b", 20), ("c", 9)] {
            waits.begin(account, Duration::from_secs(seconds), "the rate limit");
        }
        let at = |seconds| Vec::from_iter(waits.at(now + Duration::from_secs(seconds)).into_keys());
        assert_eq!(at(1), ["a", "b"]);
        assert_eq!(at(3_000), ["a"]);
        waits.end("a");
        assert_eq!(at(1), [""; 0]);
    }
}
