//! One run: every source of every account, several at a time.
//!
//! Each source is a task of its own, so that one that fails or hangs costs the others nothing but a job for as
//! long as it is tried. `account` lists the sources of an account and hands them out, `work` collects one of
//! them, `pool` lends the connectors, `done` keeps what became of all.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tracing::{Instrument, error, error_span};

use crate::deliver::Destination;
use crate::deliver::rejects::Rejects;
use crate::run::prepare::Ready;
use crate::run::progress::Progress;
use crate::run::range::Range;
use crate::state::{State, Wanted};
use crate::stop::Stop;

mod account;
mod done;
mod pool;
mod work;

pub(crate) use crate::run::done::Done;
pub(crate) use crate::run::pool::Worker;

use crate::run::done::SharedDone;

pub(crate) mod attempt;
pub(crate) mod discovery;
pub(crate) mod failure;
pub(crate) mod page;
pub(crate) mod prepare;
pub(crate) mod progress;
pub(crate) mod range;
pub(crate) mod report;
pub(crate) mod schedule;
pub(crate) mod source;

/// What all accounts of a run have in common.
pub(crate) struct Settings {
    /// The state; open to read only where nothing is stored.
    pub state: Arc<Mutex<State>>,
    /// Where rejects are written; none for `--dry-run`.
    pub rejects: Option<Arc<Rejects>>,
    /// `--dry-run`: nothing is stored.
    pub dry_run: bool,
    /// `--since` and `--until`
    pub range: Option<Range>,
    /// Where a walk begins: `--full`, `--restart`.
    pub wanted: Wanted,
    /// `--limit`: a preview of so many events of each source at most, from its beginning.
    pub limit: Option<u64>,
    /// How many sources are collected at a time.
    pub jobs: u32,
    /// Whether the run is asked to stop.
    pub stop: Stop,
    /// Where progress is shown.
    pub progress: Progress,
}

impl Settings {
    /// Whether cursors and the like are stored: not by a dry run, a range and a preview.
    fn storing(&self) -> bool {
        !self.dry_run && self.range.is_none() && self.limit.is_none()
    }

    /// Whether every source is walked from its beginning and nothing is left out as unchanged, whatever is stored.
    fn anew(&self) -> bool {
        self.range.is_some() || self.limit.is_some()
    }

    /// Whether fingerprints of what is delivered are forgotten, as the destination has something else from then on. A
    /// range leaves even them alone.
    fn forgetting(&self) -> bool {
        !self.dry_run && self.range.is_none()
    }
}

/// How much longer than its pages in hand a run may take to stop: a disk that hangs must not keep it for ever.
const LAST_WRITES: Duration = Duration::from_secs(5);

/// Collects every source of the accounts, each of which delivers to the destination beside it.
pub(crate) async fn run(settings: Settings, accounts: Vec<(Ready, Arc<dyn Destination>)>) -> Done {
    let jobs = Arc::new(Semaphore::new(settings.jobs as usize));
    let settings = Arc::new(settings);
    let done = SharedDone::default();
    let mut tasks = JoinSet::new();
    for (ready, destination) in accounts {
        done.expect_listing(&ready.account.name);
        let (settings, jobs, done) = (Arc::clone(&settings), Arc::clone(&jobs), done.clone());
        let span = error_span!("account", account = ready.account.name);
        let collected = async move {
            account::collect(ready, destination, settings, jobs, &done)
                .await
                .inspect_err(|error| {
                    error!("{error}");
                    done.broken_by(error.to_string());
                })
        };
        tasks.spawn(collected.instrument(span));
    }
    let mut overdue = pin!(async {
        settings.stop.grace_period_elapsed().await;
        tokio::time::sleep(LAST_WRITES).await;
    });
    loop {
        let ended = tokio::select! {
            ended = tasks.join_next() => ended,
            () = &mut overdue => {
                let why = "it did not end in time after the request to stop: the disk of the state or of the \
                           rejects file does not answer. What is not confirmed comes again in the next run";
                error!("{why}");
                done.broken_by(why.to_owned());
                break;
            }
        };
        let Some(ended) = ended else {
            break;
        };
        match ended {
            Ok(Ok(())) => {}
            // Without the state nothing more can be stored, of any account.
            Ok(Err(_)) => tasks.abort_all(),
            Err(broken) if broken.is_cancelled() => {}
            // What it has not told yet is told as failed.
            Err(broken) => error!("an account broke off: {broken}. Please report this"),
        }
    }
    done.take()
}

/// Does something with the state while nobody else does. It may take as long as the disk does, so other tasks of
/// the thread go on elsewhere.
pub(crate) fn with<T>(state: &Mutex<State>, action: impl FnOnce(&mut State) -> T) -> T {
    // A thread that panicked meanwhile has left the state whole: every change is a transaction.
    tokio::task::block_in_place(|| {
        action(&mut state.lock().unwrap_or_else(PoisonError::into_inner))
    })
}
