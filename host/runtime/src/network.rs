//! HTTP that leaves the process: checked addresses, proxy, TLS, timeouts.

pub mod addresses;
pub mod body;
pub mod client;
mod dialer;
pub mod error;
mod proxy;
mod stream;
#[cfg(test)]
pub mod test_server;
pub mod timeouts;
pub mod tls;
mod tunnel;
mod uri;
