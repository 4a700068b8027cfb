//! Writes 64 MiB to standard output, where the events of the host go.

use std::io::{Write, stdout};

use hostile_guests::{Batch, Config, Error, Hostile, hostile, nothing_new};

struct Guest;

impl Hostile for Guest {
    fn collect(_config: &Config, _cursor: Option<&str>) -> Result<Batch, Error> {
        let line = format!("{}\n", "guest-floods ".repeat(5_000));
        for _ in 0..(64 << 20) / line.len() {
            let _ = stdout().write_all(line.as_bytes());
        }
        Ok(nothing_new())
    }
}

hostile!(Guest);
