//! Causes many long warnings of the host.

use hostile_guests::{Batch, Config, Error, Hostile, batch, event, field, get, hostile, secret};

struct Guest;

impl Hostile for Guest {
    fn collect(_config: &Config, _cursor: Option<&str>) -> Result<Batch, Error> {
        let word = "x".repeat(60_000);
        let label = "y".repeat(60);
        for _ in 0..300 {
            let _ = field(&format!("proxy-{word}"), "value");
            let _ = secret(&word);
            let _ = get(&format!("https://{label}.{label}.{label}.{label}.example/"));
            let _ = get(&format!("https://{word}.example/"));
        }
        Ok(batch(vec![event("flooded")]))
    }
}

hostile!(Guest);
