//! What persists between runs, and by which rules it changes.
//!
//! [`AccountState`] is what a run sees of one account. A [`Store`] keeps it: a file of SQLite, for the processes of one
//! machine, or a cluster.

mod account_state;
mod change;
#[cfg(feature = "cluster")]
mod cluster;
#[cfg(not(feature = "cluster"))]
#[path = "state/no_cluster.rs"]
mod cluster;
pub(crate) mod consent;
mod error;
mod holder;
mod source_state;
mod sqlite;
mod start;
mod store;
#[cfg(test)]
pub(crate) mod tests;

pub use crate::state::account_state::{AccountState, Writes};
pub(crate) use crate::state::change::{DeviceKey, Stored};
pub(crate) use crate::state::cluster::{Cluster, Delivery, Lease, Published, Term, Tick};
pub(crate) use crate::state::consent::Consent;
pub use crate::state::error::{StateError, StateProblem};
pub(crate) use crate::state::source_state::SourceState;
pub use crate::state::source_state::{Fingerprints, StoredBatch};
pub(crate) use crate::state::start::{Start, Wanted, next_walk};
pub use crate::state::store::Store;
