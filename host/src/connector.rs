//! A component with an account's rights, called: one method for each export.
//!
//! An instance lives as long as it behaves. After a trap or past a limit it is dropped, and the next call
//! gets a fresh one; by the contract that loses nothing but a session.

use std::sync::Arc;
use std::time::Duration;

use wasmtime::Store;

use crate::bindings::ConnectorApi;
use crate::bindings::inventory::connector::types::{
    Account, Batch, Error, Explanation, MapError, SourcesPage,
};
use crate::config::Timeouts;
use crate::egress::{Egress, Policy};
use crate::runtime::Loaded;
use crate::sandbox::{Sandbox, Secrets};

/// How many units of the engine's epoch a component may compute before it gives way.
const EPOCHS: u64 = 1;

/// A component that may act for one account.
pub struct Connector {
    loaded: Loaded,
    egress: Egress,
    secrets: Secrets,
    longest_call: Duration,
    instance: Option<(Store<Sandbox>, ConnectorApi)>,
}

/// The instance was stopped and dropped.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stopped {
    /// The call took longer than the account allows.
    #[error("the component was stopped: a call took longer than `timeouts.call` ({}) allows; raise it if the \
             API is just slow",
            crate::duration::format(*.0))]
    TooLong(Duration),
    /// The component trapped; the text is wasmtime's.
    #[error("the component failed: {0}. Please report this to its maker")]
    Trapped(String),
}

/// What a call can end with, besides its result.
#[derive(Debug, thiserror::Error)]
pub enum CallError<E> {
    /// The component's own error.
    #[error("{0:?}")]
    Told(E),
    /// The component was stopped.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

impl Connector {
    /// A component with the rights of an account.
    pub fn new(loaded: Loaded, policy: Arc<Policy>, secrets: Secrets, timeouts: Timeouts) -> Self {
        Self {
            loaded,
            egress: Egress::new(policy, timeouts),
            secrets,
            longest_call: timeouts.call,
            instance: None,
        }
    }

    /// A component with no rights, for what needs neither network nor secret.
    pub fn without_rights(loaded: Loaded) -> Self {
        Self::new(
            loaded,
            Arc::default(),
            Secrets::default(),
            Timeouts::default(),
        )
    }

    /// `describe`: the manifest as JSON text.
    ///
    /// # Errors
    ///
    /// When the component was stopped.
    pub async fn describe(&mut self) -> Result<String, Stopped> {
        self.call(async |store, api| api.call_describe(store).await)
            .await
    }

    /// `map`: one record to one event.
    ///
    /// # Errors
    ///
    /// The component's reason, or that it was stopped.
    pub async fn map(&mut self, endpoint: &str) -> Result<String, CallError<MapError>> {
        self.call(async |store, api| api.call_map(store, endpoint).await)
            .await?
            .map_err(CallError::Told)
    }

    /// `explain`: one record to one event of a dialect, with reasons.
    ///
    /// # Errors
    ///
    /// The component's reason, or that it was stopped.
    pub async fn explain(
        &mut self,
        endpoint: &str,
        dialect: &str,
    ) -> Result<Explanation, CallError<MapError>> {
        self.call(async |store, api| api.call_explain(store, endpoint, dialect).await)
            .await?
            .map_err(CallError::Told)
    }

    /// `check`: whose the credentials are.
    ///
    /// # Errors
    ///
    /// The component's reason, or that it was stopped.
    pub async fn check(&mut self, config: &str) -> Result<Account, CallError<Error>> {
        self.call(async |store, api| api.call_check(store, config).await)
            .await?
            .map_err(CallError::Told)
    }

    /// `discover`: a page of sources.
    ///
    /// # Errors
    ///
    /// The component's reason, or that it was stopped.
    pub async fn discover(
        &mut self,
        config: &str,
        next: Option<&str>,
    ) -> Result<SourcesPage, CallError<Error>> {
        self.call(async |store, api| api.call_discover(store, config, next).await)
            .await?
            .map_err(CallError::Told)
    }

    /// `collect`: a page of events.
    ///
    /// # Errors
    ///
    /// The component's reason, or that it was stopped.
    pub async fn collect(
        &mut self,
        config: &str,
        cursor: Option<&str>,
    ) -> Result<Batch, CallError<Error>> {
        self.call(async |store, api| api.call_collect(store, config, cursor).await)
            .await?
            .map_err(CallError::Told)
    }

    async fn instantiate(&self) -> wasmtime::Result<(Store<Sandbox>, ConnectorApi)> {
        let sandbox = Sandbox::new(self.egress.clone(), Arc::clone(&self.secrets));
        let mut store = Store::new(&self.loaded.engine, sandbox);
        store.limiter(|sandbox| &mut sandbox.limits);
        store.epoch_deadline_async_yield_and_update(EPOCHS);
        let api = self.loaded.pre.instantiate_async(&mut store).await?;
        Ok((store, api))
    }

    /// Calls a function of the instance, which is kept only if the call comes to its end.
    async fn call<T>(
        &mut self,
        function: impl AsyncFnOnce(&mut Store<Sandbox>, &ConnectorApi) -> wasmtime::Result<T>,
    ) -> Result<T, Stopped> {
        let (mut store, api) = match self.instance.take() {
            Some(instance) => instance,
            None => self.instantiate().await.map_err(|error| trapped(&error))?,
        };
        let value = tokio::time::timeout(self.longest_call, function(&mut store, &api))
            .await
            .map_err(|_| Stopped::TooLong(self.longest_call))?
            .map_err(|error| trapped(&error))?;
        self.instance = Some((store, api));
        Ok(value)
    }
}

/// The root cause is the sentence; what comes before it is a backtrace of the component's functions.
fn trapped(error: &wasmtime::Error) -> Stopped {
    Stopped::Trapped(error.root_cause().to_string())
}
