//! HTTP that leaves the process: judged addresses, proxy, TLS, timeouts.

pub(crate) mod addresses;
pub(crate) mod body;
pub(crate) mod client;
pub(crate) mod connect;
pub(crate) mod fault;
pub(crate) mod proxy;
pub(crate) mod tls;
pub(crate) mod tunnel;
