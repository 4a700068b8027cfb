//! One run at a time: an advisory lock on a file beside the state.
//!
//! The kernel releases it however the process ends, so there is no stale lock to clean up. The file stays:
//! to delete it would let two processes lock two files of one name.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::state::error::{StateError, StateProblem};

/// The lock, held until it is dropped.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
}

impl Drop for Lock {
    /// Closing the file would not do: a program that is just being started has a copy of it for a moment.
    fn drop(&mut self) {
        // What cannot be unlocked is released when the file is closed.
        let _ = self.file.unlock();
    }
}

impl Lock {
    /// Takes the lock of the state at `path`, without waiting, and writes down who holds it.
    ///
    /// # Errors
    ///
    /// When another process holds it, or its file cannot be opened, created or locked.
    pub(super) fn take(path: &Path) -> Result<Self, StateError> {
        let lock_path = beside(path);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&lock_path)
            .map_err(StateError::at(&lock_path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let locked = StateProblem::Locked(holder(&mut file));
                return Err(StateError::at(path)(locked));
            }
            Err(TryLockError::Error(error)) => return Err(StateError::at(&lock_path)(error)),
        }
        file.set_len(0)
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(StateError::at(&lock_path))?;
        Ok(Self { file })
    }
}

/// Returns the path of the lock file.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

/// Returns who holds the lock. The holder may not have written it down yet.
fn holder(file: &mut File) -> String {
    let mut text = String::new();
    let pid: Option<u32> = file
        .read_to_string(&mut text)
        .ok()
        .and_then(|_| text.trim().parse().ok());
    match pid {
        Some(pid) => format!("process {pid}"),
        None => "another process".to_owned(),
    }
}
