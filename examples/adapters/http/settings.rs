//! What the operator sets by environment variables.

use std::time::Duration;

use adapters::{Network, Patience, open};

/// Opens the network: to the hosts of the manifest, and to the hosts and origins in `ALLOW`, separated by commas.
///
/// # Errors
///
/// Which entry is not valid.
pub(crate) fn open_network() -> Result<(), String> {
    let allow = std::env::var("ALLOW").unwrap_or_default();
    let allow = allow
        .split(',')
        .map(str::trim)
        .filter(|entry| !entry.is_empty());
    let network = Network {
        allow: allow.map(str::to_owned).collect(),
        timeout_seconds: seconds("TIMEOUT").unwrap_or(60),
        throttle: std::env::var("THROTTLE").as_deref() != Ok("off"),
    };
    open("{}", network)
}

/// Returns how long a call is repeated while the API is unavailable: `PATIENCE` seconds.
pub(crate) fn patience() -> Patience {
    Patience {
        total: Duration::from_secs(seconds("PATIENCE").unwrap_or(600).into()),
        report: |why| eprintln!("{why}"),
    }
}

fn seconds(name: &str) -> Option<u32> {
    std::env::var(name).ok()?.parse().ok()
}
