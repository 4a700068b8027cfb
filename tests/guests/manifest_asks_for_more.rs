//! A new version of the harmless guest, which asks for another host, and for the secret in another field.

use hostile_guests::serde_json::{Value, json};
use hostile_guests::{Hostile, hostile};

struct Guest;

impl Hostile for Guest {
    fn describe(mut manifest: Value) -> String {
        if let Some(hosts) = manifest.get_mut("hosts") {
            *hosts = json!(["api.guest.example", "*.api.other.example"]);
        }
        if let Some(field) = manifest.pointer_mut("/secrets/0/config_field") {
            *field = json!("api_url");
        }
        manifest.to_string()
    }
}

hostile!(Guest);
