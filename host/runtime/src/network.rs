//! HTTP that leaves the process: judged addresses, proxy, TLS, timeouts.

pub mod addresses;
pub mod body;
pub mod client;
pub mod connect;
pub mod fault;
pub mod proxy;
#[cfg(test)]
pub mod test_server;
pub mod tls;
pub mod tunnel;
