//! What is kept between runs: one SQLite file.
//!
//! | table | one row for |
//! |---|---|
//! | `source` | each source of each account: its cursor and the position of its walk |
//! | `fingerprint` | each device of the accounts that deliver only changes |
//! | `destination` | each account that delivers only changes: its destination |
//! | `account` | each account that is collected on a schedule: the slot that it was last begun in |
//! | `consent` | each account: the permissions that were approved |
//!
//! A cursor is stored only after its events are confirmed and must then survive a power cut, hence write-ahead
//! logging with full synchronisation. One run at a time changes what is stored of an account, and holds its lock; readers
//! are never blocked. SQLite reuses the space of deleted rows.
//!
//! `AccountState` is what a run sees; the commands use [`State`], the file.

mod account_state;
// Until the stores use it.
#[allow(dead_code)]
mod change;
pub(crate) mod consent;
mod destination;
mod error;
mod file;
mod fingerprints;
mod lock;
mod schema;
mod shared;
mod slots;
mod sources;
mod start;
mod stored_source;
#[cfg(test)]
mod tests;

pub(crate) use crate::state::account_state::{AccountState, Writes};
pub use crate::state::consent::Consent;
pub use crate::state::error::{StateError, StateProblem};
pub use crate::state::file::State;
pub use crate::state::fingerprints::Fingerprints;
pub(crate) use crate::state::shared::SharedState;
pub use crate::state::sources::StoredBatch;
pub(crate) use crate::state::start::{Start, Wanted, next_walk};
pub(crate) use crate::state::stored_source::SourceState;
