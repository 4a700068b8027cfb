//! One run of an account at a time: an advisory lock on a file of the account's own, in a folder beside the state.
//!
//! The kernel releases it however the process ends, so there is no stale lock to clean up. The file stays:
//! to delete it would let two processes lock two files of one name.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::config::is_account_name;
use crate::state::error::{StateError, StateProblem};

/// The lock of an account, held until it is dropped.
#[derive(Debug)]
pub(crate) struct AccountLock {
    file: File,
}

impl Drop for AccountLock {
    /// Closing the file would not do: a program that is just being started has a copy of it for a moment.
    fn drop(&mut self) {
        // What cannot be unlocked is released when the file is closed.
        let _ = self.file.unlock();
    }
}

impl AccountLock {
    /// Takes the lock of an account in the state at `path`, without waiting, and writes down who holds it.
    ///
    /// # Errors
    ///
    /// When somebody holds it, or its file cannot be opened, created or locked.
    pub(super) fn take(path: &Path, account: &str) -> Result<Self, StateError> {
        if !is_account_name(account) {
            let why = io::Error::new(io::ErrorKind::InvalidInput, "not the name of an account");
            return Err(StateError::at(path)(why));
        }
        let folder = beside(path);
        let lock_path = folder.join(account);
        let mut file = open(&folder, &lock_path).map_err(StateError::at(&lock_path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let account = account.to_owned();
                let holder = holder(&mut file);
                return Err(StateError::at(path)(StateProblem::Locked {
                    account,
                    holder,
                }));
            }
            Err(TryLockError::Error(error)) => return Err(StateError::at(&lock_path)(error)),
        }
        file.set_len(0)
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(StateError::at(&lock_path))?;
        Ok(Self { file })
    }
}

/// Returns the path of the folder of locks.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".locks");
    PathBuf::from(name)
}

fn open(folder: &Path, path: &Path) -> io::Result<File> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
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
