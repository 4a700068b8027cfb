//! The gate at which held and stalled answers wait, and where a test waits for them.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

/// Counts who waits; opens for all of them at once.
pub(crate) struct Gate {
    waiting: Mutex<Waiting>,
    changed: Condvar,
    opened: watch::Sender<u64>,
}

#[derive(Default)]
struct Waiting {
    count: usize,
    /// How often the gate was opened. Who came before the last time is not counted any more, even if it has not yet
    /// noticed: else a client that was killed could be taken for the next one.
    opened: u64,
}

impl Gate {
    pub(crate) fn new() -> Gate {
        Gate {
            waiting: Mutex::default(),
            changed: Condvar::new(),
            opened: watch::Sender::new(0),
        }
    }

    /// Waits until the gate is opened. An answer whose client has gone is dropped and waits no more.
    pub(crate) async fn wait(&self) {
        let mut opened = self.opened.subscribe();
        let _place = Place::take(self);
        // The sender lives as long as the gate, so this never fails.
        let _ = opened.changed().await;
    }

    /// Opens for all that wait now.
    pub(crate) fn open(&self) {
        let mut waiting = self.lock();
        waiting.count = 0;
        waiting.opened += 1;
        self.opened.send_modify(|times| *times += 1);
    }

    /// Returns how many wait now.
    pub(crate) fn waiting(&self) -> usize {
        self.lock().count
    }

    /// Blocks the calling thread until somebody waits, `stop` says so, or the time is over. Returns whether somebody
    /// waits.
    pub(crate) fn block_until_waiting(
        &self,
        limit: Duration,
        mut stop: impl FnMut() -> bool,
    ) -> bool {
        let end = Instant::now() + limit;
        loop {
            let waiting = self.lock();
            // The condition variable wakes at once; the short limit is for `stop`, which nobody signals.
            let (waiting, _) = self
                .changed
                .wait_timeout_while(waiting, Duration::from_millis(20), |waiting| {
                    waiting.count == 0
                })
                .unwrap_or_else(PoisonError::into_inner);
            if waiting.count > 0 {
                return true;
            }
            drop(waiting);
            if stop() || Instant::now() >= end {
                return self.waiting() > 0;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One who waits; counted until dropped.
struct Place<'a> {
    gate: &'a Gate,
    opened: u64,
}

impl<'a> Place<'a> {
    fn take(gate: &'a Gate) -> Place<'a> {
        let mut waiting = gate.lock();
        waiting.count += 1;
        gate.changed.notify_all();
        Place {
            gate,
            opened: waiting.opened,
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut waiting = self.gate.lock();
        if waiting.opened == self.opened {
            waiting.count -= 1;
        }
    }
}
