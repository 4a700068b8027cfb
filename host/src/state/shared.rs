//! The state file of a process, open only while a job uses it, so that none is made before one can begin.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::state::account_state::Writes;
use crate::state::error::StateError;
use crate::state::file::State;

/// The state file that the jobs of a process share.
#[derive(Default)]
pub(crate) struct SharedState(Mutex<(PathBuf, Weak<Mutex<State>>)>);

impl SharedState {
    /// Returns the state file at `path`, opened for a run that changes what `writes` says unless a job has it open.
    ///
    /// # Errors
    ///
    /// Those of [`Writes::open`].
    pub(crate) fn open(
        &self,
        path: &Path,
        writes: Writes,
    ) -> Result<Arc<Mutex<State>>, StateError> {
        let mut shared = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if shared.0 == path
            && let Some(state) = shared.1.upgrade()
        {
            return Ok(state);
        }
        let state = tokio::task::block_in_place(|| writes.open(path))?;
        let state = Arc::new(Mutex::new(state));
        *shared = (path.to_owned(), Arc::downgrade(&state));
        Ok(state)
    }
}
