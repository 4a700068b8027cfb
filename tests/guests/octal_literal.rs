//! Writes the address of this machine in octal, in hexadecimal, and with parts left out.

use hostile_guests::{Batch, Config, Error, Hostile, all_urls_refused, hostile};

struct Guest;

impl Hostile for Guest {
    fn collect(config: &Config, _cursor: Option<&str>) -> Result<Batch, Error> {
        let port = config.port();
        all_urls_refused([
            format!("https://0177.0.0.1:{port}/"),
            format!("https://017700000001:{port}/"),
            format!("https://0x7f.1:{port}/"),
            format!("http://127.1:{port}/"),
            "https://0300.0000.0002.0001/".to_owned(),
        ])
    }
}

hostile!(Guest);
