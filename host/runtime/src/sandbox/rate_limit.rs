//! How many requests an account may send: the limits of the manifest, kept for every window.
//!
//! A token bucket lets twice its limit through in a window that begins in the middle of a pause. Here the
//! moments that were given out are remembered, so that no window of a limit's length, wherever it begins, holds
//! more requests than that limit allows.
//!
//! An API that answers 429 asks the account, not one of its sources, for a pause: see [`SharedLimiter::pause`].

use std::collections::{BTreeMap, VecDeque};
use std::iter::repeat_n;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::contract::manifest::RateLimit;

#[cfg(test)]
mod tests;

/// The most requests of a limit, and the most moments that are remembered, which take 4 MiB. A limit that allows more
/// requests is kept as one of this many; no known API has one.
const MAX_REQUESTS: u32 = 1 << 18;

/// The length of the shortest groups in which requests are handed over, in milliseconds.
const MIN_GROUP: u64 = 1 << 10;

/// Gives each request the moment at which it may leave: a pure function of time.
///
/// A window is half open: of two requests exactly a period apart, only one is in it.
#[derive(Debug)]
pub struct RateLimiter {
    limits: Vec<RateLimit>,
    /// The moments that were given out, in order: beside those to come no more than the largest limit, and none older than
    /// the longest period.
    moments: VecDeque<Instant>,
    /// When the pause that the API asked for ends; `None` if it asked for none.
    paused_until: Option<Instant>,
    /// `None` if this process alone sends requests.
    takeover: Option<Takeover>,
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
            takeover: None,
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
        if let Some(takeover) = &mut self.takeover {
            takeover.own += 1;
        }
        let max = self.limits.iter().map(|limit| limit.requests).max();
        let longest = self.limits.iter().map(period).max().unwrap_or_default();
        // A successor, which knows nothing of those that still wait, needs the windows that end now.
        let gone = self.moments.partition_point(|&moment| moment <= now);
        let waiting = self.moments.len() - gone;
        // Without limits the last moment alone counts.
        let is_needless = |first: Instant, moments: usize| {
            moments > max.unwrap_or(1) as usize + waiting
                || moments > 1 && now.saturating_duration_since(first) >= longest
        };
        while let Some(&first) = self.moments.front()
            && is_needless(first, self.moments.len())
        {
            self.moments.pop_front();
        }
        moment
    }

    /// Does what [`SharedLimiter::restore`] does.
    pub fn restore(&mut self, sent: &[(u64, u32)], clock: u64, now: Instant) {
        // What a clock has stored that was wrong for a moment must not count for longer.
        let end = clock.saturating_add(self.longest());
        let sent: Vec<_> = sent.iter().copied().filter(|sent| sent.0 < end).collect();
        let max = self.limits.iter().map(|limit| limit.requests).max();
        let moments = sent.iter().flat_map(|&(moment, requests)| {
            let age = Duration::from_millis(clock.saturating_sub(moment));
            repeat_n(now.checked_sub(age).unwrap_or(now), requests as usize)
        });
        // Both begin with the youngest, which is the last of the moments.
        for (index, moment) in moments.take(max.unwrap_or(0) as usize).enumerate() {
            let own = self.moments.len().checked_sub(index + 1);
            match own.and_then(|own| self.moments.get_mut(own)) {
                Some(own) => *own = moment.max(*own),
                None => self.moments.push_front(moment),
            }
        }
        self.takeover = Some(Takeover {
            clock,
            at: now,
            sent,
            own: 0,
        });
    }

    /// Returns the longest period in milliseconds.
    fn longest(&self) -> u64 {
        millis(self.limits.iter().map(period).max().unwrap_or_default())
    }

    /// Returns what [`SharedLimiter::sent`] does.
    pub fn sent(&self, now: Instant) -> Vec<(u64, u32)> {
        let Some(takeover) = &self.takeover else {
            return Vec::new();
        };
        let (now, longest) = (takeover.clock_at(now), self.longest());
        let own = self.moments.iter().rev().take(takeover.own);
        let own = own.map(|&moment| (takeover.clock_at(moment), 1));
        let mut groups = BTreeMap::new();
        for (moment, requests) in own.chain(takeover.sent.iter().copied()) {
            let age = now.saturating_sub(moment);
            if age >= longest {
                continue;
            }
            // The ends of groups stay ends of groups of twice the length, so what is handed over again and again grows old.
            let length = 1 << (age / 8).max(MIN_GROUP).ilog2();
            let group = groups
                .entry(moment.next_multiple_of(length))
                .or_insert(0_u32);
            *group = group.saturating_add(requests);
        }
        groups.into_iter().rev().collect()
    }
}

/// What a limiter has taken over from another process.
#[derive(Debug)]
struct Takeover {
    /// The common clock's time `at`.
    clock: u64,
    at: Instant,
    sent: Vec<(u64, u32)>,
    /// How many requests have been counted since.
    own: usize,
}

impl Takeover {
    /// Returns the common clock's time at a moment after it was taken over.
    fn clock_at(&self, moment: Instant) -> u64 {
        self.clock + millis(moment.saturating_duration_since(self.at))
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
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

    /// Counts the requests that another process has sent, as [`SharedLimiter::sent`] returned them there. `clock` is the time
    /// in milliseconds, by a clock that all these processes share. The own requests are taken to be among them: of the two
    /// youngest the later one counts, of the two before these, and so on.
    pub fn restore(&self, sent: &[(u64, u32)], clock: u64) {
        self.lock().restore(sent, clock, Instant::now());
    }

    /// Returns what counts in the windows, for a limiter of the same account in another process: the moments by the common
    /// clock, the youngest first, with the number of requests. Nothing before the first [`SharedLimiter::restore`], which
    /// tells that clock. Requests are grouped, and count as sent at the end of their group; a group is as long as an eighth
    /// of its age, so there are about a hundred in a day. A request that still waits counts as sent when its turn comes.
    pub fn sent(&self) -> Vec<(u64, u32)> {
        self.lock().sent(Instant::now())
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
