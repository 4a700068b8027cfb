//! A component with an account's rights, called: one method for each export.
//!
//! An instance lives as long as it behaves. After a trap, past a limit and where it breaks the contract it is
//! dropped, as is one that holds more and more from call to call, and the next call gets a fresh one; by the contract
//! that loses nothing but a session.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::debug;
use wasmtime::Store;

use crate::contract::bindings::ConnectorApi;
use crate::contract::bindings::inventory::connector::types::{
    Account, Batch, Error, Explanation, MapError, SourcesPage,
};
use crate::contract::check;
use crate::contract::counts::{LimitExceeded, RequestCount};
use crate::contract::limits::{Limit, Limits, MAX_INSTANCES, Timeouts};
use crate::contract::manifest::Manifest;
use crate::contract::manifest::parse::ManifestError;
pub use crate::contract::stopped::Stopped;
use crate::sandbox::cpu::metered;
use crate::sandbox::egress::Egress;
use crate::sandbox::engine::Loaded;
use crate::sandbox::instance::Sandbox;
use crate::sandbox::rights::Rights;
use crate::sandbox::stderr::LogLines;

/// How many units of the engine's epoch a component may compute before it gives way.
const EPOCHS: u64 = 1;

/// How much a component may hand to the host in one go, in bytes, however small the account's pages are: a
/// manifest, or an error with its messages.
const LEAST_HANDED_OVER: usize = 16 << 20;

/// How much longer a call may last because its requests wait for the rate limit. A component names the limit itself.
const MOST_WAIT: Duration = Duration::from_secs(60 * 60);

/// How much a component may hand to the host in one go, in bytes: twice what a page may have, so that a page that is too
/// large can still be read and told as such, but no more than it can hold itself without handing over the same text many
/// times.
pub fn handed_over(limits: &Limits) -> usize {
    let twice = limits.batch_bytes.saturating_mul(2);
    twice.min(limits.memory_bytes).max(LEAST_HANDED_OVER)
}

/// A component that acts for one account.
pub struct Connector {
    loaded: Loaded,
    rights: Arc<Rights>,
    egress: Egress,
    exceeded: LimitExceeded,
    requests: RequestCount,
    stderr: LogLines,
    now: Option<Duration>,
    instance: Option<Instance>,
}

struct Instance {
    store: Store<Sandbox>,
    api: ConnectorApi,
}

/// What a component says of itself.
#[derive(Debug, Clone)]
pub struct Described {
    /// The manifest, checked.
    pub manifest: Manifest,
    /// The text that the component returned.
    pub text: String,
}

/// Why a component has no manifest that can be used.
#[derive(Debug, thiserror::Error)]
pub enum DescribeError {
    /// The component was stopped.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// Two calls returned different manifests.
    #[error(
        "it is another one each time that it is asked for, so nobody can know what the component asks for; take another \
         build of it"
    )]
    Unstable,
    /// The manifest is not valid.
    #[error(transparent)]
    Invalid(#[from] ManifestError),
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
    /// Returns a connector without an instance: the first call makes one. An account may have several, which share its
    /// rights; each keeps a session of its own.
    pub fn new(loaded: Loaded, rights: Arc<Rights>) -> Self {
        let exceeded = LimitExceeded::default();
        let requests = RequestCount::new(&rights.limits, exceeded.clone());
        Self {
            egress: Egress::new(&rights, requests.clone(), exceeded.clone()),
            loaded,
            rights,
            exceeded,
            requests,
            stderr: LogLines::default(),
            now: None,
            instance: None,
        }
    }

    /// Returns a connector with no rights, for what needs neither network nor secret: `describe`, `map`, `explain`.
    pub fn without_rights(loaded: Loaded) -> Self {
        Self::new(loaded, Arc::new(Rights::none()))
    }

    /// Asks the component for its manifest, twice, and checks it.
    ///
    /// # Errors
    ///
    /// When the component is stopped, the manifest is not valid, or it is another one the second time: what is checked
    /// and approved would not be what the component goes by.
    pub async fn manifest(&mut self) -> Result<Described, DescribeError> {
        let text = self.describe().await?;
        if self.describe().await? != text {
            return Err(DescribeError::Unstable);
        }
        let manifest = Manifest::parse(&text)?;
        Ok(Described { manifest, text })
    }

    /// Stops the wall clock that the component sees, so much after the beginning of 1970, from its next instance on.
    pub fn stop_clock(&mut self, now: Duration) {
        self.now = Some(now);
        self.drop_instance();
    }

    /// `describe`: the manifest as JSON text.
    ///
    /// # Errors
    ///
    /// When the component was stopped.
    pub async fn describe(&mut self) -> Result<String, Stopped> {
        let mut instance = self.take().await?;
        let called = instance
            .api
            .inventory_connector_collection()
            .call_describe(&mut instance.store);
        let answer = self.within(called, Stopped::by_engine).await?;
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
        let called = instance
            .api
            .inventory_connector_mapping()
            .call_map(&mut instance.store, endpoint);
        let mut answer = self.within(called, Stopped::by_engine).await?;
        match &mut answer {
            Ok(event) => check::mapped(event, &self.rights.limits)?,
            Err(error) => check::map_error(error),
        }
        self.instance = Some(instance);
        answer.map_err(CallError::Told)
    }

    /// `explain`: one record to one event, with reasons. `how` is a dialect of the manifest, or a config of the component
    /// or a part of it, as the JSON text of an object.
    ///
    /// # Errors
    ///
    /// The component's reason, or that it was stopped.
    pub async fn explain(
        &mut self,
        endpoint: &str,
        how: &str,
    ) -> Result<Explanation, CallError<MapError>> {
        let mut instance = self.take().await?;
        let called = instance.api.inventory_connector_mapping().call_explain(
            &mut instance.store,
            endpoint,
            how,
        );
        let mut answer = self.within(called, Stopped::by_engine).await?;
        match &mut answer {
            Ok(explanation) => check::explanation(explanation, &self.rights.limits)?,
            Err(error) => check::map_error(error),
        }
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
        let called = instance
            .api
            .inventory_connector_collection()
            .call_check(&mut instance.store, config);
        let mut answer = self.within(called, Stopped::by_engine).await?;
        match &mut answer {
            Ok(account) => check::account(account),
            Err(error) => check::error(error),
        }
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
        let called = instance.api.inventory_connector_collection().call_discover(
            &mut instance.store,
            config,
            next,
        );
        let mut answer = self.within(called, Stopped::by_engine).await?;
        match &mut answer {
            Ok(page) => check::sources(page, next, &self.rights.limits)?,
            Err(error) => check::error(error),
        }
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
        let called = instance.api.inventory_connector_collection().call_collect(
            &mut instance.store,
            config,
            cursor,
        );
        let mut answer = self.within(called, Stopped::by_engine).await?;
        match &mut answer {
            Ok(batch) => check::batch(batch, cursor, &self.rights.limits)?,
            Err(error) => check::error(error),
        }
        self.instance = Some(instance);
        answer.map_err(|error| self.told(error))
    }

    /// Drops the instance, and with it whatever it was up to; the next call gets a fresh one.
    pub fn drop_instance(&mut self) {
        self.instance = None;
    }

    /// Adds to the component's own error what it cannot know: why a request was refused, and which limit an answer
    /// exceeded.
    fn told(&mut self, mut error: Error) -> CallError<Error> {
        if let Some(limit) = self.egress.reasons().take_passed() {
            self.drop_instance();
            let Rights {
                limits, timeouts, ..
            } = &*self.rights;
            return Stopped::limit_exceeded(limit, limits, timeouts).into();
        }
        if let Some(id) = check::correlation_id(&mut error)
            && id
                .as_deref()
                .is_some_and(|id| self.rights.secrets.are_in(id))
        {
            *id = None;
        }
        if let Error::Denied(failure) = &mut error
            && let Some(refusal) = self.egress.reasons().take_refusal()
        {
            if !failure.message.ends_with('.') {
                failure.message.push('.');
            }
            failure.message += &format!(" The refused request: {refusal}");
        }
        CallError::Told(error)
    }

    /// The instance, which is to be put back if the call comes to its end. What it may do until then begins to
    /// count.
    async fn take(&mut self) -> Result<Instance, Stopped> {
        self.egress.reasons().begin_call();
        self.egress.host_time().begin_call();
        self.requests.begin_call();
        self.exceeded.take();
        if let Some(mut instance) = self.instance.take() {
            if !instance.store.data_mut().is_used_up() {
                return Ok(instance);
            }
            debug!("a new instance replaces one that holds too many requests, bodies and the like");
        }
        self.egress.reasons().forget();
        let (loaded, limits, timeouts) = (
            self.loaded.clone(),
            self.rights.limits,
            self.rights.timeouts,
        );
        let pre = loaded.pre.instance_pre();
        // The engine has no error type for this, so what can be counted beforehand is.
        if let Some(required) = pre.component().resources_required()
            && required.num_memories.max(required.num_tables) as usize > MAX_INSTANCES
        {
            return Err(Stopped::limit_exceeded(
                Limit::Instances,
                &limits,
                &timeouts,
            ));
        }
        let sandbox = Sandbox::new(
            self.egress.clone(),
            &limits,
            self.exceeded.clone(),
            self.stderr.clone(),
            self.now,
        );
        let mut store = Store::new(&loaded.engine, sandbox);
        store.limiter(|sandbox| &mut sandbox.resources);
        store.set_hostcall_fuel(handed_over(&limits));
        store.epoch_deadline_async_yield_and_update(EPOCHS);
        let made = loaded.pre.instantiate_async(&mut store);
        let api = self.within(made, Stopped::by_instantiation).await?;
        Ok(Instance { store, api })
    }

    /// Runs a call, or the making of an instance, within the account's limits; `failed` says what an error of the
    /// engine means. What requests wait for the rate limit is no time of the call.
    async fn within<T>(
        &mut self,
        call: impl Future<Output = wasmtime::Result<T>>,
        failed: fn(&wasmtime::Error, &Limits, &Timeouts) -> Stopped,
    ) -> Result<T, Stopped> {
        let Rights {
            limits, timeouts, ..
        } = &*self.rights;
        let began = Instant::now();
        let waited = self.egress.waits().past(began);
        let mut call = pin!(metered(
            call,
            limits.cpu,
            self.egress.host_time(),
            &self.exceeded
        ));
        let ended = loop {
            let waited = self.egress.waits().total().saturating_sub(waited);
            let allowed = timeouts.call + waited.min(MOST_WAIT);
            let left = allowed.saturating_sub(began.elapsed());
            if left.is_zero() {
                break Err(Limit::Call);
            }
            if let Ok(ended) = tokio::time::timeout(left, &mut call).await {
                break ended;
            }
        };
        self.stderr.end_call();
        self.egress.warnings().end_call();
        match ended {
            Ok(called) => called.map_err(|error| failed(&error, limits, timeouts)),
            Err(Limit::Call | Limit::Cpu) if self.rights.client.is_none() => Err(
                Stopped::limit_exceeded(Limit::OfflineCall, limits, timeouts),
            ),
            Err(limit) => Err(Stopped::limit_exceeded(limit, limits, timeouts)),
        }
    }
}
