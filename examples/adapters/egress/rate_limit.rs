//! The manifest's rate limits: no window of a limit's length, wherever it begins, holds more requests than it allows.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use serde::Deserialize;

/// The most requests whose moments are remembered. No known API allows more in one period.
const MAX_REQUESTS: u32 = 1 << 18;

/// So many requests in so many seconds.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) struct RateLimit {
    requests: u32,
    seconds: u32,
}

impl RateLimit {
    fn most(&self) -> usize {
        self.requests.clamp(1, MAX_REQUESTS) as usize
    }
}

/// Gives each request the moment at which it may leave.
pub(crate) struct Limiter {
    limits: Vec<RateLimit>,
    /// The moments that were given out, in order: no more than the largest limit needs.
    moments: VecDeque<Instant>,
}

impl Limiter {
    pub(crate) fn new(limits: Vec<RateLimit>) -> Self {
        Self {
            limits,
            moments: VecDeque::new(),
        }
    }

    /// Returns whether these are its limits.
    pub(crate) fn has(&self, limits: &[RateLimit]) -> bool {
        self.limits == limits
    }

    /// Counts one more request, and returns how long it has to wait before it leaves.
    pub(crate) fn reserve(&mut self, now: Instant) -> Duration {
        let mut moment = self.moments.back().map_or(now, |last| now.max(*last));
        for limit in &self.limits {
            let period = Duration::from_secs(limit.seconds.into());
            let first = self.moments.len().checked_sub(limit.most());
            let first = first.and_then(|index| self.moments.get(index));
            let free = first.and_then(|first| first.checked_add(period));
            moment = free.map_or(moment, |free| free.max(moment));
        }
        let most = self.limits.iter().map(RateLimit::most).max();
        if let Some(most) = most {
            self.moments.push_back(moment);
            let surplus = self.moments.len().saturating_sub(most);
            self.moments.drain(..surplus);
        }
        moment.saturating_duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_wait_until_every_limit_lets_them_leave() {
        let begin = Instant::now();
        let limits =
            [(10, 1), (100, 60)].map(|(requests, seconds)| RateLimit { requests, seconds });
        let mut limiter = Limiter::new(limits.to_vec());
        let waits: Vec<u64> = (0..201).map(|_| limiter.reserve(begin).as_secs()).collect();
        for (request, seconds) in [
            (0, 0),
            (9, 0),
            (10, 1),
            (99, 9),
            (100, 60),
            (110, 61),
            (200, 120),
        ] {
            assert_eq!(waits.get(request), Some(&seconds), "request {request}");
        }
    }

    #[test]
    fn requests_after_a_pause_wait_for_none() {
        let begin = Instant::now();
        let mut limiter = Limiter::new(vec![RateLimit {
            requests: 1,
            seconds: 5,
        }]);
        assert_eq!(limiter.reserve(begin), Duration::ZERO);
        assert_eq!(
            limiter.reserve(begin + Duration::from_secs(5)),
            Duration::ZERO
        );
        assert_eq!(
            limiter.reserve(begin + Duration::from_secs(6)),
            Duration::from_secs(4)
        );
    }

    #[test]
    fn nothing_waits_where_there_is_no_limit() {
        let mut limiter = Limiter::new(Vec::new());
        let now = Instant::now();
        assert!((0..100).all(|_| limiter.reserve(now).is_zero()));
    }
}
