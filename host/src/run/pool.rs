//! The workers of a run: connectors that are lent to the sources of an account, each with a permit of `--jobs`.
//!
//! A connector keeps its session between the sources that it is lent to, so that an account with thousands of tenants
//! requests only as many tokens as it has connectors. A source that waits, to try again or for its destination, returns
//! connector and permit, so that it does not hold up the others. So does a source of an account whose requests the
//! API has asked to pause.
//!
//! So that pages do not fill the memory before a slow destination, a source with a page in memory has a slot: one of as
//! many of its account as there are jobs, and one of all accounts together.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::run::halt::Halt;
use crate::run::prepare::Ready;
use crate::run::process::{LONG_PAUSE, Process};
use crate::sandbox::connector::Connector;
use crate::sandbox::engine::Loaded;
use crate::sandbox::rights::Rights;

/// The connectors of one account.
pub(crate) struct Pool {
    loaded: Loaded,
    rights: Arc<Rights>,
    process: Arc<Process>,
    /// Permits of this account.
    slots: Arc<Semaphore>,
    idle: Mutex<Vec<Connector>>,
}

impl Pool {
    /// Returns a pool without connectors: they are made when they are needed.
    pub(crate) fn new(ready: &Ready, process: &Arc<Process>) -> Arc<Self> {
        Arc::new(Self {
            loaded: ready.loaded.clone(),
            rights: Arc::clone(&ready.rights),
            process: Arc::clone(process),
            slots: Arc::new(Semaphore::new(process.settings.jobs as usize)),
            idle: Mutex::default(),
        })
    }

    /// Returns the account's first worker, with the turn with which its job began.
    pub(crate) fn first_worker(self: &Arc<Self>, turn: Turn) -> Worker {
        let slot = Slot {
            _of_account: Arc::clone(&self.slots).try_acquire_owned().ok(),
            of_all: turn.page,
        };
        self.worker_with(slot, turn.job)
    }

    /// Returns a worker once there is a slot for it.
    pub(crate) async fn worker(self: &Arc<Self>) -> Worker {
        let slot = self.slot().await;
        self.worker_with(slot, None)
    }

    fn worker_with(self: &Arc<Self>, slot: Slot, job: Option<OwnedSemaphorePermit>) -> Worker {
        Worker {
            slot: Some(slot),
            pool: Arc::clone(self),
            job,
            held: None,
            holds_page: false,
            retries: 0,
            waited: Duration::ZERO,
        }
    }

    async fn slot(&self) -> Slot {
        Slot {
            _of_account: Arc::clone(&self.slots).acquire_owned().await.ok(),
            of_all: acquire(&self.process.pages).await,
        }
    }

    fn connector(&self) -> Connector {
        Connector::new(self.loaded.clone(), Arc::clone(&self.rights))
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connector>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What an account needs to begin: a job, and room for a page.
pub(crate) struct Turn {
    page: Option<OwnedSemaphorePermit>,
    job: Option<OwnedSemaphorePermit>,
}

impl Turn {
    /// Waits until both are free, one account at a time: what has begun does not wait behind all that has not.
    pub(crate) async fn wait(process: &Process) -> Self {
        let _turn = process.turn.lock().await;
        Self {
            page: acquire(&process.pages).await,
            job: acquire(&process.jobs).await,
        }
    }
}

/// Waits for a permit; `None` only if the semaphore is closed, which never happens.
async fn acquire(semaphore: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
    Arc::clone(semaphore).acquire_owned().await.ok()
}

/// The right of a source to have a page in memory.
struct Slot {
    _of_account: Option<OwnedSemaphorePermit>,
    of_all: Option<OwnedSemaphorePermit>,
}

/// A connector and the permit to use it, for one source.
pub(crate) struct Worker {
    pool: Arc<Pool>,
    slot: Option<Slot>,
    /// The job of the account's first worker, until it needs it.
    job: Option<OwnedSemaphorePermit>,
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
    _job: Option<OwnedSemaphorePermit>,
}

impl Worker {
    /// Returns the connector once the account's requests may leave and the worker has a job.
    ///
    /// # Errors
    ///
    /// When the run is asked to stop by then.
    pub(crate) async fn connector(&mut self) -> Result<&mut Connector, Halt> {
        self.wait_for_pause().await;
        // Who waits for a slot must hold no job: those that have a slot may wait for one.
        match &mut self.slot {
            None => {
                self.job = None;
                self.slot = Some(self.pool.slot().await);
            }
            Some(slot) if slot.of_all.is_none() && self.held.is_none() => {
                self.job = None;
                slot.of_all = acquire(&self.pool.process.pages).await;
            }
            Some(_) => {}
        }
        let held = match self.held.take() {
            Some(held) => held,
            None => {
                let job = match self.job.take() {
                    Some(job) => Some(job),
                    None => acquire(&self.pool.process.jobs).await,
                };
                let idle = self.pool.idle().pop();
                Held {
                    connector: idle.unwrap_or_else(|| self.pool.connector()),
                    _job: job,
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

    /// Returns how long a request of the account may have to wait now.
    pub(crate) fn waits(&self) -> Duration {
        self.pool.rights.limiter.waits()
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

    /// Lets another account begin, as the destination takes its time. The account's own slot keeps its pages few.
    pub(crate) fn leave_slot_of_all(&mut self) {
        if let Some(slot) = &mut self.slot {
            slot.of_all = None;
        }
    }

    /// Returns connector and job to the pool until the connector is needed again. An account that pauses for long keeps
    /// neither slots nor instances meanwhile.
    pub(crate) fn leave_job(&mut self) {
        self.job = None;
        if let Some(held) = self.held.take() {
            // Before its job, so that the next holder of the job finds it.
            self.pool.idle().push(held.connector);
        }
        if self.paused() > LONG_PAUSE {
            self.slot = None;
            self.pool.idle().clear();
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.leave_job();
    }
}
