//! The workers of a run: connectors that are lent to the sources of an account, with a permit for each job.
//!
//! A connector keeps its session between the sources that it is lent to, so that an account with thousands of
//! tenants asks for a token for each job, not for each tenant. While a source waits to try again it gives both
//! back, so that sources which fail do not keep the others from their turn.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::connector::{Access, Connector};

/// The connectors of one account.
pub struct Pool {
    access: Access,
    /// Permits for all accounts of the run.
    jobs: Arc<Semaphore>,
    idle: Mutex<Vec<Connector>>,
}

impl Pool {
    /// A pool without connectors: they are made when they are needed.
    pub fn new(access: Access, jobs: Arc<Semaphore>) -> Arc<Self> {
        Arc::new(Self {
            access,
            jobs,
            idle: Mutex::default(),
        })
    }

    /// A worker, once one of the jobs is free.
    pub async fn worker(self: &Arc<Self>) -> Worker {
        let mut worker = Worker {
            pool: Arc::clone(self),
            held: None,
        };
        worker.connector().await;
        worker
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connector>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connector and the permit to use it, for one source.
pub struct Worker {
    pool: Arc<Pool>,
    held: Option<Held>,
}

struct Held {
    connector: Connector,
    /// None where the semaphore was closed, which nobody does.
    _permit: Option<OwnedSemaphorePermit>,
}

impl Worker {
    /// The connector; waits for a job where the worker has rested.
    pub async fn connector(&mut self) -> &mut Connector {
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

    /// Gives connector and permit back until the connector is needed again.
    pub fn rest(&mut self) {
        if let Some(held) = self.held.take() {
            // Before its permit, so that who gets that finds it.
            self.pool.idle().push(held.connector);
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.rest();
    }
}
