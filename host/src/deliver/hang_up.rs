//! SIGHUP: a file of events was rotated and is to be opened again.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::signal::unix::{SignalKind, signal};

/// Counts the hang-ups that came; all clones are one. By default none ever comes.
#[derive(Debug, Clone, Default)]
pub(crate) struct HangUps(Arc<AtomicU64>);

impl HangUps {
    /// Counts from now on, until the runtime ends. From the first call on a hang-up no longer ends the process,
    /// so once is enough for it, wherever events go.
    ///
    /// # Errors
    ///
    /// When the system does not let the process listen.
    pub(crate) fn listen() -> io::Result<Self> {
        let mut signal = signal(SignalKind::hangup())?;
        let hang_ups = Self::default();
        let counted = Arc::clone(&hang_ups.0);
        tokio::spawn(async move {
            while signal.recv().await.is_some() {
                counted.fetch_add(1, Ordering::Relaxed);
            }
        });
        Ok(hang_ups)
    }

    /// How many there were.
    pub(crate) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Counts one that did not come.
    #[cfg(test)]
    pub fn pretend(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}
