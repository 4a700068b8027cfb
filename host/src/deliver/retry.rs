//! When to try again after a failure: a pure function of the failure, the account's settings and time.
//!
//! Retries belong to the host: the error of a component or the answer of a destination says whether another attempt may
//! help. Every retry is the same call from the same cursor, or the same batch, so it can lose nothing.

use std::mem;
use std::time::Duration;

use crate::config::Retry;
use crate::contract::bindings::inventory::connector::types::{Delay, Error};

/// The longest that an API or a destination may make a run wait at a time.
const MAX_WAIT: Duration = Duration::from_secs(60 * 60);

/// The longest that an API or a destination may make a run wait between two successes, all waits together; where
/// `retry.total` is longer, as long as that. An API may count by the day, and a run ends rather than wait for
/// the next day.
pub(crate) const MAX_RATE_LIMIT_WAITS: Duration = Duration::from_secs(60 * 60);

/// How many times in a row an API or a destination may ask for fewer requests before the source is given up.
const MAX_RATE_LIMITED: u32 = 20;

/// The attempts since the last success.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    /// How many times the host has backed off.
    pauses: u32,
    rate_limited: u32,
    expired: bool,
    /// How long rate limits have asked to wait, which does not count as time without an answer.
    asked: Duration,
}

/// What a failure means for another attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RetryCause {
    /// The other side asks for fewer requests, and may say when to come back.
    RateLimited(Option<Duration>),
    /// The other side cannot answer now, and may say when to come back.
    Unavailable(Option<Duration>),
    /// The session has ended; the next attempt begins a new one.
    Expired,
    /// Another attempt does not help.
    Final,
}

impl From<&Error> for RetryCause {
    fn from(error: &Error) -> Self {
        let asked = |delay: &Delay| delay.retry_after.map(Duration::from_secs);
        match error {
            Error::RateLimited(delay) => Self::RateLimited(asked(delay)),
            Error::Unavailable(delay) => Self::Unavailable(asked(delay)),
            Error::Expired(_) => Self::Expired,
            _ => Self::Final,
        }
    }
}

impl Attempts {
    /// Returns how long to wait before the next attempt, or `None` to give up. `elapsed` is the time since the first
    /// failure after the last success,
    /// `random` a number from 0 (inclusive) to 1 (exclusive).
    ///
    /// | cause | what to do |
    /// |---|---|
    /// | `RateLimited` | wait as long as it says, but not less than a back-off, for an hour in all or `retry.total` where that is longer; as `Unavailable` where it says no time |
    /// | `Unavailable` | back off with full jitter, at least as long as it says, for `retry.total` in all without the waits of `RateLimited` |
    /// | `Expired` | try again at once, once between two successes |
    /// | `Final` | give up |
    ///
    /// The bound of a back-off doubles from `retry.first` to `retry.most` with every failure of the first two
    /// kinds, so that a time of zero does not make the host ask without a pause.
    pub(crate) fn after(
        &mut self,
        cause: RetryCause,
        retry: &Retry,
        elapsed: Duration,
        random: f64,
    ) -> Option<Duration> {
        match cause {
            RetryCause::RateLimited(Some(asked)) => {
                let wait = self.pause(retry, random).max(asked.min(MAX_WAIT));
                self.rate_limited += 1;
                self.asked += wait;
                let may_wait = self.asked <= MAX_RATE_LIMIT_WAITS.max(retry.total);
                (may_wait && self.rate_limited <= MAX_RATE_LIMITED).then_some(wait)
            }
            RetryCause::RateLimited(None) => self.back_off(Duration::ZERO, retry, elapsed, random),
            RetryCause::Unavailable(asked) => {
                self.back_off(asked.unwrap_or_default(), retry, elapsed, random)
            }
            RetryCause::Expired => {
                (!mem::replace(&mut self.expired, true)).then_some(Duration::ZERO)
            }
            RetryCause::Final => None,
        }
    }

    fn back_off(
        &mut self,
        asked: Duration,
        retry: &Retry,
        elapsed: Duration,
        random: f64,
    ) -> Option<Duration> {
        let left = retry
            .total
            .saturating_sub(elapsed.saturating_sub(self.asked));
        let asked = asked.min(MAX_WAIT);
        if left.is_zero() || asked > left {
            return None;
        }
        Some(self.pause(retry, random).max(asked).min(left))
    }

    /// Returns the next back-off; the bound doubles with each.
    fn pause(&mut self, retry: &Retry, random: f64) -> Duration {
        let bound = retry
            .first
            .saturating_mul(2_u32.saturating_pow(self.pauses))
            .min(retry.most);
        self.pauses = self.pauses.saturating_add(1);
        bound.mul_f64(random.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests;
