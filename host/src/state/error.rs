//! Why the state cannot be used, and what to do.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{ErrorCode, ffi};

/// Why the state cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// Another process holds the state.
    #[error(
        "the state {} is in use by {holder}: wait until it has ended, or stop it; if both are meant to run, \
         give them different files in state.path",
        path.display()
    )]
    Locked {
        /// The state file.
        path: PathBuf,
        /// Who holds it: `process 4711`, or `another process` where the lock file does not tell.
        holder: String,
    },
    /// Another program kept SQLite's lock on the file for longer than the program waits.
    #[error(
        "the state {} is locked by another program: no other asset-host is writing to it, so a SQLite shell, \
         a backup or a copy is likely to hold it (`fuser` names the process that has it open); end that, or wait \
         until it has ended; what was stored before is complete, and the next run continues from there",
        path.display()
    )]
    Busy {
        /// The state file.
        path: PathBuf,
    },
    /// The file, or the lock beside it, cannot be opened or created.
    #[error("cannot open the state {}: {source}; its folder must exist and be writable", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The file was written by another version of this program.
    #[error(
        "the state {} has format {found}, and this asset-host reads format {known}: use the asset-host that wrote it, \
         or name another file in state.path; the first run with a new file collects everything",
        path.display()
    )]
    Version {
        /// The state file.
        path: PathBuf,
        /// The file's format.
        found: i64,
        /// The format that is known here.
        known: i64,
    },
    /// The file is not a state file, and is left unchanged.
    #[error(
        "{} is not a state file of asset-host: name another file in state.path, or move this one away",
        path.display()
    )]
    NotState {
        /// The file.
        path: PathBuf,
    },
    /// The file is damaged.
    #[error(
        "the state {} is damaged ({source}): restore it from a backup, or move it away, and the next run \
         collects everything",
        path.display()
    )]
    Damaged {
        /// The state file.
        path: PathBuf,
        /// What SQLite reports.
        source: rusqlite::Error,
    },
    /// There is no space left to write.
    #[error(
        "no space left to write the state {}: free some space on its disk; what was stored before is complete, \
         and the next run continues from the last stored cursor",
        path.display()
    )]
    Full {
        /// The state file.
        path: PathBuf,
    },
    /// Anything else that SQLite reports.
    #[error("cannot use the state {}: {source}", path.display())]
    Sqlite {
        /// The state file.
        path: PathBuf,
        /// What SQLite reports.
        source: rusqlite::Error,
    },
}

impl StateError {
    /// Returns why the file at `path`, the state's or one beside it, could not be opened or created.
    pub(super) fn opening(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { path },
            _ => Self::Open { path, source },
        }
    }

    /// Sorts an error of SQLite about the file at `path` by what to do about it.
    pub(super) fn of(path: &Path, source: rusqlite::Error) -> Self {
        let path = path.to_owned();
        let extended = source.sqlite_error().map(|error| error.extended_code);
        match source.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::NotState { path },
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged { path, source },
            Some(ErrorCode::DiskFull) => Self::Full { path },
            Some(ErrorCode::DatabaseBusy) => Self::Busy { path },
            // The memory that readers and the writer share lies in a file, which could not grow.
            _ if extended == Some(ffi::SQLITE_IOERR_SHMSIZE) => Self::Full { path },
            Some(ErrorCode::CannotOpen) => Self::Open {
                path,
                source: io::Error::other(source),
            },
            Some(_) => Self::Sqlite { path, source },
            // Not from the file system but from a value that is not what this program writes.
            None => Self::Damaged { path, source },
        }
    }
}
