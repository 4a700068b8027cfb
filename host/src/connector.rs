//! A component with an account's rights, called: one method for each export.
//!
//! An instance lives as long as it behaves. After a trap or past a limit it is dropped, and the next call
//! gets a fresh one; by the contract that loses nothing but a session.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use wasmtime::Store;

use crate::bindings::ConnectorApi;
use crate::bindings::inventory::connector::types::{
    Account, Batch, Error, Explanation, MapError, SourcesPage,
};
use crate::config::Timeouts;
use crate::egress::denials::Denials;
use crate::egress::{Egress, Policy};
use crate::http_client::HttpClient;
use crate::limits::Limits;
use crate::rate_limit::SharedLimiter;
use crate::runtime::Loaded;
use crate::sandbox::Sandbox;
use crate::stand_in::Secrets;
use crate::stop::Stop;

/// How many units of the engine's epoch a component may compute before it gives way.
const EPOCHS: u64 = 1;

/// A component and what it may do for one account; from it come as many connectors as the account needs.
#[derive(Clone)]
pub struct Access {
    /// The component.
    pub loaded: Loaded,
    /// Where its requests may go.
    pub policy: Arc<Policy>,
    /// What sends them, with its connections; shared by the account's connectors. None where none may leave.
    pub client: Option<HttpClient>,
    /// What it may ask for by name.
    pub secrets: Arc<Secrets>,
    /// How long it is waited for.
    pub timeouts: Timeouts,
    /// How much one call of it may take.
    pub limits: Limits,
    /// Its requests that were not let out; shared by the account's connectors.
    pub denials: Denials,
    /// When its requests may leave; shared by the account's connectors.
    pub limiter: SharedLimiter,
    /// What ends a wait for the rate limit before its time.
    pub stop: Option<Stop>,
}

/// A component that acts for one account.
pub struct Connector {
    access: Access,
    egress: Egress,
    instance: Option<Instance>,
}

struct Instance {
    store: Store<Sandbox>,
    api: ConnectorApi,
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
    /// A connector without an instance yet: the first call makes one.
    pub fn new(access: Access) -> Self {
        Self {
            egress: Egress::new(&access),
            access,
            instance: None,
        }
    }

    /// A component with no rights, for what needs neither network nor secret.
    pub fn without_rights(loaded: Loaded) -> Self {
        Self::new(Access {
            loaded,
            policy: Arc::default(),
            client: None,
            secrets: Arc::default(),
            timeouts: Timeouts::default(),
            limits: Limits::default(),
            denials: Denials::default(),
            limiter: SharedLimiter::new(&[]),
            stop: None,
        })
    }

    /// `describe`: the manifest as JSON text.
    ///
    /// # Errors
    ///
    /// When the component was stopped.
    pub async fn describe(&mut self) -> Result<String, Stopped> {
        let mut instance = self.take().await?;
        let called = instance.api.call_describe(&mut instance.store);
        let answer = self.in_time(called).await?;
        self.instance = Some(instance);
        Ok(answer)
    }

    /// `map`: one record to one event.
    ///
    /// # Errors
    ///
    /// The component's reason, or that it was stopped.
    pub async fn map(&mut self, endpoint: &str) -> Result<String, CallError<MapError>> {
        let mut instance = self.take().await?;
        let called = instance.api.call_map(&mut instance.store, endpoint);
        let answer = self.in_time(called).await?;
        self.instance = Some(instance);
        answer.map_err(CallError::Told)
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
        let mut instance = self.take().await?;
        let called = instance
            .api
            .call_explain(&mut instance.store, endpoint, dialect);
        let answer = self.in_time(called).await?;
        self.instance = Some(instance);
        answer.map_err(CallError::Told)
    }

    /// `check`: whose the credentials are.
    ///
    /// # Errors
    ///
    /// The component's reason, or that it was stopped.
    pub async fn check(&mut self, config: &str) -> Result<Account, CallError<Error>> {
        let mut instance = self.take().await?;
        let called = instance.api.call_check(&mut instance.store, config);
        let answer = self.in_time(called).await?;
        self.instance = Some(instance);
        answer.map_err(|error| self.told(error))
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
        let mut instance = self.take().await?;
        let called = instance
            .api
            .call_discover(&mut instance.store, config, next);
        let answer = self.in_time(called).await?;
        self.instance = Some(instance);
        answer.map_err(|error| self.told(error))
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
        let mut instance = self.take().await?;
        let called = instance
            .api
            .call_collect(&mut instance.store, config, cursor);
        let answer = self.in_time(called).await?;
        self.instance = Some(instance);
        answer.map_err(|error| self.told(error))
    }

    /// The component's own error. It does not know why a request was not let out; the person is told.
    fn told(&self, mut error: Error) -> CallError<Error> {
        if let Error::Denied(failure) = &mut error
            && let Some(refusal) = self.egress.take_refusal()
        {
            failure.message += &format!(" The request that was not let out: {refusal}");
        }
        CallError::Told(error)
    }

    /// The instance, which is to be put back if the call comes to its end.
    async fn take(&mut self) -> Result<Instance, Stopped> {
        // That of an earlier call is no reason for this one.
        let _ = self.egress.take_refusal();
        if let Some(instance) = self.instance.take() {
            return Ok(instance);
        }
        let loaded = &self.access.loaded;
        let sandbox = Sandbox::new(
            self.egress.clone(),
            Arc::clone(&self.access.secrets),
            &self.access.limits,
        );
        let mut store = Store::new(&loaded.engine, sandbox);
        store.limiter(|sandbox| &mut sandbox.limits);
        store.epoch_deadline_async_yield_and_update(EPOCHS);
        let api = loaded.pre.instantiate_async(&mut store).await;
        let api = api.map_err(|error| trapped(&error))?;
        Ok(Instance { store, api })
    }

    /// Waits for a call as long as the account allows. What its requests wait for the rate limit is no time of
    /// the call.
    async fn in_time<T>(
        &mut self,
        call: impl Future<Output = wasmtime::Result<T>>,
    ) -> Result<T, Stopped> {
        let longest = self.access.timeouts.call;
        let began = Instant::now();
        let waited = self.egress.waited();
        let mut call = pin!(call);
        loop {
            let allowed = longest + (self.egress.waited() - waited);
            let left = allowed.saturating_sub(began.elapsed());
            if left.is_zero() {
                return Err(Stopped::TooLong(longest));
            }
            if let Ok(value) = tokio::time::timeout(left, &mut call).await {
                return value.map_err(|error| trapped(&error));
            }
        }
    }
}

/// The root cause is the sentence; what comes before it is a backtrace of the component's functions.
fn trapped(error: &wasmtime::Error) -> Stopped {
    Stopped::Trapped(error.root_cause().to_string())
}
