//! How many warnings about one call of a component are logged.
//!
//! Each is short, but a component decides how many there are. Past the budget of a call they are counted, and their
//! number is logged once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tracing::warn;

/// The most warnings about one call, or about the records of one page, that are logged: twice the requests that a call
/// may send by default, so that each of them can be explained.
pub const MAX_WARNINGS: usize = 200;

/// The warnings about the current call; a clone counts together with the original.
#[derive(Debug, Clone, Default)]
pub struct Warnings(Arc<AtomicUsize>);

impl Warnings {
    /// Counts a warning, and tells whether it is to be logged.
    pub fn admit(&self) -> bool {
        self.0.fetch_add(1, Ordering::Relaxed) < MAX_WARNINGS
    }

    /// Ends a call: logs how many warnings were left out, and counts anew.
    pub fn end_call(&self) {
        let left_out = self
            .0
            .swap(0, Ordering::Relaxed)
            .saturating_sub(MAX_WARNINGS);
        if left_out > 0 {
            warn!("{left_out} more warnings about this call of the component are not logged");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_call_has_its_own_budget() {
        let warnings = Warnings::default();
        for _ in 0..2 {
            let admitted = (0..3 * MAX_WARNINGS).filter(|_| warnings.clone().admit());
            assert_eq!(admitted.count(), MAX_WARNINGS);
            warnings.end_call();
        }
    }
}
