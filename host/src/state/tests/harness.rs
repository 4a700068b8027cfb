//! A state as a run sees it, for tests that do not wait for each call.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use time::OffsetDateTime;
use tokio::runtime::Runtime;

use crate::config::StateConfig;
use crate::contract::bindings::inventory::connector::types::Event;
use crate::contract::permissions::Permissions;
use crate::state::{
    AccountState, Consent, Fingerprints, SourceState, StateError, Store, Stored, Writes,
};

pub(crate) static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

pub(crate) fn at(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_769_846_400 + seconds).unwrap()
}

/// A batch of an account.
#[derive(Clone, Copy)]
pub(crate) struct StoredBatch<'a> {
    pub account: &'a str,
    pub source: &'a str,
    pub name: &'a str,
    pub cursor: &'a str,
    pub mark: Option<&'a str>,
    pub more: bool,
    pub full: bool,
    pub first: bool,
    pub fingerprints: Fingerprints<'a>,
}

pub(crate) fn batch<'a>(cursor: &'a str) -> StoredBatch<'a> {
    StoredBatch {
        account: "acme",
        source: "t1",
        name: "Tenant One",
        cursor,
        mark: None,
        more: false,
        full: false,
        first: false,
        fingerprints: Fingerprints::Forgotten,
    }
}

pub(crate) fn t1(state: &State) -> SourceState {
    state.source("acme", "t1").unwrap().unwrap()
}

/// A place for a state: a file in a folder, or streams of their own on a server.
pub(crate) struct Folder {
    pub(crate) folder: tempfile::TempDir,
    config: StateConfig,
}

/// Returns a place in a store of one kind.
pub(crate) type New = fn() -> Folder;

impl Folder {
    pub(crate) fn file() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = StateConfig::File(folder.path().join("state.db"));
        Self { folder, config }
    }

    /// Streams on a server that all places of a test share.
    #[cfg(feature = "cluster")]
    pub(crate) fn cluster() -> Self {
        use crate::state::cluster::test_server::TestServer;

        thread_local! {
            static SERVER: TestServer = TestServer::start();
        }
        let config = SERVER.with(TestServer::config);
        let config = crate::config::cluster::ClusterConfig {
            prefix: format!("test{}", fastrand::u64(..)),
            ..config
        };
        Self {
            folder: tempfile::tempdir().unwrap(),
            config: StateConfig::Cluster(config),
        }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("state.db")
    }

    /// Opens the state to change it.
    pub(crate) fn open(&self) -> State {
        State::of(&self.config, Writes::Everything)
    }

    /// Opens the state to read it.
    pub(crate) fn open_to_read(&self) -> State {
        State::of(&self.config, Writes::Nothing)
    }
}

/// The state of any account, each held from its first change on.
pub(crate) struct State {
    pub(crate) store: Store,
    writes: Writes,
    held: RefCell<BTreeMap<String, Arc<AccountState>>>,
}

type Done<T = ()> = Result<T, StateError>;

impl State {
    pub(crate) fn at(path: &Path, writes: Writes) -> Self {
        Self::of(&StateConfig::File(path.to_owned()), writes)
    }

    fn of(config: &StateConfig, writes: Writes) -> Self {
        Self {
            store: RUNTIME.block_on(Store::open(config)).unwrap(),
            writes,
            held: RefCell::default(),
        }
    }

    pub(crate) fn hold(&self, account: &str) -> Done<Arc<AccountState>> {
        if let Some(held) = self.held.borrow().get(account) {
            return Ok(Arc::clone(held));
        }
        let state = Arc::new(RUNTIME.block_on(self.store.claim(account, self.writes))?);
        if self.writes != Writes::Nothing {
            let held = Arc::clone(&state);
            self.held.borrow_mut().insert(account.to_owned(), held);
        }
        Ok(state)
    }

    fn on<T>(&self, account: &str, action: impl AsyncFnOnce(&AccountState) -> T) -> Done<T> {
        let state = self.hold(account)?;
        Ok(RUNTIME.block_on(action(&state)))
    }

    pub(crate) fn store_batch(&self, batch: &StoredBatch<'_>, now: OffsetDateTime) -> Done {
        let StoredBatch {
            account,
            source,
            name,
            cursor,
            mark,
            more,
            full,
            first,
            fingerprints,
        } = *batch;
        let batch = crate::state::StoredBatch {
            source,
            name,
            cursor,
            mark,
            more,
            full,
            first,
            fingerprints,
        };
        self.on(account, async |state| state.store_batch(&batch, now).await)?
    }

    pub(crate) fn store_success(&self, account: &str, source: &str, now: OffsetDateTime) -> Done {
        self.on(account, async |state| {
            state.store_success(source, now).await
        })?
    }

    pub(crate) fn store_error(
        &self,
        account: &str,
        source: &str,
        name: &str,
        error: &str,
        now: OffsetDateTime,
    ) -> Done {
        self.on(account, async |state| {
            state.store_error(source, name, error, now).await
        })?
    }

    pub(crate) fn set_cursor(
        &self,
        account: &str,
        source: &str,
        cursor: &str,
        mark: &str,
        now: OffsetDateTime,
    ) -> Done {
        self.on(account, async |state| {
            state.set_cursor(source, cursor, mark, now).await
        })?
    }

    pub(crate) fn store_listing(
        &self,
        account: &str,
        ids: &BTreeSet<String>,
        now: OffsetDateTime,
    ) -> Done {
        self.on(account, async |state| state.store_listing(ids, now).await)?
    }

    pub(crate) fn set_destination(&self, account: &str, source: &str, to: &str) -> Done<bool> {
        self.on(account, async |state| {
            state.set_destination(source, to).await
        })?
    }

    pub(crate) fn forget_fingerprints<'a>(
        &self,
        account: &str,
        source: &str,
        devices: impl IntoIterator<Item = &'a str>,
    ) -> Done {
        self.on(account, async |state| {
            state.forget_fingerprints(source, devices).await
        })?
    }

    pub(crate) fn changed(&self, account: &str, source: &str, page: &[Event]) -> Done<Vec<bool>> {
        self.on(account, async |state| state.changed(source, page).await)?
    }

    pub(crate) fn approve(&self, account: &str, asks: &Permissions, now: OffsetDateTime) -> Done {
        self.on(account, async |state| state.approve(asks, now).await)?
    }

    pub(crate) fn record_consent(
        &self,
        account: &str,
        asks: &Permissions,
        now: OffsetDateTime,
    ) -> Done {
        self.on(account, async |state| state.record_consent(asks, now).await)?
    }

    pub(crate) fn end_slot(&self, account: &str, slot: OffsetDateTime) -> Done {
        self.on(account, async |state| state.end_slot(slot).await)?
    }

    /// Forgets a source of an account, or all, and returns how many there were.
    pub(crate) fn reset(&self, account: &str, source: Option<&str>) -> Done<usize> {
        let is_it = |id: &str, _: Option<&SourceState>| source.is_none_or(|source| source == id);
        self.on(account, async |state| {
            Ok(state.forget_sources(is_it).await?.len())
        })?
    }

    /// Prunes, once nothing is held any more.
    pub(crate) fn prune(&self, known: &BTreeSet<&str>) -> Done<Vec<SourceState>> {
        self.held.borrow_mut().clear();
        RUNTIME.block_on(self.store.prune(known))
    }

    /// Calls `action` with the open file.
    pub(crate) fn sqlite<T>(&self, action: impl FnOnce(&rusqlite::Connection) -> T) -> T {
        RUNTIME.block_on(async { self.store.sqlite(action) })
    }

    pub(crate) fn execute(&self, pragma: &str) {
        self.hold("acme").unwrap();
        let none =
            |error: rusqlite::Error| assert_eq!(error, rusqlite::Error::ExecuteReturnedResults);
        self.sqlite(|connection| {
            connection
                .execute(pragma, [])
                .map(drop)
                .unwrap_or_else(none)
        });
    }

    pub(crate) fn all(&self) -> Done<BTreeMap<String, Stored>> {
        RUNTIME.block_on(self.store.all())
    }

    /// Returns what another process reads of an account.
    fn stored(&self, account: &str) -> Done<Stored> {
        RUNTIME.block_on(self.store.stored(account))
    }

    pub(crate) fn sources(&self) -> Done<Vec<SourceState>> {
        Ok(self
            .all()?
            .values()
            .flat_map(Stored::states)
            .cloned()
            .collect())
    }

    pub(crate) fn sources_of(&self, account: &str) -> Done<Vec<SourceState>> {
        Ok(self.stored(account)?.states().cloned().collect())
    }

    /// Returns what is stored of a source, which is what its holder believes, too.
    pub(crate) fn source(&self, account: &str, source: &str) -> Done<Option<SourceState>> {
        let stored = self.stored(account)?.sources.remove(source);
        let stored = stored.and_then(|record| record.state);
        if let Some(held) = self.held.borrow().get(account) {
            assert_eq!(RUNTIME.block_on(held.source(source)), stored);
        }
        Ok(stored)
    }

    pub(crate) fn consent(&self, account: &str) -> Done<Option<Consent>> {
        Ok(self.stored(account)?.account.consent)
    }
}
