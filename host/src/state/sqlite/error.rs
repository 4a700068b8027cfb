//! What the file system and SQLite report, sorted by what to do about it.

use std::io;
use std::path::Path;

use rusqlite::{ErrorCode, ffi};

use crate::state::error::{StateError, StateProblem};

impl StateError {
    /// Returns what adds the path of a file to what is wrong with it.
    pub(super) fn at<E: Into<StateProblem>>(path: &Path) -> impl FnOnce(E) -> Self {
        |problem| Self {
            place: path.display().to_string(),
            problem: problem.into(),
        }
    }
}

impl From<io::Error> for StateProblem {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            _ => Self::Open(error),
        }
    }
}

impl From<rusqlite::Error> for StateProblem {
    /// Sorts errors of SQLite by what to do about them.
    fn from(error: rusqlite::Error) -> Self {
        let extended = error.sqlite_error().map(|error| error.extended_code);
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::NotState,
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged(error.into()),
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::DatabaseBusy) => Self::Busy,
            // The memory that readers and the writer share lies in a file, which could not grow.
            _ if extended == Some(ffi::SQLITE_IOERR_SHMSIZE) => Self::Full,
            // SQLite does not say whether too many files are open; the system does.
            Some(ErrorCode::CannotOpen) => Self::Open(match std::fs::File::open("/dev/null") {
                Ok(_) => io::Error::other(error),
                Err(why) => why,
            }),
            Some(_) => Self::Other(error.into()),
            // Not from the file system but from a value that is not what this program writes.
            None => Self::Damaged(error.into()),
        }
    }
}
