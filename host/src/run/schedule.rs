//! When the next run of `--every` begins: a pure function of time.
//!
//! Time is cut into slots of one length, counted from the beginning of the first run. A run begins a little
//! after its slot does, by chance, so that many hosts with one schedule do not ask the API at the same moment.

use std::time::Duration;

use anyhow::bail;

use crate::units::duration;

/// The longest jitter by default.
const MAX_DEFAULT_JITTER: Duration = Duration::from_secs(10 * 60);

/// Slots of one length, and how far into its slot a run may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Schedule {
    every: Duration,
    jitter: Duration,
}

impl Schedule {
    /// A schedule with a run `every` so often, each begun less than `jitter` after its slot. Without `jitter`
    /// it is a tenth of `every`, ten minutes at most; zero is allowed.
    ///
    /// # Errors
    ///
    /// When `every` is zero, or `jitter` is not shorter than `every`.
    pub(crate) fn new(every: Duration, jitter: Option<Duration>) -> anyhow::Result<Self> {
        if every.is_zero() {
            bail!("--every must be longer than 0, such as 3h");
        }
        let jitter = jitter.unwrap_or_else(|| MAX_DEFAULT_JITTER.min(every / 10));
        if jitter >= every {
            bail!(
                "--jitter {} must be shorter than --every {}, as a run begins in its own slot",
                duration::format(jitter),
                duration::format(every)
            );
        }
        Ok(Self { every, jitter })
    }

    /// Returns when the next run begins, at `now`: both since the beginning of the first run. It is in the first
    /// slot that begins after `now`, `random` (from 0 to less than 1) of the jitter into it: always later than
    /// `now`, never twice in a slot. Slots that went by while a run took longer are left out.
    pub(crate) fn next(&self, now: Duration, random: f64) -> Duration {
        let into_slot = now.as_nanos() % self.every.as_nanos();
        let into_slot = Duration::from_nanos(u64::try_from(into_slot).unwrap_or(u64::MAX));
        let slot = now.saturating_sub(into_slot).saturating_add(self.every);
        let jitter = Duration::try_from_secs_f64(self.jitter.as_secs_f64() * random);
        // Floating point may round up to the whole jitter.
        let most = self.jitter.saturating_sub(Duration::from_nanos(1));
        slot.saturating_add(jitter.unwrap_or_default().min(most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: Duration = Duration::from_secs(1);
    const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

    #[test]
    fn the_next_run_is_in_the_first_slot_after_now() {
        let schedule = Schedule::new(100 * SECOND, Some(10 * SECOND)).unwrap();
        for (now, random, next) in [
            (0, 0.0, 100.0),
            (1, 0.5, 105.0),
            (99, 0.0, 100.0),
            // Begun at 105 and ended at once: the slot is used up.
            (105, 0.0, 200.0),
            (100, 0.9, 209.0),
            // A run that took three slots leaves them out.
            (450, 0.5, 505.0),
        ] {
            let got = schedule.next(now * SECOND, random);
            assert_eq!(got.as_secs_f64(), next, "at {now}");
        }
    }

    #[test]
    fn the_default_jitter_is_a_tenth_and_ten_minutes_at_most() {
        for (every, jitter) in [(60, 6), (3_600, 360), (10_800, 600), (604_800, 600)] {
            let schedule = Schedule::new(every * SECOND, None).unwrap();
            assert_eq!(schedule.jitter, jitter * SECOND, "every {every}");
        }
    }

    #[test]
    fn refuses_slots_without_length_and_a_jitter_that_leaves_the_slot() {
        let error = |every: u32, jitter: Option<u32>| {
            let jitter = jitter.map(|jitter| jitter * SECOND);
            Schedule::new(every * SECOND, jitter)
                .unwrap_err()
                .to_string()
        };
        assert_eq!(error(0, None), "--every must be longer than 0, such as 3h");
        assert!(error(0, Some(0)).contains("--every"));
        for jitter in [3_600, 7_200] {
            let message = error(3_600, Some(jitter));
            assert!(message.contains("--jitter"), "{message}");
            assert!(message.contains("--every 1h"), "{message}");
        }
        assert!(Schedule::new(SECOND, Some(Duration::ZERO)).is_ok());
    }

    #[test]
    fn a_chance_that_is_none_does_no_harm() {
        let schedule = Schedule::new(100 * SECOND, Some(10 * SECOND)).unwrap();
        for random in [f64::NAN, f64::INFINITY, -1.0, 1.0, 7.0] {
            let next = schedule.next(SECOND, random);
            assert!(next >= 100 * SECOND && next < 110 * SECOND, "{random}");
        }
    }

    proptest! {
        /// A year of runs of random length, most of them short.
        #[test]
        fn a_year_without_overlap_or_drift(
            every in 600_u32..90_000,
            jitter in 0.0..0.999_f64,
            runs in prop::collection::vec((0.0..1.0_f64, prop_oneof![4 => 0.0..0.3, 1 => 0.3..4.0_f64]), 1..50),
        ) {
            let every = every * SECOND;
            let jitter = every.mul_f64(jitter);
            let schedule = Schedule::new(every, Some(jitter)).unwrap();
            let slot_of = |time: Duration| time.as_nanos() / every.as_nanos();
            // The first run begins at once.
            let mut begin = Duration::ZERO;
            let mut ended = Duration::ZERO;
            for (random, length) in runs.iter().cycle() {
                if begin > YEAR {
                    break;
                }
                ended = begin + every.mul_f64(*length);
                let next = schedule.next(ended, *random);
                prop_assert!(next > ended, "overlaps or begins at once");
                prop_assert!(slot_of(next) > slot_of(begin), "twice in a slot");
                prop_assert_eq!(slot_of(next), slot_of(ended) + 1, "a slot left out without need");
                let into_slot = next.as_nanos() % every.as_nanos();
                prop_assert!(into_slot == 0 || into_slot < jitter.as_nanos(), "drifts, or more than the jitter");
                begin = next;
            }
            prop_assert!(ended > YEAR / 2);
        }

        #[test]
        fn never_panics_and_never_goes_back(now in any::<u64>(), every in 1_u64.., random in any::<f64>()) {
            let schedule = Schedule::new(Duration::from_nanos(every), None).unwrap();
            let now = Duration::from_nanos(now);
            prop_assert!(schedule.next(now, random) > now);
        }
    }
}
