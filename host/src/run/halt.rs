//! Why a source, or the listing of an account's sources, did not get to its end.

use crate::contract::stopped::Stopped;
use crate::state::StateError;

/// Why collecting ended early. Reasons are sentences for the person who runs the program.
#[derive(Debug)]
pub(crate) enum Halt {
    /// The run was asked to stop, or `--limit` was reached.
    Stopped,
    /// The credentials lack the permission.
    Forbidden(String),
    /// It failed, and another try does not help.
    Failed(String),
    /// The state cannot be read or written, which ends the whole run.
    State(StateError),
}

impl From<StateError> for Halt {
    fn from(error: StateError) -> Self {
        Self::State(error)
    }
}

impl From<Stopped> for Halt {
    fn from(stopped: Stopped) -> Self {
        Self::Failed(stopped.to_string())
    }
}
