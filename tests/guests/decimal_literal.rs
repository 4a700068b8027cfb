//! Writes the address of this machine as one number, so that it does not look like an address.

use hostile_guests::{Batch, Config, Error, Hostile, all_urls_refused, hostile};

struct Guest;

impl Hostile for Guest {
    fn collect(config: &Config, _cursor: Option<&str>) -> Result<Batch, Error> {
        let port = config.port();
        all_urls_refused([
            format!("https://2130706433:{port}/"),
            format!("http://2130706433:{port}/"),
            format!("https://0x7f000001:{port}/"),
            "https://3221225985/".to_owned(),
        ])
    }
}

hostile!(Guest);
