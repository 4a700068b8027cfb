//! What the account jobs of a process share.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::run::progress::Progress;
use crate::run::range::Range;
use crate::sandbox::engine::Runtime;
use crate::sandbox::rate_limit::Limiters;
use crate::state::{Store, Tick, Wanted, Writes};
use crate::stop::Stop;

/// How many sources of all accounts together may have a page in memory, for each of `--jobs`. They do not need a job while
/// their destination takes its time.
const PAGES_FOR_EACH_JOB: usize = 8;

/// The longest pause in which slots and idle instances are kept, and which is not reported: another session costs less than
/// their memory.
pub(super) const LONG_PAUSE: Duration = Duration::from_secs(10);

/// What the account jobs of a process share.
pub(crate) struct Process {
    /// What they are asked for.
    pub settings: Arc<Settings>,
    /// Loads their components.
    pub runtime: Runtime,
    /// The rate limits of their APIs.
    pub limiters: Mutex<Limiters>,
    /// Where their state persists.
    pub store: Store,
    /// Held by the account that begins next, while it waits for its turn.
    pub turn: tokio::sync::Mutex<()>,
    /// A permit for each source that may be collected in parallel: `--jobs`.
    pub jobs: Arc<Semaphore>,
    /// A permit for each source that may have a page in memory. Whoever waits for one holds no job.
    pub pages: Arc<Semaphore>,
}

/// What all accounts of a run have in common.
#[derive(Clone)]
pub(crate) struct Settings {
    /// `--dry-run`: nothing is delivered or stored.
    pub dry_run: bool,
    /// `--since` and `--until`
    pub range: Option<Range>,
    /// Where a walk begins: `--full`, `--restart`.
    pub wanted: Wanted,
    /// `--limit`: a preview of at most so many events of each source, from its beginning.
    pub limit: Option<u64>,
    /// `--accept-rejects`
    pub accept_rejects: bool,
    /// How many sources are collected in parallel.
    pub jobs: u32,
    /// Whether other replicas collect the accounts, too.
    pub has_replicas: bool,
    /// Whether the process ends once each account is collected: without `--every`.
    pub is_once: bool,
    /// Whether the run is asked to stop.
    pub stop: Stop,
    /// Where progress is shown.
    pub progress: Progress,
}

impl Settings {
    /// Returns the settings of a command that stores and delivers nothing.
    pub(crate) fn read_only(stop: Stop) -> Self {
        Self {
            dry_run: true,
            range: None,
            wanted: Wanted::Normal,
            limit: None,
            accept_rejects: false,
            jobs: 1,
            has_replicas: false,
            is_once: true,
            stop,
            progress: Progress::new(|_| ()),
        }
    }

    /// Returns the settings of a job that a tick asks for, which can be stopped by itself.
    pub(crate) fn of_tick(&self, tick: &Tick) -> Self {
        Self {
            wanted: tick.wanted,
            accept_rejects: tick.accept_rejects,
            stop: self.stop.of_part(),
            ..self.clone()
        }
    }

    /// Returns what the run changes of the state.
    pub(crate) fn writes(&self) -> Writes {
        if self.dry_run || self.range.is_some() {
            Writes::Nothing
        } else if self.limit.is_some() {
            Writes::Forgotten
        } else {
            Writes::Everything
        }
    }

    /// Returns whether every source is walked from its beginning and no unchanged device is left out, whatever is
    /// stored.
    pub(crate) fn ignores_state(&self) -> bool {
        self.range.is_some() || self.limit.is_some()
    }
}

impl Process {
    /// Returns a process without jobs.
    pub(crate) fn new(settings: Settings, runtime: Runtime, store: Store) -> Arc<Self> {
        let jobs = settings.jobs as usize;
        Arc::new(Self {
            runtime,
            limiters: Mutex::default(),
            store,
            turn: tokio::sync::Mutex::default(),
            jobs: Arc::new(Semaphore::new(jobs)),
            pages: Arc::new(Semaphore::new(jobs * PAGES_FOR_EACH_JOB)),
            settings: Arc::new(settings),
        })
    }

    /// Returns the accounts whose API has asked for a long pause, and how long it still takes.
    pub(crate) fn paused(&self) -> BTreeMap<String, Duration> {
        let limiters = self.limiters.lock().unwrap_or_else(PoisonError::into_inner);
        let mut paused = limiters.paused();
        paused.retain(|_, pause| *pause > LONG_PAUSE);
        paused
    }
}
