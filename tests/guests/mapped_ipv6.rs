//! Writes the address of this machine, and others, as IPv6 addresses that hold an IPv4 one.

use hostile_guests::{Batch, Config, Error, Hostile, all_urls_refused, hostile};

struct Guest;

impl Hostile for Guest {
    fn collect(config: &Config, _cursor: Option<&str>) -> Result<Batch, Error> {
        let port = config.port();
        all_urls_refused([
            format!("https://[::ffff:127.0.0.1]:{port}/"),
            format!("http://[::ffff:7f00:1]:{port}/"),
            format!("https://[::127.0.0.1]:{port}/"),
            format!("https://[64:ff9b::7f00:1]:{port}/"),
            "https://[::ffff:192.0.2.1]/".to_owned(),
            "https://[::ffff:10.0.0.1]/".to_owned(),
        ])
    }
}

hostile!(Guest);
