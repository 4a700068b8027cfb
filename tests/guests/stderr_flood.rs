//! Writes to standard error for ever, and lines that look like the host's own.

use std::io::{Write, stderr};

use hostile_guests::{Batch, Config, Error, Hostile, hostile, nothing_new};

struct Guest;

impl Hostile for Guest {
    fn collect(config: &Config, _cursor: Option<&str>) -> Result<Batch, Error> {
        let forged = "\u{1b}[2J\r\u{9b}1A2026-01-01T00:00:00Z ERROR guest-forged-this";
        let _ = writeln!(stderr(), "{forged}");
        let line = format!("{}\n", "guest-floods ".repeat(5_000));
        let mut left = match config.how() {
            "endless" => u64::MAX,
            _ => (64 << 20) / line.len() as u64,
        };
        while left > 0 {
            let _ = stderr().write_all(line.as_bytes());
            left -= 1;
        }
        Ok(nothing_new())
    }
}

hostile!(Guest);
