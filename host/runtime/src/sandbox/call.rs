//! What the current call of a connector has used up, and why its requests failed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tracing::warn;

use crate::contract::limits::Limit;

/// The most warnings about one call, or about the records of one page, that are logged: twice the requests that a call
/// may send by default, so that each of them can be explained.
pub const MAX_WARNINGS: usize = 200;

/// The state of a connector's calls. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct CallState(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// The number of the current call.
    call: u64,
    requests: u32,
    warnings: usize,
    /// The limit by which the current call ends.
    exceeded: Option<Limit>,
    /// What the host computes for the call on other threads.
    host_time: Duration,
    /// The last refused request and why, with the number of its call.
    refusal: Option<(u64, String)>,
    /// The limit that a response exceeded, so that the component did not get it, with the number of the call.
    withheld: Option<(u64, Limit)>,
    /// How long requests have waited for the rate limit in all; time in which several wait counts once.
    waited: Duration,
    /// When the last of the waits ends.
    waits_until: Option<Instant>,
}

impl CallState {
    /// Begins a call.
    ///
    /// The component gets only an HTTP error code for a failed request, so its own error lacks what a person needs to
    /// know. It may send a request in one call and take the response in the next one, so reasons are kept for so long,
    /// and no longer, as they would be reported with a failure that has another cause.
    pub fn begin(&self) {
        let mut state = self.lock();
        let previous = state.call;
        state.call += 1;
        state.requests = 0;
        state.exceeded = None;
        state.host_time = Duration::ZERO;
        state.refusal.take_if(|(call, _)| *call < previous);
        state.withheld.take_if(|(call, _)| *call < previous);
    }

    /// Ends a call: logs how many warnings were not.
    pub fn end(&self) {
        let warnings = std::mem::take(&mut self.lock().warnings);
        if let Some(more @ 1..) = warnings.checked_sub(MAX_WARNINGS) {
            warn!("{more} more warnings about this call of the component are not logged");
        }
    }

    /// Forgets why requests failed: their instance is dropped.
    pub fn forget_reasons(&self) {
        let mut state = self.lock();
        state.refusal = None;
        state.withheld = None;
    }

    /// Counts a request, also one that is refused, since each writes a line to the log. Returns whether the call may send
    /// it; one more than `max` ends the call.
    pub fn admit_request(&self, max: u32) -> bool {
        let mut state = self.lock();
        state.requests = state.requests.saturating_add(1);
        if state.requests > max {
            state.exceeded.get_or_insert(Limit::Requests);
        }
        state.requests <= max
    }

    /// Counts a warning, and returns whether it is to be logged.
    pub fn admit_warning(&self) -> bool {
        let mut state = self.lock();
        state.warnings += 1;
        state.warnings <= MAX_WARNINGS
    }

    /// Ends the current call by this limit, unless another one ended it before.
    pub fn exceed(&self, limit: Limit) {
        self.lock().exceeded.get_or_insert(limit);
    }

    /// Returns the limit by which the call ends, and forgets it.
    pub fn take_exceeded(&self) -> Option<Limit> {
        self.lock().exceeded.take()
    }

    /// Records why a request was refused. The last reason counts.
    pub fn refuse(&self, why: String) {
        let mut state = self.lock();
        state.refusal = Some((state.call, why));
    }

    /// Returns why a request was refused, and forgets it.
    pub fn take_refusal(&self) -> Option<String> {
        self.lock().refusal.take().map(|(_, why)| why)
    }

    /// Records that a response is withheld because it exceeds a limit. The current call does not end by that: what it
    /// makes of another response is good. It ends where the component fails by it.
    pub fn withhold(&self, limit: Limit) {
        let mut state = self.lock();
        state.withheld = Some((state.call, limit));
    }

    /// Returns the limit by which a response was withheld, and forgets it.
    pub fn take_withheld(&self) -> Option<Limit> {
        self.lock().withheld.take().map(|(_, limit)| limit)
    }

    /// Adds what the host computes for the call on another thread. Returns the sum.
    pub fn add_host_time(&self, time: Duration) -> Duration {
        let mut state = self.lock();
        state.host_time += time;
        state.host_time
    }

    /// Counts a wait for the rate limit that begins `now`, including the time that is still to come.
    pub fn wait(&self, now: Instant, wait: Duration) {
        let mut state = self.lock();
        let begun = state.waits_until.map_or(now, |until| until.max(now));
        // A moment that no clock can show is as good as none: what a call is granted has a limit.
        let until = now.checked_add(wait).unwrap_or(begun).max(begun);
        state.waited += until.saturating_duration_since(begun);
        state.waits_until = Some(until);
    }

    /// Returns how long requests have waited, including the rest of the waits that have begun: whichever call has to wait
    /// for that is granted it.
    pub fn waited(&self) -> Duration {
        self.lock().waited
    }

    /// Returns how long requests have waited until `now`.
    pub fn waited_until(&self, now: Instant) -> Duration {
        let state = self.lock();
        // From now on until the last wait ends there is always one, as none begins later than it is counted.
        let rest = state
            .waits_until
            .map_or(Duration::ZERO, |until| until.saturating_duration_since(now));
        state.waited.saturating_sub(rest)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
