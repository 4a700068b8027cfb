//! SIGHUP: a file of events was rotated and is to be opened again.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::signal::unix::{SignalKind, signal};
use tokio::task::AbortHandle;

/// Counts the hang-ups that came.
#[derive(Debug, Default)]
pub struct HangUps {
    count: Arc<AtomicU64>,
    listener: Option<AbortHandle>,
}

impl HangUps {
    /// Counts from now on. From the first call on a hang-up no longer ends the process.
    ///
    /// # Errors
    ///
    /// When the system does not let the process listen.
    pub fn listen() -> io::Result<Self> {
        let mut signal = signal(SignalKind::hangup())?;
        let count = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&count);
        let task = tokio::spawn(async move {
            while signal.recv().await.is_some() {
                counted.fetch_add(1, Ordering::Relaxed);
            }
        });
        Ok(Self {
            count,
            listener: Some(task.abort_handle()),
        })
    }

    /// How many there were.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// Counts one that did not come.
    #[cfg(test)]
    pub fn pretend(&self) {
        self.count.fetch_add(1, Ordering::Relaxed);
    }
}

/// The host opens its destinations again for each run, for months.
impl Drop for HangUps {
    fn drop(&mut self) {
        if let Some(listener) = &self.listener {
            listener.abort();
        }
    }
}
