//! The state in one SQLite file, for the processes of one machine.
//!
//! | table | one row for |
//! |---|---|
//! | `source` | each source of each account: its cursor and the position of its walk |
//! | `fingerprint` | each device of the accounts that deliver only changes |
//! | `destination` | each source of the accounts that deliver only changes: its destination |
//! | `account` | each account that is collected on a schedule: the slot that it was last collected in |
//! | `consent` | each account: the permissions that were approved |
//!
//! A cursor is stored only after its events are confirmed and must then survive a power cut, hence write-ahead logging with
//! full synchronisation. One process at a time changes what is stored of an account, and holds its lock; readers are never
//! blocked. SQLite reuses the space of deleted rows.
//!
//! A device takes at most 64 bytes on the disk: 16 for its key, 8 for the fingerprint, up to 2 for the source's number, 7
//! that SQLite adds, and its share of the free space in the tree's pages.

mod error;
mod file;
mod lock;
mod rows;
pub(super) mod schema;

pub(super) use self::file::State;
pub(super) use self::lock::AccountLock;
