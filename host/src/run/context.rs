//! What the tasks of a run share: the run's settings, an account, a source. Each is borrowed by what is below it.

use std::sync::{Arc, Mutex, OnceLock};

use tokio::sync::Semaphore;

use crate::config::{Emit, SourceName};
use crate::deliver::rejects::Rejects;
use crate::deliver::waiting::Waiting;
use crate::deliver::{Destination, Receiver};
use crate::run::prepare::Ready;
use crate::run::progress::{Progress, Waits};
use crate::run::range::Range;
use crate::run::results::AccountResults;
use crate::sandbox::engine::Runtime;
use crate::sandbox::rate_limit::Limiters;
use crate::state::{AccountState, SharedState, Wanted, Writes};
use crate::stop::Stop;

/// What the account jobs of a process share.
pub(crate) struct Process {
    /// What they are asked for.
    pub settings: Arc<Settings>,
    /// Loads their components.
    pub runtime: Runtime,
    /// The rate limits of their APIs.
    pub limiters: Mutex<Limiters>,
    /// Where their state persists.
    pub state: SharedState,
    /// A permit for each source that may be collected in parallel: `--jobs`.
    pub jobs: Arc<Semaphore>,
    /// A permit for each source that may have a page in memory. Whoever waits for one holds no job.
    pub pages: Arc<Semaphore>,
}

/// What all accounts of a run have in common.
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
            stop,
            progress: Progress::new(|_| ()),
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

/// An account that is collected.
pub(crate) struct AccountJob {
    /// The account, its component and its permissions.
    pub ready: Ready,
    /// Where its events go.
    pub receiver: Receiver,
    /// What persists of it.
    pub state: AccountState,
    /// What the run is asked for.
    pub settings: Arc<Settings>,
    /// Where its rejects are written; `None` for `--dry-run` and `--limit`.
    pub rejects: Option<Rejects>,
    /// What was done for it.
    pub(super) results: Arc<AccountResults>,
}

impl AccountJob {
    /// Returns the account's name.
    pub(crate) fn name(&self) -> &str {
        &self.ready.account.name
    }

    /// Returns what shows what a source of the account waits for.
    pub(crate) fn waits(&self) -> Waits {
        Waits {
            limiter: self.ready.rights.limiter.clone(),
            call: Waiting::default(),
            destination: self.receiver.waiting(),
        }
    }

    /// Returns which events are delivered: the account's `emit`, or all where the run ignores the state.
    pub(crate) fn emit(&self) -> Emit {
        match self.settings.ignores_state() {
            true => Emit::Seen,
            false => self.ready.account.emit,
        }
    }
}

/// A source that is collected, with all that it takes.
pub(crate) struct SourceJob {
    /// The account that has it.
    pub job: Arc<AccountJob>,
    /// The vendor's id, by which the state is kept.
    pub id: String,
    /// What a person calls it.
    pub name: String,
    /// Whether the name alone would lead to the file of another source.
    pub is_ambiguous: bool,
    /// Where its events go, from the first one on.
    pub destination: OnceLock<Destination>,
    /// The config for `collect`, as JSON text.
    pub config: String,
    /// Whether an earlier run has stored something about it.
    pub known: bool,
    /// Whether the account has other sources. If not, the credentials are of no use without this one.
    pub has_siblings: bool,
}

impl SourceJob {
    /// Returns the names by which its destination is found.
    pub(crate) fn source_name(&self) -> SourceName<'_> {
        SourceName {
            account: self.job.name(),
            id: &self.id,
            name: &self.name,
            is_ambiguous: self.is_ambiguous,
        }
    }

    /// Returns where its events go.
    pub(crate) fn destination(&self) -> &Destination {
        let receiver = &self.job.receiver;
        self.destination
            .get_or_init(|| receiver.for_source(&self.source_name()))
    }

    /// Returns whether a missing permission for this source is a notice, not a failure: other sources can be
    /// collected, and this one never was.
    pub(crate) fn may_be_forbidden(&self) -> bool {
        self.has_siblings && !self.known
    }
}
