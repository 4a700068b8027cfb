//! What a call and a walk use up of their limits.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::contract::limits::{Limit, Limits, MAX_EMPTY_PAGES, MAX_PAGES};

/// Counts the pages of a walk, so that every walk ends.
#[derive(Debug, Default)]
pub struct PageCount {
    pages: u32,
    /// The pages since the last one with an event.
    empty: u32,
}

impl PageCount {
    /// Counts one more page.
    ///
    /// # Errors
    ///
    /// The limit that the walk exceeds with this page.
    pub fn add(&mut self, has_events: bool, more: bool) -> Result<(), Limit> {
        self.pages = self.pages.saturating_add(1);
        self.empty = if has_events {
            0
        } else {
            self.empty.saturating_add(1)
        };
        if self.pages > MAX_PAGES {
            Err(Limit::Pages)
        } else if self.empty > MAX_EMPTY_PAGES && more {
            Err(Limit::EmptyPages)
        } else {
            Ok(())
        }
    }
}

/// The first limit that a call exceeded, reported by whoever noticed it; shared by an instance and its egress.
#[derive(Debug, Clone, Default)]
pub struct LimitExceeded(Arc<Mutex<Option<Limit>>>);

impl LimitExceeded {
    /// Reports that a limit was exceeded.
    pub fn report(&self, limit: Limit) {
        let mut exceeded = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        exceeded.get_or_insert(limit);
    }

    /// Returns the first limit that was reported, and forgets it.
    pub fn take(&self) -> Option<Limit> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Counts the requests of a call where they leave; shared by an instance and its egress.
#[derive(Debug, Clone)]
pub struct RequestCount {
    sent: Arc<AtomicU64>,
    max: u64,
    exceeded: LimitExceeded,
}

impl RequestCount {
    /// Returns a count of no request; one more than `limits` allow is reported to `exceeded`.
    pub fn new(limits: &Limits, exceeded: LimitExceeded) -> Self {
        Self {
            sent: Arc::default(),
            max: limits.requests.into(),
            exceeded,
        }
    }

    /// Counts from zero again.
    pub fn begin_call(&self) {
        self.sent.store(0, Ordering::Relaxed);
    }

    /// Counts a request that is to leave. Those that another rule rejects count as well, since each writes a line to the
    /// log.
    ///
    /// # Errors
    ///
    /// The limit, where the call has sent all that it may: the request must not leave.
    pub fn admit(&self) -> Result<(), Limit> {
        if self.sent.fetch_add(1, Ordering::Relaxed) < self.max {
            return Ok(());
        }
        self.exceeded.report(Limit::Requests);
        Err(Limit::Requests)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_exceeded_limit_is_reported_once() {
        let exceeded = LimitExceeded::default();
        assert_eq!(exceeded.take(), None);
        exceeded.report(Limit::Requests);
        exceeded.clone().report(Limit::Cpu);
        assert_eq!(exceeded.take(), Some(Limit::Requests));
        assert_eq!(exceeded.take(), None);
    }

    #[test]
    fn each_call_may_send_its_requests() {
        let exceeded = LimitExceeded::default();
        let limits = Limits {
            requests: 2,
            ..Limits::default()
        };
        let count = RequestCount::new(&limits, exceeded.clone());
        for _ in 0..2 {
            for verdict in [Ok(()), Ok(()), Err(Limit::Requests), Err(Limit::Requests)] {
                assert_eq!(count.clone().admit(), verdict);
            }
            assert_eq!(exceeded.take(), Some(Limit::Requests));
            count.begin_call();
        }
    }

    #[test]
    fn a_walk_ends_after_too_many_pages_or_too_many_empty_ones() {
        let mut count = PageCount::default();
        for _ in 0..MAX_PAGES {
            assert_eq!(count.add(true, true), Ok(()));
        }
        assert_eq!(count.add(true, true), Err(Limit::Pages));

        let mut count = PageCount::default();
        for _ in 0..2 {
            for _ in 0..MAX_EMPTY_PAGES {
                assert_eq!(count.add(false, true), Ok(()));
            }
            // The last page of a walk may be empty, and a page with events counts from the start.
            assert_eq!(count.add(false, false), Ok(()));
            assert_eq!(count.add(false, true), Err(Limit::EmptyPages));
            assert_eq!(count.add(true, true), Ok(()));
        }
    }
}
