//! Sends requests for ever in one call.

use hostile_guests::{Batch, Config, Error, Hostile, get, hostile};

struct Guest;

impl Hostile for Guest {
    fn collect(config: &Config, _cursor: Option<&str>) -> Result<Batch, Error> {
        loop {
            // Any response is ignored, and also none.
            let _ = get(config.text("api_url"));
        }
    }
}

hostile!(Guest);
