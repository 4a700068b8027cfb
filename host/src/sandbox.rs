//! What a component's instance has: clocks, randomness, HTTP through the egress policy, its secrets.
//!
//! It has no files, no environment, no arguments and no sockets; what it writes to its standard output is
//! dropped, and its standard error becomes log lines.

use std::sync::Arc;

use wasmtime::component::ResourceTable;
use wasmtime::{StoreLimits, StoreLimitsBuilder};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::bindings::inventory::connector::{secrets, types};
use crate::egress::Egress;
use crate::limits::Limits;
use crate::stand_in::Secrets;
use crate::stderr::LogLines;

/// The state of one instance.
pub struct Sandbox {
    pub(crate) limits: StoreLimits,
    table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    egress: Egress,
    secrets: Arc<Secrets>,
}

impl Sandbox {
    /// A fresh sandbox that lets requests out through `egress`.
    pub fn new(egress: Egress, secrets: Arc<Secrets>, limits: &Limits) -> Self {
        Self {
            limits: StoreLimitsBuilder::new()
                .memory_size(limits.memory_bytes)
                .trap_on_grow_failure(true)
                .build(),
            table: ResourceTable::new(),
            wasi: WasiCtxBuilder::new().stderr(LogLines).build(),
            http: WasiHttpCtx::new(),
            egress,
            secrets,
        }
    }
}

impl WasiView for Sandbox {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for Sandbox {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            ctx: &mut self.http,
            table: &mut self.table,
            hooks: &mut self.egress,
        }
    }
}

impl secrets::Host for Sandbox {
    async fn get(&mut self, name: String) -> Option<String> {
        Some(self.secrets.get(&name)?.to_owned())
    }
}

impl types::Host for Sandbox {}
