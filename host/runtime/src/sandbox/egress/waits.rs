//! How long requests wait for the rate limit: time that is not the component's.
//!
//! A component may ask ahead, in a call before the one that takes the answer. So what is still to come of a wait is
//! granted to whichever call has to wait for it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The waits of a connector's requests. Some may overlap: such time counts once.
#[derive(Debug, Clone, Default)]
pub struct Waits(Arc<Mutex<Counted>>);

#[derive(Debug, Default)]
struct Counted {
    total: Duration,
    /// When the last of the waits ends.
    until: Option<Instant>,
}

impl Waits {
    /// Counts a wait of this length from `now` on, as a whole.
    pub fn add(&self, now: Instant, wait: Duration) {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let begun = counted.until.map_or(now, |until| until.max(now));
        // A moment that no clock can show is as good as none: what a call is granted has a bound.
        let until = now.checked_add(wait).unwrap_or(begun);
        counted.total = counted
            .total
            .saturating_add(until.saturating_duration_since(begun));
        counted.until = Some(until.max(begun));
    }

    /// How long there has been a wait so far, or will be by those that have begun.
    pub fn total(&self) -> Duration {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).total
    }

    /// How long there has been a wait until `now`.
    pub fn past(&self, now: Instant) -> Duration {
        let counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // From now on until the last one ends there is always one, as none begins later than it is counted.
        let to_come = counted
            .until
            .map_or(Duration::ZERO, |until| until.saturating_duration_since(now));
        counted.total.saturating_sub(to_come)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_in_which_several_wait_counts_once() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let waits = Waits::default();
        for (now, wait, total) in [
            (0, 10, 10),
            (2, 3, 10),
            (4, 10, 14),
            (100, 5, 19),
            (101, 0, 19),
        ] {
            waits.add(at(now), Duration::from_secs(wait));
            assert_eq!(waits.total(), Duration::from_secs(total), "{now} {wait}");
        }
        for (now, past) in [(101, 15), (104, 18), (105, 19), (150, 19)] {
            assert_eq!(waits.past(at(now)), Duration::from_secs(past), "{now}");
        }
        waits.add(at(200), Duration::MAX);
        assert!(waits.total() < Duration::from_secs(400));
    }
}
