//! The signal that a file of events was rotated and is to be opened again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts how often the signal was sent; all clones are one. By default it never is.
#[derive(Debug, Clone, Default)]
pub(crate) struct ReopenSignal(Arc<AtomicU64>);

impl ReopenSignal {
    /// Sends the signal.
    pub(crate) fn send(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns how often it was sent.
    pub(crate) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
