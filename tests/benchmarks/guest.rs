//! The component in the engine of the host, without anything else of the host.

use std::hint::black_box;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Result, anyhow};
use connector_runtime::contract::bindings::{ConnectorApi, ConnectorApiPre};
use tokio::runtime::Runtime;
use wasmtime::component::{Component, ComponentType, Linker, Lower};
use wasmtime::{Engine, Store};

/// An instance of the component that can map.
pub struct Guest {
    runtime: Runtime,
    store: Store<()>,
    api: ConnectorApi,
}

/// A moment of `wasi:clocks`.
#[derive(ComponentType, Lower)]
#[component(record)]
struct Datetime {
    seconds: u64,
    nanoseconds: u32,
}

impl Guest {
    /// Compiles and starts the component, in an engine with the host's settings.
    ///
    /// # Errors
    ///
    /// If the file is not a connector.
    pub fn new(component: &Path) -> Result<Self> {
        let host = connector_runtime::sandbox::engine::Runtime::new()?;
        let engine = host.engine();
        let component = Component::from_file(engine, component)?;
        let linker = linker(engine, &component)?;
        let pre = ConnectorApiPre::new(linker.instantiate_pre(&component)?)?;
        let mut store = Store::new(engine, ());
        // As in the host, the component yields at each tick of the engine.
        store.epoch_deadline_async_yield_and_update(1);
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        let api = runtime.block_on(pre.instantiate_async(&mut store))?;
        Ok(Self {
            runtime,
            store,
            api,
        })
    }

    /// Maps every record, one after the other.
    ///
    /// # Errors
    ///
    /// If the component traps, or returns a reason instead of an event.
    pub fn map_all(&mut self, records: &[String]) -> Result<()> {
        let Self {
            runtime,
            store,
            api,
        } = self;
        runtime.block_on(async {
            for record in records {
                let mapping = api.inventory_connector_mapping();
                let event = mapping.call_map(&mut *store, record).await?;
                black_box(event.map_err(|error| anyhow!("{}", error.message))?);
            }
            Ok(())
        })
    }
}

/// Returns what the component imports: the wall clock. Everything else is there and traps.
fn linker(engine: &Engine, component: &Component) -> wasmtime::Result<Linker<()>> {
    let mut linker = Linker::new(engine);
    linker.define_unknown_imports_as_traps(component)?;
    linker.allow_shadowing(true);
    for (name, _) in component.component_type().imports(engine) {
        // Whatever version of WASI the component was built for.
        if name.starts_with("wasi:clocks/wall-clock@") {
            linker
                .instance(name)?
                .func_wrap("now", |_, ()| Ok((now()?,)))?;
        }
    }
    Ok(linker)
}

fn now() -> wasmtime::Result<Datetime> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(Datetime {
        seconds: now.as_secs(),
        nanoseconds: now.subsec_nanos(),
    })
}
