//! The component under test, in an instance without a host around it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Result, anyhow, bail};
use connector_runtime::contract::bindings::inventory::connector::{secrets, types};
use connector_runtime::contract::bindings::{ConnectorApi, ConnectorApiPre};
use connector_runtime::contract::version;
use connector_runtime::types::{Account, Batch, Error, Explanation, MapError, SourcesPage};
use wasmtime::component::{Component, HasSelf, Linker, ResourceTable};
use wasmtime::{Config, Engine, Store, StoreLimits, StoreLimitsBuilder};
use wasmtime_wasi::{HostWallClock, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::network::Network;
use crate::server::Server;

/// How long a call may take. It must be far above that of a slow machine.
const MAX_CALL: Duration = Duration::from_secs(60);

/// The memory that an instance may have, as in `asset-host`.
const MAX_MEMORY: usize = 256 << 20;

/// The secret of a name that the command line does not give: no other text has it.
pub(crate) const SECRET_CANARY: &str = "secret-canary-93c1";

/// A component, compiled and linked.
pub(crate) struct Guest {
    engine: Engine,
    linked: std::result::Result<ConnectorApiPre<State>, String>,
    secrets: Secrets,
    now: Duration,
    /// What it sent.
    pub(crate) network: Network,
}

/// One instance of it.
pub(crate) struct Instance {
    store: Store<State>,
    api: ConnectorApi,
}

/// What a call returned, or why it returned nothing.
pub(crate) type Called<T, E> = Result<std::result::Result<T, E>>;

impl Guest {
    pub(crate) fn new(
        component: &[u8],
        server: Server,
        secrets: HashMap<String, String>,
    ) -> Result<Self> {
        let mut config = Config::new();
        config.epoch_interruption(true);
        let engine = Engine::new(&config)?;
        let ticking = engine.weak();
        std::thread::spawn(move || {
            while let Some(engine) = ticking.upgrade() {
                engine.increment_epoch();
                drop(engine);
                std::thread::sleep(Duration::from_millis(50));
            }
        });
        Ok(Self {
            linked: link(&engine, component).map_err(|error| format!("{error:#}")),
            engine,
            secrets: Secrets(Arc::new(secrets)),
            now: SystemTime::now().duration_since(UNIX_EPOCH)?,
            network: Network::new(server),
        })
    }

    /// Returns whether it can be linked, or why not.
    pub(crate) fn linked(&self) -> Result<&ConnectorApiPre<State>> {
        self.linked.as_ref().map_err(|why| anyhow!("{why}"))
    }

    /// Returns a new instance.
    pub(crate) async fn instance(&self) -> Result<Instance> {
        let state = State {
            limits: StoreLimitsBuilder::new().memory_size(MAX_MEMORY).build(),
            table: ResourceTable::new(),
            wasi: WasiCtxBuilder::new()
                .wall_clock(StoppedClock(self.now))
                .allow_tcp(false)
                .allow_udp(false)
                .build(),
            http: WasiHttpCtx::new(),
            network: self.network.clone(),
            secrets: self.secrets.clone(),
        };
        let mut store = Store::new(&self.engine, state);
        store.limiter(|state| &mut state.limits);
        store.epoch_deadline_async_yield_and_update(1);
        let api = within(self.linked()?.instantiate_async(&mut store)).await?;
        Ok(Instance { store, api })
    }

    /// Returns the value that the component gets for a secret.
    pub(crate) fn secret(&self, name: &str) -> String {
        self.secrets.get(name)
    }
}

fn link(engine: &Engine, component: &[u8]) -> Result<ConnectorApiPre<State>> {
    let component = Component::new(engine, component)?;
    let component_type = component.component_type();
    let imports = component_type.imports(engine).map(|(name, _)| name);
    let exports = component_type.exports(engine).map(|(name, _)| name);
    if let Err(misfit) = version::check(imports, exports) {
        bail!("the component {misfit}");
    }
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    secrets::add_to_linker::<_, HasSelf<_>>(&mut linker, |state: &mut State| state)?;
    Ok(ConnectorApiPre::new(linker.instantiate_pre(&component)?)?)
}

async fn within<T>(call: impl Future<Output = wasmtime::Result<T>>) -> Result<T> {
    match tokio::time::timeout(MAX_CALL, call).await {
        Ok(Ok(returned)) => Ok(returned),
        Ok(Err(error)) => bail!("trapped: {}", error.root_cause()),
        Err(_) => bail!("did not return within {} s", MAX_CALL.as_secs()),
    }
}

impl Instance {
    pub(crate) async fn describe(&mut self) -> Result<String> {
        within(
            self.api
                .inventory_connector_collection()
                .call_describe(&mut self.store),
        )
        .await
    }

    pub(crate) async fn map(&mut self, record: &str) -> Called<String, MapError> {
        within(
            self.api
                .inventory_connector_mapping()
                .call_map(&mut self.store, record),
        )
        .await
    }

    pub(crate) async fn explain(
        &mut self,
        record: &str,
        how: &str,
    ) -> Called<Explanation, MapError> {
        let mapping = self.api.inventory_connector_mapping();
        within(mapping.call_explain(&mut self.store, record, how)).await
    }

    pub(crate) async fn check(&mut self, config: &str) -> Called<Account, Error> {
        let collection = self.api.inventory_connector_collection();
        let returned = within(collection.call_check(&mut self.store, config)).await;
        self.store.data().network.returned("check", &returned);
        returned
    }

    pub(crate) async fn discover(
        &mut self,
        config: &str,
        next: Option<&str>,
    ) -> Called<SourcesPage, Error> {
        let collection = self.api.inventory_connector_collection();
        let returned = within(collection.call_discover(&mut self.store, config, next)).await;
        self.store.data().network.returned("discover", &returned);
        returned
    }

    pub(crate) async fn collect(
        &mut self,
        config: &str,
        cursor: Option<&str>,
    ) -> Called<Batch, Error> {
        let collection = self.api.inventory_connector_collection();
        let returned = within(collection.call_collect(&mut self.store, config, cursor)).await;
        self.store.data().network.returned("collect", &returned);
        returned
    }
}

/// The state of an instance.
pub(crate) struct State {
    limits: StoreLimits,
    table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    network: Network,
    secrets: Secrets,
}

/// The secrets that the command line gives.
#[derive(Clone)]
struct Secrets(Arc<HashMap<String, String>>);

impl Secrets {
    fn get(&self, name: &str) -> String {
        self.0
            .get(name)
            .map_or_else(|| SECRET_CANARY.to_owned(), Clone::clone)
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            ctx: &mut self.http,
            table: &mut self.table,
            hooks: &mut self.network,
        }
    }
}

impl secrets::Host for State {
    async fn get(&mut self, name: String) -> Option<String> {
        let value = self.secrets.get(&name);
        self.network.secret_was_read(&name, &value);
        Some(value)
    }
}

impl types::Host for State {}

/// Always the same time, so that two events of one record are equal.
struct StoppedClock(Duration);

impl HostWallClock for StoppedClock {
    fn resolution(&self) -> Duration {
        Duration::from_nanos(1)
    }

    fn now(&self) -> Duration {
        self.0
    }
}
