//! When to try again after a failure: a pure function of the failure, the account's settings and time.
//!
//! Retries belong to the host: the component takes one step and tells by its error whether another may
//! help, and a destination tells it by its answer. Every retry is the same call from the same cursor, or the
//! same batch, so it can lose nothing.

use std::time::Duration;

use crate::config::Retry;
use crate::contract::bindings::inventory::connector::types::{Delay, Error};

/// The longest that an API or a destination may make a run wait at a time.
const LONGEST_WAIT: Duration = Duration::from_secs(60 * 60);

/// The longest that an API or a destination may make a run wait between two good answers, all waits together; where
/// `retry.total` is longer, as long as that. An API counts by the minute, the hour or the day, and a run that waits for
/// the next day is better begun anew.
pub(crate) const MAX_RATE_LIMIT_WAITS: Duration = Duration::from_secs(60 * 60);

/// How many times in a row an API or a destination may ask for fewer requests before the source is given up.
const MOST_RATE_LIMITED: u32 = 20;

/// What has been tried since the last good answer.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    /// How many times the host has backed off.
    pauses: u32,
    rate_limited: u32,
    expired: bool,
    /// How long the other side asked to wait, by a rate limit: not held against it.
    asked: Duration,
}

/// What a failure means for another try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The other side asks for fewer requests, and may tell when to come back.
    RateLimited(Option<Duration>),
    /// The other side cannot answer now, and may tell when to come back.
    Unavailable(Option<Duration>),
    /// The session has ended; the next try begins a new one.
    Expired,
    /// Another try does not help.
    Final,
}

impl From<&Error> for Fault {
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

/// What to do after a failure.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Call again after so long; zero is at once.
    Again(Duration),
    /// Stop the source.
    GiveUp,
}

impl Attempts {
    /// What to do after `fault`. `elapsed` is the time since the first failure after the last good answer,
    /// `random` a number from 0 (inclusive) to 1 (exclusive).
    ///
    /// | fault | what |
    /// |---|---|
    /// | `RateLimited` | wait what is asked, but not less than a back-off, for an hour in all or `retry.total` where that is longer; as `Unavailable` where no time is named |
    /// | `Unavailable` | back off with full jitter, not less than is asked, for `retry.total` in all, what `RateLimited` asked for apart |
    /// | `Expired` | at once, once between two good answers |
    /// | `Final` | give up |
    ///
    /// The bound of a back-off doubles from `retry.first` to `retry.most` with every failure of the first two
    /// kinds: a time that is over when it is told, or is none, does not make the host ask without a pause.
    pub(crate) fn after(
        &mut self,
        fault: impl Into<Fault>,
        retry: &Retry,
        elapsed: Duration,
        random: f64,
    ) -> Next {
        match fault.into() {
            Fault::RateLimited(Some(asked)) => {
                self.rate_limited += 1;
                if self.rate_limited > MOST_RATE_LIMITED {
                    return Next::GiveUp;
                }
                let wait = self.pause(retry, random).max(asked.min(LONGEST_WAIT));
                if self.asked + wait > MAX_RATE_LIMIT_WAITS.max(retry.total) {
                    return Next::GiveUp;
                }
                self.asked += wait;
                Next::Again(wait)
            }
            Fault::RateLimited(None) => self.back_off(Duration::ZERO, retry, elapsed, random),
            Fault::Unavailable(asked) => {
                self.back_off(asked.unwrap_or_default(), retry, elapsed, random)
            }
            Fault::Expired if !self.expired => {
                self.expired = true;
                Next::Again(Duration::ZERO)
            }
            Fault::Expired | Fault::Final => Next::GiveUp,
        }
    }

    fn back_off(&mut self, asked: Duration, retry: &Retry, elapsed: Duration, random: f64) -> Next {
        let spent = elapsed.saturating_sub(self.asked);
        let Some(left) = retry
            .total
            .checked_sub(spent)
            .filter(|left| !left.is_zero())
        else {
            return Next::GiveUp;
        };
        let asked = asked.min(LONGEST_WAIT);
        if asked > left {
            return Next::GiveUp;
        }
        Next::Again(self.pause(retry, random).max(asked).min(left))
    }

    /// The next back-off, which grows with each.
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
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::{Attempts, LONGEST_WAIT, Next};
    use crate::config::Retry;
    use crate::contract::bindings::inventory::connector::types::{Delay, Error, Failure};

    const RETRY: Retry = Retry {
        total: Duration::from_secs(100),
        first: Duration::from_secs(1),
        most: Duration::from_secs(8),
    };

    fn delay(retry_after: Option<u64>) -> Delay {
        Delay {
            message: String::new(),
            correlation_id: None,
            retry_after,
        }
    }

    fn seconds(next: Next) -> f64 {
        match next {
            Next::Again(wait) => wait.as_secs_f64(),
            Next::GiveUp => f64::INFINITY,
        }
    }

    #[test]
    fn unavailable_doubles_its_bound_up_to_the_most() {
        let mut attempts = Attempts::default();
        let waits: Vec<_> = (0..6)
            .map(|_| {
                attempts.after(
                    &Error::Unavailable(delay(None)),
                    &RETRY,
                    Duration::ZERO,
                    0.5,
                )
            })
            .map(seconds)
            .collect();
        assert_eq!(waits, [0.5, 1.0, 2.0, 4.0, 4.0, 4.0]);
    }

    #[test]
    fn unavailable_is_given_up_when_the_total_is_spent() {
        let error = Error::Unavailable(delay(None));
        for (spent, wait) in [
            (0.0, 1.0),
            (99.5, 0.5),
            (100.0, f64::INFINITY),
            (200.0, f64::INFINITY),
        ] {
            let next = Attempts::default().after(
                &error,
                &RETRY,
                Duration::from_secs_f64(spent),
                0.999_999_999,
            );
            assert!(
                (seconds(next) - wait).abs() < 0.001 || wait.is_infinite(),
                "{spent}"
            );
        }
        let off = Retry {
            total: Duration::ZERO,
            ..RETRY
        };
        assert_eq!(
            Attempts::default().after(&error, &off, Duration::ZERO, 0.5),
            Next::GiveUp
        );
    }

    #[test]
    fn an_api_that_names_a_time_gets_it() {
        for (error, wait) in [
            (Error::RateLimited(delay(Some(0))), 0.5),
            (Error::RateLimited(delay(Some(7))), 7.0),
            (Error::RateLimited(delay(Some(1_000))), 1_000.0),
            (
                Error::RateLimited(delay(Some(u64::MAX))),
                LONGEST_WAIT.as_secs_f64(),
            ),
            (Error::Unavailable(delay(Some(30))), 30.0),
            (Error::Unavailable(delay(Some(101))), f64::INFINITY),
        ] {
            let next = Attempts::default().after(&error, &RETRY, Duration::ZERO, 0.5);
            assert_eq!(seconds(next).to_string(), wait.to_string(), "{error:?}");
        }
    }

    #[test]
    fn what_a_rate_limit_asked_for_is_not_held_against_the_api() {
        let mut attempts = Attempts::default();
        attempts.after(
            &Error::RateLimited(delay(Some(500))),
            &RETRY,
            Duration::ZERO,
            0.5,
        );
        let unavailable = Error::Unavailable(delay(None));
        for (elapsed, gives_up) in [(500, false), (599, false), (600, true)] {
            let next = attempts.after(&unavailable, &RETRY, Duration::from_secs(elapsed), 0.5);
            assert_eq!(next == Next::GiveUp, gives_up, "{elapsed}");
        }
    }

    #[test]
    fn a_rate_limit_without_end_is_given_up() {
        let mut attempts = Attempts::default();
        let error = Error::RateLimited(delay(Some(1)));
        let tries = (0..100)
            .take_while(|_| attempts.after(&error, &RETRY, Duration::ZERO, 0.5) != Next::GiveUp)
            .count();
        assert_eq!(tries, 20);
    }

    #[test]
    fn rate_limits_take_an_hour_in_all_or_the_total_where_that_is_longer() {
        let total = |seconds| Retry {
            total: Duration::from_secs(seconds),
            ..RETRY
        };
        for (retry, asked, tries) in [
            (total(100), u64::MAX, 1),
            (total(100), 3_600, 1),
            (total(100), 1_800, 2),
            (total(100), 1_500, 2),
            (total(7_200), 3_600, 2),
            (total(100_000), 3_600, 20),
        ] {
            let mut attempts = Attempts::default();
            let error = Error::RateLimited(delay(Some(asked)));
            let waits = (0..100)
                .map(|_| attempts.after(&error, &retry, Duration::ZERO, 0.5))
                .take_while(|next| *next != Next::GiveUp)
                .count();
            assert_eq!(waits, tries, "{retry:?} {asked}");
        }
    }

    #[test]
    fn expired_is_called_again_at_once_and_once() {
        let mut attempts = Attempts::default();
        let expired = Error::Expired(Failure {
            message: String::new(),
            correlation_id: None,
        });
        assert_eq!(
            attempts.after(&expired, &RETRY, Duration::ZERO, 0.5),
            Next::Again(Duration::ZERO)
        );
        assert_eq!(
            attempts.after(&expired, &RETRY, Duration::ZERO, 0.5),
            Next::GiveUp
        );
    }

    #[test]
    fn anything_else_stops_the_source() {
        let failure = || Failure {
            message: String::new(),
            correlation_id: None,
        };
        for error in [
            Error::InvalidConfig(Vec::new()),
            Error::Unauthorized(failure()),
            Error::Forbidden(failure()),
            Error::Untrusted(failure()),
            Error::InvalidCursor(failure()),
            Error::Protocol(failure()),
            Error::LimitExceeded(failure()),
            Error::Denied(failure()),
            Error::Other(failure()),
        ] {
            let next = Attempts::default().after(&error, &RETRY, Duration::ZERO, 0.5);
            assert_eq!(next, Next::GiveUp, "{error:?}");
        }
    }

    #[test]
    fn a_time_that_is_over_does_not_end_the_back_off() {
        let mut attempts = Attempts::default();
        let now = Error::RateLimited(delay(Some(0)));
        let waits: Vec<_> = (0..21)
            .map(|_| seconds(attempts.after(&now, &RETRY, Duration::ZERO, 0.5)))
            .collect();
        assert_eq!(waits[..5], [0.5, 1.0, 2.0, 4.0, 4.0]);
        assert_eq!(waits[19..], [4.0, f64::INFINITY]);
    }

    proptest! {
        #[test]
        fn no_wait_is_shorter_than_the_back_off(
            faults in prop::collection::vec((any::<bool>(), prop::option::of(0_u64..5_000)), 1..20),
            random in 0.0..1.0_f64,
        ) {
            let retry = Retry { total: Duration::from_secs(100_000), ..RETRY };
            let mut attempts = Attempts::default();
            let mut bound = RETRY.first;
            for (limited, asked) in faults {
                let fault = if limited { Error::RateLimited } else { Error::Unavailable };
                let wait = seconds(attempts.after(&fault(delay(asked)), &retry, Duration::ZERO, random));
                let expected = bound.as_secs_f64() * random;
                let asked = asked.map_or(0.0, |asked| asked.min(3600) as f64);
                prop_assert!((wait - expected.max(asked)).abs() < 0.001, "{wait}");
                bound = (bound * 2).min(RETRY.most);
            }
        }

        #[test]
        fn no_wait_outlasts_the_total(
            random in 0.0..1.0_f64,
            spent in 0_u64..200,
            failures in 0_u32..100,
        ) {
            let mut attempts = Attempts { pauses: failures, ..Attempts::default() };
            let spent = Duration::from_secs(spent);
            let next = attempts.after(&Error::Unavailable(delay(None)), &RETRY, spent, random);
            match next {
                Next::Again(wait) => {
                    prop_assert!(wait <= RETRY.most);
                    prop_assert!(spent + wait <= RETRY.total);
                }
                Next::GiveUp => prop_assert!(spent >= RETRY.total),
            }
        }
    }
}
