//! The network of a connector, opened before its first call.

use crate::bindings::inventory::adapters::egress::{self, Rules};
use crate::collection;

/// What an account's connector may do on the network.
pub struct Network {
    /// Hosts and origins beside those that the manifest and the config name.
    pub allow: Vec<String>,
    /// The longest time without a connection, a response or the next byte of it.
    pub timeout_seconds: u32,
    /// Whether the manifest's rate limits are kept.
    pub throttle: bool,
}

/// Lets the connector reach what its manifest asks for, the origins in this config, and what `network` allows.
///
/// # Errors
///
/// Which part of it is not valid.
pub fn open(config: &str, network: Network) -> Result<(), String> {
    egress::configure(&Rules {
        manifest: collection::describe(),
        config: config.to_owned(),
        allow: network.allow,
        timeout_seconds: network.timeout_seconds,
        throttle: network.throttle,
    })
}
