//! The state file: opened, read and written.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use crate::state::error::StateError;
use crate::state::sqlite::lock::AccountLock;
use crate::state::sqlite::schema;

/// How many prepared statements are kept: more than there are, so that none is prepared twice.
const KEPT_STATEMENTS: usize = 32;

/// An open state file.
///
/// Every method that writes is one transaction: when it fails, what was stored before is still there, complete.
#[derive(Debug)]
pub(crate) struct State {
    path: PathBuf,
    pub(super) connection: Connection,
}

impl State {
    /// Opens the state to change it and creates it if it is missing. Who changes what is stored of an account holds its
    /// lock.
    pub(crate) fn open_to_write(path: &Path) -> Result<Self, StateError> {
        // SQLite would create the file with the permissions that the umask leaves.
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(StateError::at(path))?;
        let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        schema::prepare_to_write(path, &connection).map_err(StateError::at(path))?;
        Ok(Self::new(path, connection))
    }

    /// Opens the state to read it, even while a run holds it. A missing file is an empty state.
    pub(crate) fn open_to_read(path: &Path) -> Result<Self, StateError> {
        let exists = match std::fs::metadata(path) {
            Ok(found) if found.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        };
        let exists = exists.map_err(StateError::at(path))?;
        if exists {
            let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            if schema::has_tables(path, &connection).map_err(StateError::at(path))? {
                return Ok(Self::new(path, connection));
            }
        }
        let connection = Connection::open_in_memory().map_err(StateError::at(path))?;
        schema::prepare_to_write(path, &connection).map_err(StateError::at(path))?;
        Ok(Self::new(path, connection))
    }

    fn new(path: &Path, connection: Connection) -> Self {
        connection.set_prepared_statement_cache_capacity(KEPT_STATEMENTS);
        Self {
            path: path.to_owned(),
            connection,
        }
    }

    /// Locks an account, without waiting: nobody else collects it or changes what is stored of it until the lock is
    /// dropped or this process ends, however it ends.
    ///
    /// # Errors
    ///
    /// When somebody holds the lock, or its file cannot be opened, created or locked.
    pub(crate) fn lock(&self, account: &str) -> Result<AccountLock, StateError> {
        AccountLock::take(&self.path, account)
    }

    #[cfg(test)]
    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Runs queries that see one version of the file.
    pub(super) fn read<T>(
        &self,
        queries: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StateError> {
        let run = || -> rusqlite::Result<T> {
            // Without a transaction, each query would lock the file and unlock it again.
            let transaction = self.connection.unchecked_transaction()?;
            queries(&transaction)
        };
        run().map_err(StateError::at(&self.path))
    }

    /// Runs several statements, all or none.
    pub(super) fn transact<T>(
        &mut self,
        statements: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StateError> {
        let run = || -> rusqlite::Result<T> {
            let transaction = self
                .connection
                .transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = statements(&transaction)?;
            transaction.commit()?;
            Ok(value)
        };
        run().map_err(StateError::at(&self.path))
    }
}

fn connect(path: &Path, access: OpenFlags) -> Result<Connection, StateError> {
    Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(StateError::at(path))
}
