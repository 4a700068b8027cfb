//! Takes memory without an end, and writes to it.

use std::hint::black_box;

use hostile_guests::{Batch, Config, Error, Hostile, hostile};

struct Guest;

impl Hostile for Guest {
    fn collect(_config: &Config, _cursor: Option<&str>) -> Result<Batch, Error> {
        let mut kept = Vec::new();
        loop {
            kept.push(vec![1_u8; 1 << 20]);
            black_box(&kept);
        }
    }
}

hostile!(Guest);
