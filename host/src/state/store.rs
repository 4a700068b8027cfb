//! Where the state persists: a file, or a cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::task::block_in_place;

use crate::config::StateConfig;
use crate::state::account_state::{AccountState, Writes};
use crate::state::change::Stored;
use crate::state::cluster::Cluster;
use crate::state::error::StateError;
use crate::state::holder::{Holder, lock};
use crate::state::source_state::SourceState;
use crate::state::sqlite::State;

/// Where the state persists.
pub struct Store(Place);

enum Place {
    File(StateFile),
    Cluster(Cluster),
}

/// A state file, open to be changed only while a job uses it, so that none is made before one can begin.
struct StateFile {
    path: PathBuf,
    open: Mutex<Weak<Mutex<State>>>,
}

impl Store {
    /// Returns the store that the configuration names. Connects to a cluster; opens no file.
    ///
    /// # Errors
    ///
    /// When the cluster cannot be used.
    pub(crate) async fn open(config: &StateConfig) -> Result<Self, StateError> {
        match config {
            StateConfig::File(path) => Ok(Self::file(path)),
            StateConfig::Cluster(config) => {
                let cluster = Cluster::connect(config).await;
                let cluster = cluster.map_err(|error| StateError {
                    place: format!("in the cluster {}", config.servers.join(", ")),
                    ..error.into()
                })?;
                Ok(Self(Place::Cluster(cluster)))
            }
        }
    }

    /// Returns the cluster, if the store is one.
    pub(crate) fn cluster(&self) -> Option<&Cluster> {
        match &self.0 {
            Place::File(_) => None,
            Place::Cluster(cluster) => Some(cluster),
        }
    }

    /// Returns the store in the file at `path`. Opens nothing.
    pub fn file(path: &Path) -> Self {
        Self(Place::File(StateFile {
            path: path.to_owned(),
            open: Mutex::default(),
        }))
    }

    /// Returns what a person calls the store.
    pub(crate) fn place(&self) -> String {
        match &self.0 {
            Place::File(file) => file.path.display().to_string(),
            Place::Cluster(cluster) => cluster.place(),
        }
    }

    /// Returns the file of what could not be delivered, beside the state: `state.rejects.ndjson` for `state.db`.
    pub(crate) fn rejects(&self) -> PathBuf {
        match &self.0 {
            Place::File(file) => file.path.with_extension("rejects.ndjson"),
            Place::Cluster(cluster) => cluster.rejects(),
        }
    }

    /// Makes the store ready to be changed, if a run changes it.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or changed.
    pub(crate) async fn prepare(&self, writes: Writes) -> Result<(), StateError> {
        match (&self.0, writes) {
            (Place::File(file), Writes::Nothing) => file.read().map(drop),
            (Place::File(file), _) => file.open().map(drop),
            (Place::Cluster(_), _) => Ok(()),
        }
    }

    /// Returns what is stored of every account, by the accounts' names.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub(crate) async fn all(&self) -> Result<BTreeMap<String, Stored>, StateError> {
        match &self.0 {
            Place::File(file) => file.read()?.all(),
            Place::Cluster(cluster) => Ok(cluster.read_all().await?),
        }
    }

    /// Returns what is stored of an account.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub(crate) async fn stored(&self, account: &str) -> Result<Stored, StateError> {
        match &self.0 {
            Place::File(file) => file.read()?.stored(account),
            Place::Cluster(cluster) => Ok(cluster.read(account).await?),
        }
    }

    /// Returns the state of an account for a run that changes what `writes` says. If it changes anything, nobody else
    /// changes what is stored of the account as long as the value lives; in a cluster, the next one that claims the account
    /// ends that.
    ///
    /// # Errors
    ///
    /// When the store cannot be used, or somebody else holds the account.
    pub async fn claim(&self, account: &str, writes: Writes) -> Result<AccountState, StateError> {
        match &self.0 {
            Place::File(file) => {
                let (state, lock_of_account) = match writes {
                    Writes::Nothing => (Arc::new(Mutex::new(file.read()?)), None),
                    Writes::Forgotten | Writes::Everything => {
                        let state = file.open()?;
                        let held = lock(&state, |state| state.lock(account))?;
                        (state, Some(held))
                    }
                };
                let stored = lock(&state, |state| state.stored(account))?;
                let holder = Holder::File {
                    state,
                    _lock: lock_of_account,
                };
                Ok(AccountState::new(account, writes, stored, holder))
            }
            Place::Cluster(cluster) => {
                let (claim, stored) = match writes {
                    Writes::Nothing => cluster.snapshot(account).await?,
                    Writes::Forgotten | Writes::Everything => cluster.claim(account).await?,
                };
                let holder = Holder::Cluster(Box::new(claim));
                Ok(AccountState::new(account, writes, stored, holder))
            }
        }
    }

    /// Forgets every source that is gone and every account that is not in `known`, and returns what was stored of the
    /// sources, by account and source id.
    ///
    /// # Errors
    ///
    /// When the store cannot be used, or somebody else holds one of the accounts; then nothing is forgotten.
    pub(crate) async fn prune(
        &self,
        known: &BTreeSet<&str>,
    ) -> Result<Vec<SourceState>, StateError> {
        let is_gone = |source: &SourceState| source.gone_at.is_some();
        self.prepare(Writes::Everything).await?;
        let mut held = Vec::new();
        for (account, stored) in self.all().await? {
            let is_known = known.contains(account.as_str());
            if !is_known || stored.states().any(is_gone) {
                held.push((is_known, self.claim(&account, Writes::Everything).await?));
            }
        }
        let mut pruned = Vec::new();
        for (is_known, state) in &held {
            pruned.extend(match is_known {
                true => {
                    let is_gone =
                        |_: &str, source: Option<&SourceState>| source.is_some_and(is_gone);
                    state.forget_sources(is_gone).await?
                }
                false => state.forget().await?,
            });
        }
        if let (Place::File(file), false) = (&self.0, pruned.is_empty()) {
            // Gives the space back to the disk. Where there is none to pack the file, the next runs use what is free in it.
            let _ = file.open().map(|state| lock(&state, |state| state.pack()));
        }
        Ok(pruned)
    }
}

#[cfg(test)]
impl Store {
    /// Calls `action` with the open file.
    pub(super) fn sqlite<T>(&self, action: impl FnOnce(&rusqlite::Connection) -> T) -> T {
        let Place::File(file) = &self.0 else {
            panic!("not a file");
        };
        lock(&file.open().unwrap(), |state| action(state.connection()))
    }
}

impl StateFile {
    fn read(&self) -> Result<State, StateError> {
        block_in_place(|| State::open_to_read(&self.path))
    }

    /// Returns the file, opened to be changed unless a job has it open.
    fn open(&self) -> Result<Arc<Mutex<State>>, StateError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(state) = open.upgrade() {
            return Ok(state);
        }
        let state = block_in_place(|| State::open_to_write(&self.path))?;
        let state = Arc::new(Mutex::new(state));
        *open = Arc::downgrade(&state);
        Ok(state)
    }
}
