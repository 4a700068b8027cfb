//! The workers of a run: connectors that are lent to the sources of an account, with a permit for each job.
//!
//! A connector keeps its session between the sources that it is lent to, so that an account with thousands of
//! tenants asks for a token for each job, not for each tenant. While a source waits, to try again or for its
//! destination, it gives both back, so that what fails or is slow does not keep the others from their turn.
//!
//! While the API wants no request of the account, no worker takes a job: it would keep other accounts waiting.
//!
//! So that pages do not pile up in memory before a destination that is slow, an account has no more sources with a
//! page in hand than there are jobs: each of them has a slot.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::sandbox::connector::{Access, Connector};

/// The connectors of one account.
pub(super) struct Pool {
    access: Access,
    /// Permits for all accounts of the run.
    jobs: Arc<Semaphore>,
    /// Permits of this account.
    slots: Arc<Semaphore>,
    idle: Mutex<Vec<Connector>>,
}

impl Pool {
    /// A pool without connectors: they are made when they are needed.
    pub(super) fn new(access: Access, jobs: Arc<Semaphore>, slots: usize) -> Arc<Self> {
        Arc::new(Self {
            access,
            jobs,
            slots: Arc::new(Semaphore::new(slots)),
            idle: Mutex::default(),
        })
    }

    /// A worker, once one of the account's slots is free.
    pub(super) async fn worker(self: &Arc<Self>) -> Worker {
        Worker {
            slot: Arc::clone(&self.slots).acquire_owned().await.ok(),
            pool: Arc::clone(self),
            held: None,
            page_in_hand: false,
            waited: Duration::ZERO,
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connector>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connector and the permit to use it, for one source.
pub(crate) struct Worker {
    pool: Arc<Pool>,
    slot: Option<OwnedSemaphorePermit>,
    held: Option<Held>,
    /// Whether the source keeps a page in memory, and thus its slot.
    pub page_in_hand: bool,
    /// How long it has waited for the end of pauses since that was last asked.
    waited: Duration,
}

struct Held {
    connector: Connector,
    /// None where the semaphore was closed, which nobody does.
    _permit: Option<OwnedSemaphorePermit>,
}

impl Worker {
    /// The connector, once the account's requests may leave; waits for a job where the worker has none. A request to
    /// stop ends the pause, so ask for one before the connector is called.
    pub(crate) async fn connector(&mut self) -> &mut Connector {
        self.wait_for_pause().await;
        if self.slot.is_none() {
            self.slot = Arc::clone(&self.pool.slots).acquire_owned().await.ok();
        }
        let held = match self.held.take() {
            Some(held) => held,
            None => {
                let permit = Arc::clone(&self.pool.jobs).acquire_owned().await;
                let idle = self.pool.idle().pop();
                Held {
                    connector: idle.unwrap_or_else(|| Connector::new(self.pool.access.clone())),
                    _permit: permit.ok(),
                }
            }
        };
        &mut self.held.insert(held).connector
    }

    /// Waits until the pause is over that the API asked for, without a job.
    async fn wait_for_pause(&mut self) {
        loop {
            let pause = self.paused();
            if pause.is_zero() {
                return;
            }
            self.leave_job();
            let began = Instant::now();
            let stop = &self.pool.access.stop;
            let slept = stop.run_until_cancelled(tokio::time::sleep(pause));
            let stopped = slept.await.is_none();
            self.waited += began.elapsed();
            if stopped {
                return;
            }
        }
    }

    /// How long it has waited for the end of pauses since this was last asked.
    pub(crate) fn take_waited(&mut self) -> Duration {
        std::mem::take(&mut self.waited)
    }

    /// How long the account's requests have to pause.
    pub(crate) fn paused(&self) -> Duration {
        self.pool.access.limiter.paused()
    }

    /// Lets all requests of the account pause for this long.
    pub(crate) fn pause(&self, pause: Duration) {
        self.pool.access.limiter.pause(pause);
    }

    /// Gives everything back until the connector is needed again.
    pub(crate) fn rest(&mut self) {
        self.leave_job();
        if !self.page_in_hand {
            self.slot = None;
        }
    }

    /// Gives connector and job back until the connector is needed again.
    pub(crate) fn leave_job(&mut self) {
        if let Some(held) = self.held.take() {
            // Before its permit, so that who gets that finds it.
            self.pool.idle().push(held.connector);
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.leave_job();
    }
}
