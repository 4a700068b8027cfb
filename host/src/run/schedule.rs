//! When an account is collected next: a pure function of time.
//!
//! Time is cut into slots of one length, counted from the Unix epoch, so that every process agrees on them. An account
//! begins in each slot at a moment of its own, which its name decides, so that hundreds of accounts do not ask the API at
//! once.

use std::time::Duration;

use anyhow::bail;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use crate::units::duration;

/// The longest slot: ten years. A longer interval is as good as none.
const MAX_EVERY: Duration = Duration::from_secs(10 * 366 * 24 * 60 * 60);

/// Slots of one length, and the window at their beginning over which accounts are spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Schedule {
    every: Duration,
    window: Duration,
}

impl Schedule {
    /// Returns a schedule with slots of `every`, whose accounts begin within the first `jitter` of a slot. Without
    /// `jitter` they are spread over the whole slot; with zero they all begin with it.
    ///
    /// # Errors
    ///
    /// When `every` is zero, or `jitter` is longer than `every`.
    pub(crate) fn new(every: Duration, jitter: Option<Duration>) -> anyhow::Result<Self> {
        if every.is_zero() {
            bail!("--every must be longer than 0, such as 3h");
        }
        let every = every.min(MAX_EVERY);
        let window = jitter.unwrap_or(every);
        if window > every {
            bail!(
                "--jitter {} must not be longer than --every {}, as an account begins in its own slot",
                duration::format(window),
                duration::format(every)
            );
        }
        Ok(Self { every, window })
    }

    /// Returns the schedule of an account with an interval of its own, where it has one.
    pub(crate) fn of_account(self, every: Option<Duration>) -> Self {
        every.map_or(self, |every| Self {
            every: every.min(MAX_EVERY),
            window: match self.window == self.every {
                true => every,
                false => self.window.min(every),
            },
        })
    }

    /// Returns the beginning of the slot that `now` is in.
    pub(crate) fn slot(&self, now: OffsetDateTime) -> OffsetDateTime {
        let every = i128::try_from(self.every.as_nanos()).unwrap_or(i128::MAX);
        let slot = now.unix_timestamp_nanos().div_euclid(every) * every;
        OffsetDateTime::from_unix_timestamp_nanos(slot).unwrap_or(now)
    }

    /// Returns how long the slot that `now` is in still lasts.
    pub(crate) fn rest_of_slot(&self, now: OffsetDateTime) -> Duration {
        let over = (now - self.slot(now)).try_into().unwrap_or_default();
        self.every.saturating_sub(over)
    }

    /// Returns when an account begins next, if it was last begun in the slot `last`: `now`, or later.
    ///
    /// An account that was never begun, or not in the slot before this one, is due at once. A slot in the future was
    /// stored under a wrong clock, and counts as none.
    pub(crate) fn next(
        &self,
        account: &str,
        last: Option<OffsetDateTime>,
        now: OffsetDateTime,
    ) -> OffsetDateTime {
        let slot = self.slot(now);
        let moment = match last.map(|last| self.slot(last)) {
            Some(last) if last == slot => self.moment(account, slot + self.every),
            // The slot before this one.
            Some(last) if slot - last == self.every => self.moment(account, slot),
            _ => now,
        };
        moment.max(now)
    }

    /// Returns the moment of an account in the slot that begins at `slot`.
    fn moment(&self, account: &str, slot: OffsetDateTime) -> OffsetDateTime {
        let digest = Sha256::digest(account);
        let first = digest.iter().take(4);
        let share = first.fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        let share = share as f64 / f64::from(u32::MAX);
        // Less than the whole window, which would be the next slot's beginning.
        slot + self.window.mul_f64(share * 0.999)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn at(seconds: f64) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(1_769_846_400).unwrap()
            + time::Duration::seconds_f64(seconds)
    }

    #[test]
    fn an_account_begins_once_in_each_slot() {
        let schedule = Schedule::new(HOUR, Some(Duration::ZERO)).unwrap();
        for (case, last, now, next) in [
            ("never begun", None, 600.0, 600.0),
            ("begun in this slot", Some(0.0), 600.0, 3600.0),
            (
                "begun in this slot, which is over",
                Some(0.0),
                3600.0,
                3600.0,
            ),
            ("the moment is over", Some(0.0), 4000.0, 4000.0),
            ("a slot was missed", Some(0.0), 7200.0, 7200.0),
            ("a week was missed", Some(-604_800.0), 10.0, 10.0),
            ("a slot of another interval", Some(1800.0), 600.0, 3600.0),
            ("a wrong clock", Some(86_400.0), 600.0, 600.0),
        ] {
            let got = schedule.next("acme", last.map(at), at(now));
            assert_eq!(got, at(next), "{case}");
        }
    }

    #[test]
    fn accounts_are_spread_over_the_window_by_their_names() {
        for (jitter, window) in [(None, 3600.0), (Some(HOUR / 6), 600.0)] {
            let schedule = Schedule::new(HOUR, jitter).unwrap();
            let moments: Vec<_> = (0..200)
                .map(|number| {
                    let account = format!("customer-{number}");
                    let next = schedule.next(&account, Some(at(0.0)), at(60.0));
                    assert_eq!(next, schedule.next(&account, Some(at(0.0)), at(3599.0)));
                    (next - at(3600.0)).as_seconds_f64()
                })
                .collect();
            for tenth in 0..10 {
                let share = window / 10.0;
                let from = share * f64::from(tenth);
                let inside = moments.iter().filter(|&&m| m >= from && m < from + share);
                let count = inside.count();
                assert!((5..40).contains(&count), "{count} of 200 in tenth {tenth}");
            }
        }
    }

    #[test]
    fn an_account_may_have_an_interval_of_its_own() {
        let whole = Schedule::new(HOUR, None).unwrap();
        let window = Schedule::new(HOUR, Some(HOUR / 2)).unwrap();
        for (schedule, every, expected) in [
            (whole, None, whole),
            (
                whole,
                Some(2 * HOUR),
                Schedule::new(2 * HOUR, None).unwrap(),
            ),
            (
                window,
                Some(2 * HOUR),
                Schedule::new(2 * HOUR, Some(HOUR / 2)).unwrap(),
            ),
            (
                window,
                Some(HOUR / 4),
                Schedule::new(HOUR / 4, Some(HOUR / 4)).unwrap(),
            ),
        ] {
            assert_eq!(schedule.of_account(every), expected);
        }
    }

    #[test]
    fn refuses_slots_without_length_and_a_window_that_leaves_the_slot() {
        let error = |every: Duration, jitter: Option<Duration>| {
            Schedule::new(every, jitter).unwrap_err().to_string()
        };
        let zero = Duration::ZERO;
        assert_eq!(
            error(zero, None),
            "--every must be longer than 0, such as 3h"
        );
        assert!(error(zero, Some(zero)).contains("--every"));
        let message = error(HOUR, Some(2 * HOUR));
        assert!(message.contains("--jitter 2h"), "{message}");
        assert!(message.contains("--every 1h"), "{message}");
        assert!(Schedule::new(HOUR, Some(zero)).is_ok());
        assert!(Schedule::new(HOUR, Some(HOUR)).is_ok());
    }

    proptest! {
        /// Jobs of any length, and restarts: what is stored is the slot that was begun.
        #[test]
        fn no_slot_is_begun_twice_and_none_is_left_out_without_need(
            every in 1_u32..90_000,
            jitter in 0.0..=1.0_f64,
            lengths in prop::collection::vec(0.0..3.0_f64, 1..50),
            account in "[a-z]{1,8}",
        ) {
            let every = Duration::from_secs(every.into());
            let schedule = Schedule::new(every, Some(every.mul_f64(jitter))).unwrap();
            let mut now = at(17.0);
            let mut last = None;
            for length in lengths {
                let begin = schedule.next(&account, last, now);
                prop_assert!(begin >= now);
                let slot = schedule.slot(begin);
                if let Some(last) = last {
                    prop_assert!(slot > last, "twice in a slot");
                    let free = schedule.slot(now);
                    prop_assert!(slot == free || slot == free + every, "left out");
                    if slot > free {
                        prop_assert_eq!(free, last);
                    }
                }
                last = Some(slot);
                now = begin + every.mul_f64(length);
            }
        }

        #[test]
        fn never_panics(now in any::<i64>(), last in any::<Option<i64>>(), every in 1_u64..) {
            let schedule = Schedule::new(Duration::from_nanos(every), None).unwrap();
            let at = |nanos: i64| OffsetDateTime::from_unix_timestamp_nanos(nanos.into()).unwrap();
            prop_assert!(schedule.next("a", last.map(at), at(now)) >= at(now));
        }
    }
}
