//! Real NATS servers on loopback, for the tests of many replicas; and a proxy that cuts a replica off from them.

mod proxy;
mod server;
mod servers;

pub use proxy::Proxy;
pub use servers::{Servers, Settings};

/// Returns the memory that a process has resident now, and the most that it had, in bytes; `None` if it has ended.
pub fn memory_of(process: u32) -> Option<(u64, u64)> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let field = |name: &str| {
        let rest = status.lines().find_map(|line| line.strip_prefix(name))?;
        let kilobytes: u64 = rest.trim().strip_suffix(" kB")?.parse().ok()?;
        Some(kilobytes << 10)
    };
    Some((field("VmRSS:")?, field("VmHWM:")?))
}
