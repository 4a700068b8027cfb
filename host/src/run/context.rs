//! What the tasks of an account share: the account, a source. Each is borrowed by what is below it.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::config::{Emit, SourceName};
use crate::deliver::rejects::Rejects;
use crate::deliver::waiting::Waiting;
use crate::deliver::{Destination, Receiver};
use crate::run::halt::Halt;
use crate::run::prepare::Ready;
use crate::run::process::Settings;
use crate::run::progress::Waits;
use crate::run::results::AccountResults;
use crate::state::{AccountState, Term};

/// The longest wait of a job where other replicas may continue with its account.
const MAX_WAIT: Duration = Duration::from_secs(60);

/// An account that is collected.
pub(crate) struct AccountJob {
    /// The account, its component and its permissions.
    pub ready: Ready,
    /// Where its events go.
    pub receiver: Receiver,
    /// What persists of it.
    pub state: Arc<AccountState>,
    /// What the run is asked for.
    pub settings: Arc<Settings>,
    /// Until when this replica may work on the account; `None` without other replicas.
    pub term: Option<Arc<Term>>,
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

    /// Returns whether this process may work on the account now.
    pub(crate) fn is_held(&self) -> bool {
        self.term.as_ref().is_none_or(|term| term.is_held())
    }

    /// Ends the job before a long wait where other replicas may continue with the account, which is due again after it.
    ///
    /// # Errors
    ///
    /// When the job ends.
    pub(crate) fn postpone(&self, wait: Duration) -> Result<(), Halt> {
        if !self.settings.has_replicas || wait <= MAX_WAIT {
            return Ok(());
        }
        self.results.postpone(wait);
        self.settings.stop.request();
        Err(Halt::Stopped)
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
