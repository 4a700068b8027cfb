//! Gives a cursor of 100 MB to store.

use hostile_guests::{Batch, Config, Error, Hostile, hostile, nothing_new};

struct Guest;

impl Hostile for Guest {
    fn collect(_config: &Config, _cursor: Option<&str>) -> Result<Batch, Error> {
        Ok(Batch {
            cursor: "x".repeat(100_000_000),
            ..nothing_new()
        })
    }
}

hostile!(Guest);
