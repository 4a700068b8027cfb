//! Sends requests without an end in one call.

use hostile_guests::{Batch, Config, Error, Hostile, get, hostile};

struct Guest;

impl Hostile for Guest {
    fn collect(config: &Config, _cursor: Option<&str>) -> Result<Batch, Error> {
        loop {
            // Whatever comes back, and if nothing does.
            let _ = get(config.text("api_url"));
        }
    }
}

hostile!(Guest);
