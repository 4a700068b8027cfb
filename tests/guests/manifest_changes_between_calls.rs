//! Asks for another host in each call of `describe`.

use hostile_guests::serde_json::{Value, json};
use hostile_guests::wasi::clocks::monotonic_clock::now;
use hostile_guests::{Hostile, hostile};

/// Different in each call.
fn host() -> String {
    format!("host-{}.guest.example", now())
}

struct Guest;

impl Hostile for Guest {
    fn describe(mut manifest: Value) -> String {
        if let Some(hosts) = manifest.get_mut("hosts") {
            *hosts = json!([host()]);
        }
        manifest.to_string()
    }
}

hostile!(Guest);
