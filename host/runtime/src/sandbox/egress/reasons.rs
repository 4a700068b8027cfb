//! Why requests of a component failed, for the report of the call that fails with them.
//!
//! The component gets only an error code of HTTP, so its own error lacks what a person needs to know.
//! It may ask ahead, and take an answer in the call after the one that sent the request: a reason is kept that long,
//! and no longer, or it would be reported with a failure that has another cause.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::contract::limits::Limit;

/// The reasons of one connector's requests.
#[derive(Debug, Clone, Default)]
pub struct Reasons(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    /// The number of the call.
    call: u64,
    refusal: Option<(u64, String)>,
    passed: Option<(u64, Limit)>,
}

impl Reasons {
    /// The next call begins: what came about in the one before the last is forgotten.
    pub fn begin_call(&self) {
        let mut kept = self.lock();
        let before = kept.call;
        kept.call += 1;
        kept.refusal.take_if(|(call, _)| *call < before);
        kept.passed.take_if(|(call, _)| *call < before);
    }

    /// Forgets all of them: the instance has gone, and its requests with it.
    pub fn forget(&self) {
        let mut kept = self.lock();
        kept.refusal = None;
        kept.passed = None;
    }

    /// Keeps where a refused request was to go, and why. The last one counts.
    pub fn refused(&self, why: String) {
        let mut kept = self.lock();
        kept.refusal = Some((kept.call, why));
    }

    /// An answer passed a limit, so that the component did not get it.
    pub fn passed(&self, limit: Limit) {
        let mut kept = self.lock();
        kept.passed = Some((kept.call, limit));
    }

    /// The refusal, which is forgotten with this.
    pub fn take_refusal(&self) -> Option<String> {
        self.lock().refusal.take().map(|(_, why)| why)
    }

    /// The limit that an answer passed, which is forgotten with this.
    pub fn take_passed(&self) -> Option<Limit> {
        self.lock().passed.take().map(|(_, limit)| limit)
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_kept_for_the_call_after_its_own_and_no_longer() {
        for calls in 0..4 {
            let reasons = Reasons::default();
            reasons.begin_call();
            reasons.refused("first".to_owned());
            reasons.refused("last".to_owned());
            reasons.passed(Limit::ResponseHeaderBytes);
            for _ in 0..calls {
                reasons.begin_call();
            }
            let kept = calls < 2;
            assert_eq!(
                reasons.take_refusal(),
                kept.then(|| "last".to_owned()),
                "{calls}"
            );
            assert_eq!(
                reasons.take_passed(),
                kept.then_some(Limit::ResponseHeaderBytes),
                "{calls}"
            );
            assert_eq!(
                (reasons.take_refusal(), reasons.take_passed()),
                (None, None)
            );
        }
    }

    #[test]
    fn with_its_instance_a_reason_is_gone() {
        let reasons = Reasons::default();
        reasons.refused("why".to_owned());
        reasons.passed(Limit::ResponseBytes);
        reasons.forget();
        assert_eq!(
            (reasons.take_refusal(), reasons.take_passed()),
            (None, None)
        );
    }
}
