//! Writes an allowed host in the place of a URL's user name.

use hostile_guests::{Batch, Config, Error, Hostile, all_urls_refused, hostile};

struct Guest;

impl Hostile for Guest {
    fn collect(config: &Config, _cursor: Option<&str>) -> Result<Batch, Error> {
        let port = config.port();
        all_urls_refused([
            "https://api.guest.example@other.example/".to_owned(),
            format!("https://api.guest.example:443@127.0.0.1:{port}/"),
            "https://user:password@api.guest.example/".to_owned(),
        ])
    }
}

hostile!(Guest);
