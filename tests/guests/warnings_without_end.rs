//! Returns thousands of warnings on one page, each of them long and with characters that are unsafe for a terminal.

use hostile_guests::{Batch, Config, Error, Hostile, hostile, nothing_new};

struct Guest;

impl Hostile for Guest {
    fn collect(_config: &Config, _cursor: Option<&str>) -> Result<Batch, Error> {
        let warning = format!("guest-warns \u{1b}[2J\r\n\u{9b}1A{}", "x".repeat(10_000));
        Ok(Batch {
            warnings: vec![warning; 5_000],
            ..nothing_new()
        })
    }
}

hostile!(Guest);
