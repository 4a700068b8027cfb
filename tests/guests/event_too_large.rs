//! Returns an event of two megabytes beside a small one.

use hostile_guests::{Batch, Config, Error, Hostile, batch, event, hostile};

struct Guest;

impl Hostile for Guest {
    fn collect(_config: &Config, _cursor: Option<&str>) -> Result<Batch, Error> {
        Ok(batch(vec![event(&"x".repeat(2 << 20)), event("small")]))
    }
}

hostile!(Guest);
