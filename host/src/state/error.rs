//! Why the state cannot be used, and what to do.

use std::io;

use crate::network::error::cannot_open;

/// The state cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the state {place} {problem}")]
pub struct StateError {
    /// The state file, the lock file of an account beside it, or the servers of the cluster.
    pub place: String,
    /// What is wrong with it.
    pub problem: StateProblem,
}

/// What is wrong with the state, and what to do. Each message continues "the state PLACE".
#[derive(Debug, thiserror::Error)]
pub enum StateProblem {
    /// The account is being collected or changed, by `process 4711`, or `another process` if the lock file does not
    /// name it.
    #[error("is in use for account {account} by {holder}: wait until it has ended, or stop it")]
    Locked {
        /// The account's name.
        account: String,
        /// Who holds its lock.
        holder: String,
    },
    /// Another program kept SQLite's lock on the file for longer than the program waits.
    #[error(
        "is locked by another program: no asset-host keeps it locked for so long, so a SQLite shell, a backup or a copy \
         is likely to hold it (`fuser` names the process that has it open); end that, or wait until it has ended; what was \
         stored before is complete, and the next run continues from there"
    )]
    Busy,
    /// The file, or the lock beside it, cannot be opened or created.
    #[error("cannot be opened: {}", cannot_open(.0, "; its folder must exist and be writable"))]
    Open(io::Error),
    /// The file was written by another version of this program.
    #[error(
        "has format {found}, and this asset-host reads format {known}: use the asset-host that wrote it, or name another \
         file in state.path; the first run with a new file collects everything"
    )]
    Version {
        /// The file's format.
        found: i64,
        /// The format that this program reads.
        known: i64,
    },
    /// The file belongs to another program, and is left unchanged.
    #[error(
        "is not a state file of asset-host: name another file in state.path, or move this one away"
    )]
    NotState,
    /// The file is damaged.
    #[error(
        "is damaged ({0}): restore it from a backup, or move it away, and the next run collects everything"
    )]
    Damaged(Cause),
    /// There is no space left to write.
    #[error(
        "cannot be written, as there is no space left: free some space on its disk; what was stored before is complete, \
         and the next run continues from the last stored cursor"
    )]
    Full,
    /// Somebody else continues with the account: another replica, or a command. It is not a failure.
    #[error(
        "was taken over: another replica or a command changes it now and continues from what was stored, so this one stops"
    )]
    Lost,
    /// The cluster cannot be used.
    #[error("{0}")]
    Cluster(Cause),
    /// Anything else that the store reports.
    #[error("cannot be used: {0}")]
    Other(Cause),
}

impl StateError {
    /// Returns whether somebody else continues with the account, which is not a failure.
    pub(crate) fn is_lost(&self) -> bool {
        matches!(self.problem, StateProblem::Lost)
    }
}

/// What the store reports.
pub(super) type Cause = Box<dyn std::error::Error + Send + Sync>;
