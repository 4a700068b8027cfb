//! The workers of a run: connectors that are lent to the sources of an account, each with a permit of `--jobs`.
//!
//! A connector keeps its session between the sources that it is lent to, so that an account with thousands of tenants
//! requests only as many tokens as it has connectors. A source that waits, to try again or for its destination, returns
//! connector and permit, so that it does not hold up the others. So does a source of an account whose requests the
//! API has asked to pause.
//!
//! So that pages do not fill the memory before a slow destination, an account has at most as many sources with a page
//! in memory as there are jobs: each of them has a slot.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::run::halt::Halt;
use crate::run::prepare::Ready;
use crate::sandbox::connector::Connector;
use crate::sandbox::engine::Loaded;
use crate::sandbox::rights::Rights;

/// The connectors of one account.
pub(crate) struct Pool {
    loaded: Loaded,
    rights: Arc<Rights>,
    /// Permits for all accounts of the run.
    jobs: Arc<Semaphore>,
    /// Permits of this account.
    slots: Arc<Semaphore>,
    idle: Mutex<Vec<Connector>>,
}

impl Pool {
    /// Returns a pool without connectors: they are made when they are needed.
    pub(crate) fn new(ready: &Ready, jobs: Arc<Semaphore>, slots: usize) -> Arc<Self> {
        Arc::new(Self {
            loaded: ready.loaded.clone(),
            rights: Arc::clone(&ready.rights),
            jobs,
            slots: Arc::new(Semaphore::new(slots)),
            idle: Mutex::default(),
        })
    }

    /// Returns a worker once one of the account's slots is free.
    pub(crate) async fn worker(self: &Arc<Self>) -> Worker {
        Worker {
            slot: Arc::clone(&self.slots).acquire_owned().await.ok(),
            pool: Arc::clone(self),
            held: None,
            holds_page: false,
            retries: 0,
            waited: Duration::ZERO,
        }
    }

    fn connector(&self) -> Connector {
        Connector::new(self.loaded.clone(), Arc::clone(&self.rights))
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
    /// Whether the source has a page in memory, and thus keeps its slot.
    pub holds_page: bool,
    /// How many calls were made again.
    pub retries: u64,
    /// How long it has waited for the end of pauses.
    pub waited: Duration,
}

struct Held {
    connector: Connector,
    /// `None` only if the semaphore is closed, which never happens.
    _permit: Option<OwnedSemaphorePermit>,
}

impl Worker {
    /// Returns the connector once the account's requests may leave and the worker has a job.
    ///
    /// # Errors
    ///
    /// When the run is asked to stop by then.
    pub(crate) async fn connector(&mut self) -> Result<&mut Connector, Halt> {
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
                    connector: idle.unwrap_or_else(|| self.pool.connector()),
                    _permit: permit.ok(),
                }
            }
        };
        let held = self.held.insert(held);
        // The wait may have been long.
        match self.pool.rights.stop.is_cancelled() {
            true => Err(Halt::Stopped),
            false => Ok(&mut held.connector),
        }
    }

    /// Waits without a job until the pause is over that the API asked for, or the run is asked to stop.
    async fn wait_for_pause(&mut self) {
        let pool = Arc::clone(&self.pool);
        let stop = &pool.rights.stop;
        while !self.paused().is_zero() && !stop.is_cancelled() {
            self.leave_job();
            let began = Instant::now();
            let pause = tokio::time::sleep(self.paused());
            let _ = stop.run_until_cancelled(pause).await;
            self.waited += began.elapsed();
        }
    }

    /// Returns how long the account's requests still have to pause.
    pub(crate) fn paused(&self) -> Duration {
        self.pool.rights.limiter.paused()
    }

    /// Pauses all requests of the account.
    pub(crate) fn pause(&self, pause: Duration) {
        self.pool.rights.limiter.pause(pause);
    }

    /// Returns connector, job and slot to the pool until the connector is needed again; a page in memory keeps the slot.
    pub(crate) fn rest(&mut self) {
        self.leave_job();
        if !self.holds_page {
            self.slot = None;
        }
    }

    /// Returns connector and job to the pool until the connector is needed again.
    pub(crate) fn leave_job(&mut self) {
        if let Some(held) = self.held.take() {
            // Before its permit, so that the next holder of the permit finds it.
            self.pool.idle().push(held.connector);
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.leave_job();
    }
}
