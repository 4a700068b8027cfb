//! Calls a component with an account's rights: one method for each export.
//!
//! An instance is dropped after a trap, where it exceeds a limit or violates the contract, and where it holds more and
//! more from call to call. The next call gets a fresh one; by the contract that loses nothing but a session.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::debug;
use wasmtime::Store;

use crate::contract::bindings::ConnectorApi;
use crate::contract::bindings::exports::inventory::connector::collection::Guest as Collection;
use crate::contract::bindings::inventory::connector::types::{
    Account, Batch, Error, Explanation, MapError, SourcesPage,
};
use crate::contract::check;
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

/// How many epochs of the engine a component may compute before it yields.
const EPOCHS: u64 = 1;

/// How much a component may hand to the host in one go, in bytes, however small the account's pages are: a
/// manifest, or an error with its messages.
const MIN_HANDED_OVER: usize = 16 << 20;

/// How much longer a call may last because its requests wait for the rate limit. A component names the limit itself.
const MAX_WAIT: Duration = Duration::from_secs(60 * 60);

/// How much a component may hand to the host in one go, in bytes: twice what a page may have, so that a page that is too
/// large can still be read and reported as such, but no more than it can hold without handing over the same text many times.
pub fn handed_over(limits: &Limits) -> usize {
    let twice = limits.batch_bytes.saturating_mul(2);
    twice.min(limits.memory_bytes).max(MIN_HANDED_OVER)
}

/// A component that acts for one account.
pub struct Connector {
    loaded: Loaded,
    egress: Egress,
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
        Self {
            loaded,
            egress: Egress::new(rights),
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
        self.instance = None;
    }

    /// `describe`: the manifest as JSON text.
    ///
    /// # Errors
    ///
    /// When the component was stopped.
    pub async fn describe(&mut self) -> Result<String, Stopped> {
        let described = self.call(
            async |api, store| {
                let collection = api.inventory_connector_collection();
                collection.call_describe(store).await
            },
            |_| Ok(()),
        );
        described.await
    }

    /// `map`: one record to one event.
    ///
    /// # Errors
    ///
    /// The component's reason, or that it was stopped.
    pub async fn map(&mut self, endpoint: &str) -> Result<String, CallError<MapError>> {
        let limits = self.egress.rights.limits;
        let mapped = self.call(
            async |api, store| {
                let mapping = api.inventory_connector_mapping();
                mapping.call_map(store, endpoint).await
            },
            |returned| match returned {
                Ok(event) => check::mapped(event, &limits),
                Err(error) => {
                    check::map_error(error);
                    Ok(())
                }
            },
        );
        mapped.await?.map_err(CallError::Told)
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
        let limits = self.egress.rights.limits;
        let explained = self.call(
            async |api, store| {
                let mapping = api.inventory_connector_mapping();
                mapping.call_explain(store, endpoint, how).await
            },
            |returned| match returned {
                Ok(explanation) => check::explanation(explanation, &limits),
                Err(error) => {
                    check::map_error(error);
                    Ok(())
                }
            },
        );
        explained.await?.map_err(CallError::Told)
    }

    /// `check`: whose the credentials are.
    ///
    /// # Errors
    ///
    /// The component's reason, or that it was stopped.
    pub async fn check(&mut self, config: &str) -> Result<Account, CallError<Error>> {
        self.call_collection(
            async |collection, store| collection.call_check(store, config).await,
            |account| {
                check::account(account);
                Ok(())
            },
        )
        .await
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
        let limits = self.egress.rights.limits;
        self.call_collection(
            async |collection, store| collection.call_discover(store, config, next).await,
            |page| check::sources(page, next, &limits),
        )
        .await
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
        let limits = self.egress.rights.limits;
        self.call_collection(
            async |collection, store| collection.call_collect(store, config, cursor).await,
            |batch| check::batch(batch, cursor, &limits),
        )
        .await
    }

    /// Drops the instance with its requests; the next call gets a new one.
    pub fn drop_instance(&mut self) {
        self.instance = None;
    }

    /// Calls an export that needs the network. Adds to the component's own error what it cannot know.
    async fn call_collection<T>(
        &mut self,
        export: impl AsyncFnOnce(&Collection, &mut Store<Sandbox>) -> wasmtime::Result<Result<T, Error>>,
        check: impl FnOnce(&mut T) -> Result<(), Stopped>,
    ) -> Result<T, CallError<Error>> {
        let returned = self.call(
            async |api, store| export(api.inventory_connector_collection(), store).await,
            |returned| match returned {
                Ok(value) => check(value),
                Err(error) => {
                    check::error(error);
                    Ok(())
                }
            },
        );
        returned.await?.map_err(|error| self.add_reason(error))
    }

    /// Calls an export in the instance, within the account's limits, and checks what it returns. The instance is kept
    /// only where nothing is wrong with that.
    async fn call<T>(
        &mut self,
        export: impl AsyncFnOnce(&ConnectorApi, &mut Store<Sandbox>) -> wasmtime::Result<T>,
        check: impl FnOnce(&mut T) -> Result<(), Stopped>,
    ) -> Result<T, Stopped> {
        let Instance { mut store, api } = self.take_instance().await?;
        let mut returned = self
            .within(export(&api, &mut store), Stopped::by_engine)
            .await?;
        check(&mut returned)?;
        self.instance = Some(Instance { store, api });
        Ok(returned)
    }

    /// Adds to the component's own error what it cannot know: why a request was refused, and which limit a response
    /// exceeded.
    fn add_reason(&mut self, mut error: Error) -> CallError<Error> {
        let Egress { rights, call, .. } = &self.egress;
        if let Some(limit) = call.take_withheld() {
            self.instance = None;
            return Stopped::limit_exceeded(limit, &rights.limits, &rights.timeouts).into();
        }
        if let Some(id) = check::correlation_id(&mut error)
            && id.as_deref().is_some_and(|id| rights.secrets.are_in(id))
        {
            *id = None;
        }
        if let Error::Denied(failure) = &mut error
            && let Some(refusal) = call.take_refusal()
        {
            if !failure.message.ends_with('.') {
                failure.message.push('.');
            }
            failure.message += &format!(" The refused request: {refusal}");
        }
        CallError::Told(error)
    }

    /// Begins a call, and takes the instance, or makes one.
    async fn take_instance(&mut self) -> Result<Instance, Stopped> {
        let Egress { rights, call, .. } = &self.egress;
        call.begin();
        if let Some(mut instance) = self.instance.take() {
            if !instance.store.data_mut().is_used_up() {
                return Ok(instance);
            }
            debug!("a new instance replaces one that holds too many requests, bodies and the like");
        }
        call.forget_reasons();
        let (limits, loaded) = (rights.limits, self.loaded.clone());
        let pre = loaded.pre.instance_pre();
        // The engine has no error type for this, so what can be counted beforehand is.
        if let Some(required) = pre.component().resources_required()
            && required.num_memories.max(required.num_tables) as usize > MAX_INSTANCES
        {
            let limit = Limit::Instances;
            return Err(Stopped::limit_exceeded(limit, &limits, &rights.timeouts));
        }
        let sandbox = Sandbox::new(self.egress.clone(), self.stderr.clone(), self.now);
        let mut store = Store::new(&loaded.engine, sandbox);
        store.limiter(|sandbox| &mut sandbox.resources);
        store.set_hostcall_fuel(handed_over(&limits));
        store.epoch_deadline_async_yield_and_update(EPOCHS);
        let made = loaded.pre.instantiate_async(&mut store);
        let api = self.within(made, Stopped::by_instantiation).await?;
        Ok(Instance { store, api })
    }

    /// Runs a call, or the making of an instance, within the account's limits; `failed` says what an error of the
    /// engine means. The time for which requests wait for the rate limit is not the call's.
    async fn within<T>(
        &mut self,
        call: impl Future<Output = wasmtime::Result<T>>,
        failed: fn(&wasmtime::Error, &Limits, &Timeouts) -> Stopped,
    ) -> Result<T, Stopped> {
        let Egress {
            rights,
            call: state,
            ..
        } = &self.egress;
        let Rights {
            limits, timeouts, ..
        } = &**rights;
        let began = Instant::now();
        let waited_before = state.waited_until(began);
        let mut call = pin!(metered(call, limits.cpu, state));
        let ended = loop {
            let waited = state.waited().saturating_sub(waited_before);
            let allowed = timeouts.call + waited.min(MAX_WAIT);
            let left = allowed.saturating_sub(began.elapsed());
            if left.is_zero() {
                break Err(Limit::Call);
            }
            if let Ok(ended) = tokio::time::timeout(left, &mut call).await {
                break ended;
            }
        };
        self.stderr.end_call();
        state.end();
        match ended {
            Ok(called) => called.map_err(|error| failed(&error, limits, timeouts)),
            Err(Limit::Call | Limit::Cpu) if rights.client.is_none() => Err(
                Stopped::limit_exceeded(Limit::OfflineCall, limits, timeouts),
            ),
            Err(limit) => Err(Stopped::limit_exceeded(limit, limits, timeouts)),
        }
    }
}
