//! Calls itself for ever.

use std::hint::black_box;

use hostile_guests::{Batch, Config, Error, Hostile, batch, event, hostile};

fn deeper(depth: u64) -> u64 {
    if black_box(depth) == u64::MAX {
        return 0;
    }
    // Not in tail position, so that the compiler makes no loop of it.
    deeper(depth + 1) ^ black_box(depth)
}

struct Guest;

impl Hostile for Guest {
    fn collect(config: &Config, _cursor: Option<&str>) -> Result<Batch, Error> {
        Ok(batch(vec![event(&deeper(config.port()).to_string())]))
    }
}

hostile!(Guest);
