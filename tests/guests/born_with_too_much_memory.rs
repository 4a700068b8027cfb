//! Declares 64 MiB of initial memory.

use std::sync::atomic::{AtomicU8, Ordering};

use hostile_guests::{Batch, Config, Error, Hostile, batch, event, hostile};

static MEMORY: [AtomicU8; 64 << 20] = [const { AtomicU8::new(0) }; 64 << 20];

struct Guest;

impl Hostile for Guest {
    fn collect(config: &Config, _cursor: Option<&str>) -> Result<Batch, Error> {
        let place = config.port() as usize % MEMORY.len();
        let byte = MEMORY
            .get(place)
            .map(|byte| byte.fetch_add(1, Ordering::Relaxed));
        Ok(batch(vec![event(&format!("{byte:?}"))]))
    }
}

hostile!(Guest);
