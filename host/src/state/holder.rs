//! Who may change what is stored of an account, in either store.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::block_in_place;

use crate::state::change::{Change, DeviceKey};
use crate::state::cluster::Claim;
use crate::state::error::StateError;
use crate::state::sqlite::{AccountLock, State};

/// The hold on an account: nobody else changes what is stored of it, or whoever does ends the hold.
pub(super) enum Holder {
    /// A state file, and the account's lock; `None` if nothing is changed.
    File {
        state: Arc<Mutex<State>>,
        _lock: Option<AccountLock>,
    },
    /// A claim in a cluster.
    Cluster(Box<Claim>),
}

impl Holder {
    /// Stores a change, all of it or nothing.
    pub(super) async fn commit(&self, account: &str, change: &Change) -> Result<(), StateError> {
        match self {
            Self::File { state, .. } => lock(state, |state| state.apply(account, change)),
            Self::Cluster(claim) => Ok(claim.commit(change).await?),
        }
    }

    /// Returns every fingerprint of a source.
    pub(super) async fn all_fingerprints(
        &self,
        account: &str,
        source: &str,
    ) -> Result<Vec<(DeviceKey, u64)>, StateError> {
        match self {
            Self::File { state, .. } => {
                lock(state, |state| state.all_fingerprints(account, source))
            }
            Self::Cluster(claim) => Ok(claim.all_fingerprints(source).await),
        }
    }

    /// Returns the fingerprints of devices of a source, each if it is stored.
    pub(super) async fn fingerprints(
        &self,
        account: &str,
        source: &str,
        devices: &[DeviceKey],
    ) -> Result<Vec<Option<u64>>, StateError> {
        match self {
            Self::File { state, .. } => {
                lock(state, |state| state.fingerprints(account, source, devices))
            }
            Self::Cluster(claim) => Ok(claim.fingerprints(source, devices).await),
        }
    }
}

/// Calls `action` while no other task uses the file. It may take as long as the disk does, so other tasks of this thread
/// continue on another one.
pub(super) fn lock<T>(state: &Mutex<State>, action: impl FnOnce(&mut State) -> T) -> T {
    // After a panic in another task the state is consistent: every change is a transaction.
    block_in_place(|| action(&mut state.lock().unwrap_or_else(PoisonError::into_inner)))
}
