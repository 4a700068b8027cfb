//! How many requests an account may send: the limits of the manifest, kept for every window.
//!
//! A token bucket lets twice its limit through in a window that begins in the middle of a pause. Here the
//! moments that were given out are remembered, so that no window of a limit's length, wherever it begins, holds
//! more requests than that limit allows.
//!
//! An API that answers 429 asks the account, not one of its sources, for a pause: see [`SharedLimiter::pause`].

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::contract::manifest::RateLimit;

/// The most requests of a limit, and the most moments that are remembered, which take 4 MiB. A limit that allows more
/// requests is kept as one of this many; no known API has one.
const MAX_REQUESTS: u32 = 1 << 18;

/// Gives each request the moment at which it may leave: a pure function of time.
///
/// A window is half open: of two requests exactly a period apart, only one is in it.
#[derive(Debug)]
pub struct RateLimiter {
    limits: Vec<RateLimit>,
    /// The moments that were given out, in order: no more than the largest limit, none older than the longest
    /// period.
    moments: VecDeque<Instant>,
    /// When the pause that the API asked for ends; `None` if it asked for none.
    paused_until: Option<Instant>,
}

impl RateLimiter {
    /// Returns a limiter that keeps to all of `limits`; with none of them everything may leave at once.
    pub fn new(limits: &[RateLimit]) -> Self {
        let limits = limits.iter().map(|limit| RateLimit {
            requests: limit.requests.clamp(1, MAX_REQUESTS),
            ..*limit
        });
        Self {
            limits: limits.collect(),
            moments: VecDeque::new(),
            paused_until: None,
        }
    }

    /// Returns the earliest moment, `now` or later, at which one more request may leave, and counts it as
    /// sent then. Never earlier than the moment that was given out before: first come, first served.
    pub fn reserve(&mut self, now: Instant) -> Instant {
        let mut moment = self.moments.back().map_or(now, |&last| last.max(now));
        for limit in &self.limits {
            let first_in_window = self.moments.len().checked_sub(limit.requests as usize);
            let free = first_in_window
                .and_then(|index| self.moments.get(index))
                .and_then(|first| first.checked_add(period(limit)));
            moment = free.map_or(moment, |free| free.max(moment));
        }
        self.moments.push_back(moment);
        let max = self.limits.iter().map(|limit| limit.requests).max();
        let longest = self.limits.iter().map(period).max().unwrap_or_default();
        // Without limits the last moment alone counts.
        let is_needless = |first: Instant, moments: usize| {
            moments > max.unwrap_or(1) as usize
                || moments > 1 && moment.saturating_duration_since(first) >= longest
        };
        while let Some(&first) = self.moments.front()
            && is_needless(first, self.moments.len())
        {
            self.moments.pop_front();
        }
        moment
    }
}

fn period(limit: &RateLimit) -> Duration {
    Duration::from_secs(limit.seconds.into())
}

/// One limiter for all connectors of an account.
#[derive(Debug, Clone)]
pub struct SharedLimiter(Arc<Mutex<RateLimiter>>);

impl SharedLimiter {
    /// Returns a limiter that keeps to all of `limits`, shared by its clones.
    pub fn new(limits: &[RateLimit]) -> Self {
        Self(Arc::new(Mutex::new(RateLimiter::new(limits))))
    }

    /// Counts one more request and returns how long the caller has to sleep before it sends it; zero where it
    /// may leave at once. The wait is known before it begins, so that it need not count as time of the call.
    /// A request that is then not sent has still been counted.
    #[must_use = "the request may leave only after this time"]
    pub fn reserve(&self) -> Duration {
        let now = Instant::now();
        let moment = self.lock().reserve(now);
        moment.saturating_duration_since(now)
    }

    /// Pauses all requests of the account. A pause that ends later is not shortened.
    pub fn pause(&self, pause: Duration) {
        let until = Instant::now().checked_add(pause);
        let mut limiter = self.lock();
        limiter.paused_until = limiter.paused_until.max(until);
    }

    /// Returns how long the account's requests still have to pause; zero where the API asked for no pause, or it is over.
    pub fn paused(&self) -> Duration {
        let until = self.lock().paused_until;
        until.map_or(Duration::ZERO, |until| {
            until.saturating_duration_since(Instant::now())
        })
    }

    /// Returns how long a request of the account may have to wait now: for the end of a pause, or for its turn.
    pub fn waits(&self) -> Duration {
        let turn = self.lock().moments.back().copied();
        let turn = turn.map(|turn| turn.saturating_duration_since(Instant::now()));
        turn.unwrap_or_default().max(self.paused())
    }

    fn lock(&self) -> MutexGuard<'_, RateLimiter> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The limiters of the accounts, for as long as the process lives: a run that begins soon after another shares
/// its periods.
#[derive(Debug, Default)]
pub struct Limiters(BTreeMap<String, (Vec<RateLimit>, SharedLimiter)>);

impl Limiters {
    /// Returns the limiter of an account; a new one where its limits have changed.
    pub fn of(&mut self, account: &str, limits: &[RateLimit]) -> SharedLimiter {
        let new = || (limits.to_vec(), SharedLimiter::new(limits));
        let entry = self.0.entry(account.to_owned()).or_insert_with(new);
        if entry.0 != limits {
            *entry = new();
        }
        entry.1.clone()
    }

    /// Returns how long the requests of each account still have to pause, where the API asked for that.
    pub fn paused(&self) -> BTreeMap<String, Duration> {
        let paused = self.0.iter();
        let paused = paused.map(|(account, (_, limiter))| (account.clone(), limiter.paused()));
        paused.filter(|(_, pause)| !pause.is_zero()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn limit(requests: u32, seconds: u32) -> RateLimit {
        RateLimit { requests, seconds }
    }

    #[test]
    fn an_account_keeps_its_limiter_until_its_limits_change() {
        let mut limiters = Limiters::default();
        let hourly = [limit(1, 3600)];
        assert!(limiters.of("a", &hourly).reserve().is_zero());
        assert!(!limiters.of("a", &hourly).reserve().is_zero());
        assert!(limiters.of("b", &hourly).reserve().is_zero());
        assert!(limiters.of("a", &[]).reserve().is_zero());
    }

    /// The moments, in seconds after the first request, of so many requests that all ask at once.
    fn burst(limits: &[RateLimit], count: usize) -> Vec<f64> {
        let begin = Instant::now();
        let mut limiter = RateLimiter::new(limits);
        (0..count)
            .map(|_| limiter.reserve(begin).duration_since(begin).as_secs_f64())
            .collect()
    }

    #[test]
    fn keeps_to_three_limits_at_once() {
        let limits = [limit(10, 1), limit(100, 60), limit(200_000, 86_400)];
        let moments = burst(&limits, 200_001);
        for (index, seconds) in [
            (0, 0.0),
            (9, 0.0),
            (10, 1.0),
            (19, 1.0),
            (99, 9.0),
            (100, 60.0),
            (109, 60.0),
            (110, 61.0),
            (999, 9.0 * 60.0 + 9.0),
            // 100 a minute are 144,000 a day: the limit of the day is never reached.
            (143_999, 1_439.0 * 60.0 + 9.0),
            (144_000, 86_400.0),
            (200_000, 120_000.0),
        ] {
            assert_eq!(moments[index], seconds, "request {index}");
        }
    }

    #[test]
    fn a_day_is_a_window_like_any_other() {
        let moments = burst(&[limit(10, 1), limit(200_000, 86_400)], 200_011);
        for (index, seconds) in [
            (199_999, 19_999.0),
            (200_000, 86_400.0),
            (200_010, 86_401.0),
        ] {
            assert_eq!(moments[index], seconds, "request {index}");
        }
    }

    #[test]
    fn a_pause_does_not_add_up_to_a_larger_burst() {
        let begin = Instant::now();
        let mut limiter = RateLimiter::new(&[limit(10, 1)]);
        let mut at = |millis| {
            let moment = limiter.reserve(begin + Duration::from_millis(millis));
            moment.duration_since(begin).as_millis()
        };
        let before: Vec<_> = (0..10).map(|_| at(900)).collect();
        let after: Vec<_> = (0..11).map(|_| at(1_100)).collect();
        assert_eq!(before, [900; 10]);
        assert_eq!(after[..10], [1_900; 10]);
        assert_eq!(after[10], 2_900);
    }

    #[test]
    fn without_limits_everything_leaves_at_once() {
        assert_eq!(burst(&[], 1_000), [0.0; 1_000]);
        assert_eq!(SharedLimiter::new(&[]).reserve(), Duration::ZERO);
    }

    #[test]
    fn clones_share_the_limit() {
        let one = SharedLimiter::new(&[limit(1, 3_600)]);
        let other = one.clone();
        assert_eq!(one.reserve(), Duration::ZERO);
        assert!(other.reserve() > Duration::from_secs(1_800));
    }

    #[test]
    fn a_pause_holds_every_clone_and_is_never_shortened() {
        let one = SharedLimiter::new(&[]);
        let other = one.clone();
        assert_eq!(other.paused(), Duration::ZERO);
        one.pause(Duration::from_secs(60));
        one.pause(Duration::from_secs(1));
        let paused = other.paused();
        assert!(paused > Duration::from_secs(50), "{paused:?}");
        assert!(paused <= Duration::from_secs(60), "{paused:?}");
        other.pause(Duration::from_secs(3_600));
        assert!(one.paused() > Duration::from_secs(3_000));
    }

    #[test]
    fn remembers_no_more_than_it_needs() {
        let begin = Instant::now();
        let mut limiter = RateLimiter::new(&[limit(u32::MAX, 60), limit(5, 1)]);
        for second in 0..1_000 {
            limiter.reserve(begin + Duration::from_secs(second));
            assert!(limiter.moments.len() <= 60, "{}", limiter.moments.len());
        }
        let max = MAX_REQUESTS as usize;
        let mut limiter = RateLimiter::new(&[limit(u32::MAX, u32::MAX)]);
        for _ in 0..max + 10 {
            limiter.reserve(begin);
            assert!(limiter.moments.len() <= max, "{}", limiter.moments.len());
        }
        let mut limiter = RateLimiter::new(&[]);
        limiter.reserve(begin);
        limiter.reserve(begin);
        assert_eq!(limiter.moments.len(), 1);
    }

    proptest! {
        #[test]
        fn every_window_holds_and_nobody_waits_without_need(
            limits in prop::collection::vec((1_u32..12, 1_u32..20), 0..4),
            gaps in prop::collection::vec(prop_oneof![3 => Just(0), 2 => 1_u64..400, 1 => 400_u64..30_000], 1..150),
        ) {
            let limits: Vec<_> = limits.into_iter().map(|(requests, seconds)| limit(requests, seconds)).collect();
            let mut limiter = RateLimiter::new(&limits);
            let mut now = Instant::now();
            let mut given: Vec<Instant> = Vec::new();
            // Whether one more request at this moment keeps every window that ends with it.
            let fits = |given: &[Instant], moment: Instant| limits.iter().all(|limit| {
                let period = Duration::from_secs(limit.seconds.into());
                given.iter().filter(|&&other| other + period > moment).count() < limit.requests as usize
            });
            for gap in gaps {
                now += Duration::from_millis(gap);
                let moment = limiter.reserve(now);
                let soonest = given.last().map_or(now, |&last| last.max(now));
                prop_assert!(moment >= soonest);
                prop_assert!(fits(&given, moment));
                if moment > soonest {
                    prop_assert!(!fits(&given, moment - Duration::from_nanos(1)));
                }
                given.push(moment);
            }
        }
    }
}
