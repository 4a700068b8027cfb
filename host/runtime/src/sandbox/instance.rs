//! What a component's instance has: clocks, randomness, HTTP through the egress policy, its secrets.
//!
//! It has no files, no environment, no arguments and no sockets; what it writes to its standard output is
//! dropped, and its standard error becomes log lines.
//!
//! What the host keeps for it outside of its own memory is bounded in one of two ways. Bodies are charged to the limit
//! of its memory, byte for byte ([`Egress`]). What it holds by handles, such as requests and headers, cannot be: there
//! are so few handles, and so little is kept for each, that all of them together are below that limit
//! ([`Limits::handles`](crate::contract::limits::Limits::handles)).

use std::time::Duration;

use wasmtime::component::ResourceTable;
use wasmtime_wasi::{HostWallClock, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::contract::bindings::inventory::connector::{secrets, types};
use crate::sandbox::egress::Egress;
use crate::sandbox::memory::Resources;
use crate::sandbox::stderr::LogLines;

/// The most random bytes that it gets at once: a key takes 32.
const MAX_RANDOM: u64 = 64 << 10;

/// The largest headers that it may put together, in bytes, each name and value counted with what it takes besides in
/// the host's memory: twice what most servers take.
pub const MAX_REQUEST_HEADERS: usize = 16 << 10;

/// The state of one instance.
pub struct Sandbox {
    pub(crate) resources: Resources,
    table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    egress: Egress,
    max_handles: usize,
}

impl Sandbox {
    /// Returns the state of a new instance, whose requests leave through `egress`. Its wall clock stands at `now`, counted
    /// from 1970, if that is given.
    pub fn new(egress: Egress, stderr: LogLines, now: Option<Duration>) -> Self {
        let max_handles = egress.rights.limits.handles();
        let mut table = ResourceTable::new();
        table.set_max_capacity(max_handles);
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(MAX_REQUEST_HEADERS);
        let mut wasi = WasiCtxBuilder::new();
        wasi.stderr(stderr)
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false)
            .max_random_size(MAX_RANDOM);
        if let Some(now) = now {
            wasi.wall_clock(StoppedClock(now));
        }
        Self {
            resources: Resources::new(&egress.memory, egress.call.clone()),
            table,
            wasi: wasi.build(),
            http,
            egress,
            max_handles,
        }
    }

    /// Returns whether the instance holds so much between two calls that the next ones may need more than it may hold.
    /// Some component or a library of it does not give back all that a request takes.
    pub fn is_used_up(&mut self) -> bool {
        self.table.iter_mut().count() > self.max_handles / 2
    }
}

/// A wall clock that stands still, so long after the beginning of 1970.
struct StoppedClock(Duration);

impl HostWallClock for StoppedClock {
    fn resolution(&self) -> Duration {
        Duration::from_nanos(1)
    }

    fn now(&self) -> Duration {
        self.0
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
        self.egress.secret(&name).map(str::to_owned)
    }
}

impl types::Host for Sandbox {}
