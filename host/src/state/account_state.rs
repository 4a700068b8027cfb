//! The state of one account, as a run sees it.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use time::OffsetDateTime;
use tokio::task::block_in_place;

use crate::contract::bindings::inventory::connector::types::Event;
use crate::contract::permissions::Permissions;
use crate::state::consent;
use crate::state::error::StateError;
use crate::state::file::State;
use crate::state::lock::AccountLock;
use crate::state::sources::StoredBatch;
use crate::state::stored_source::SourceState;

/// What a run changes of the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writes {
    /// Nothing: `--dry-run`, `--since` and `--until`.
    Nothing,
    /// Only the fingerprints of devices that are sent, which are deleted: `--limit`.
    Forgotten,
    /// Everything.
    Everything,
}

impl Writes {
    /// Opens the state file for a run that changes this much of it.
    ///
    /// # Errors
    ///
    /// Those of [`State::open_to_read`] and [`State::open_to_write`].
    pub(crate) fn open(self, path: &Path) -> Result<State, StateError> {
        match self {
            Self::Nothing => State::open_to_read(path),
            Self::Forgotten | Self::Everything => State::open_to_write(path),
        }
    }
}

/// Everything that persists of one account, shared by the tasks that collect its sources.
///
/// The methods are all that a run needs of a store: reads of what was stored before, and writes, each of which is
/// stored completely or not at all. A method that writes does nothing if the run does not change the state, see
/// [`Writes`], so a run calls it in any case. Every write is durable when it returns.
///
/// For each page: [`changed`](Self::changed), [`forget_fingerprints`](Self::forget_fingerprints), delivery, then
/// [`store_batch`](Self::store_batch).
pub(crate) struct AccountState {
    account: String,
    writes: Writes,
    state: Arc<Mutex<State>>,
    /// Held as long as this value lives; `None` if the run stores nothing.
    _lock: Option<AccountLock>,
}

impl AccountState {
    /// Returns the state of an account in the file `state`, locked if it is to be changed.
    ///
    /// # Errors
    ///
    /// Those of [`State::lock`].
    pub(crate) fn new(
        account: &str,
        writes: Writes,
        state: &Arc<Mutex<State>>,
    ) -> Result<Self, StateError> {
        let mut new = Self {
            account: account.to_owned(),
            writes,
            state: Arc::clone(state),
            _lock: None,
        };
        if writes != Writes::Nothing {
            new._lock = Some(new.lock(|state| state.lock(account))?);
        }
        Ok(new)
    }

    /// Returns what this run changes of the state.
    pub(crate) fn writes(&self) -> Writes {
        self.writes
    }

    /// Stores that the account is begun in the slot of the schedule that begins at `slot`.
    pub(crate) fn begin_slot(&self, slot: OffsetDateTime) -> Result<(), StateError> {
        self.write(|state| state.begin_slot(&self.account, slot))
    }

    /// Approves what the account's component asks for, where that needs no person: see [`consent::record`].
    pub(crate) fn record_consent(&self, asks: &Permissions) -> Result<(), StateError> {
        self.write(|state| consent::record(state, &self.account, asks, OffsetDateTime::now_utc()))
    }

    /// Returns what is stored of every source, by the sources' ids.
    pub(crate) fn sources(&self) -> Result<Vec<SourceState>, StateError> {
        self.lock(|state| state.sources_of(&self.account))
    }

    /// Returns what is stored of one source.
    pub(crate) fn source(&self, source: &str) -> Result<Option<SourceState>, StateError> {
        self.lock(|state| state.source(&self.account, source))
    }

    /// Returns for each event of a page whether its device has changed since it was last confirmed.
    pub(crate) fn changed(&self, source: &str, events: &[Event]) -> Result<Vec<bool>, StateError> {
        self.lock(|state| state.changed(&self.account, source, events))
    }

    /// Stores which destination a source delivers to. Returns whether it is another one than before, so that every device
    /// counts as changed.
    pub(crate) fn set_destination(
        &self,
        source: &str,
        destination: &str,
    ) -> Result<bool, StateError> {
        self.write(|state| state.set_destination(&self.account, source, destination))
    }

    /// Stores which sources a complete listing found to be collectable. The others are gone.
    pub(crate) fn store_listing(&self, ids: &BTreeSet<String>) -> Result<(), StateError> {
        self.write(|state| state.store_listing(&self.account, ids, OffsetDateTime::now_utc()))
    }

    /// Forgets the fingerprints of devices that are about to be sent. If it fails, do not send them.
    pub(crate) fn forget_fingerprints<'a>(
        &self,
        source: &str,
        devices: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), StateError> {
        if self.writes == Writes::Nothing {
            return Ok(());
        }
        self.lock(|state| state.forget_fingerprints(&self.account, source, devices))
    }

    /// Stores the cursor and the fingerprints of a page of which every event is confirmed.
    pub(crate) fn store_batch(&self, batch: &StoredBatch<'_>) -> Result<(), StateError> {
        self.write(|state| state.store_batch(batch, OffsetDateTime::now_utc()))
    }

    /// Stores that a source is up to date.
    pub(crate) fn store_success(&self, source: &str) -> Result<(), StateError> {
        self.write(|state| state.store_success(&self.account, source, OffsetDateTime::now_utc()))
    }

    /// Stores what stopped a source. Its cursor stays.
    pub(crate) fn store_error(
        &self,
        source: &str,
        name: &str,
        error: &str,
    ) -> Result<(), StateError> {
        let now = OffsetDateTime::now_utc();
        self.write(|state| state.store_error(&self.account, source, name, error, now))
    }

    /// Stores that a source can no longer be collected, so that `state prune` forgets it.
    pub(crate) fn store_not_collectable(&self, source: &str) -> Result<(), StateError> {
        let now = OffsetDateTime::now_utc();
        self.write(|state| state.store_not_collectable(&self.account, source, now))
    }

    fn write<T: Default>(
        &self,
        action: impl FnOnce(&mut State) -> Result<T, StateError>,
    ) -> Result<T, StateError> {
        match self.writes {
            Writes::Everything => self.lock(action),
            Writes::Forgotten | Writes::Nothing => Ok(T::default()),
        }
    }

    /// Calls `action` while no other task uses the file. It may take as long as the disk does, so other tasks of this
    /// thread continue on another one.
    fn lock<T>(&self, action: impl FnOnce(&mut State) -> T) -> T {
        // After a panic in another task the state is consistent: every change is a transaction.
        block_in_place(|| action(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}
