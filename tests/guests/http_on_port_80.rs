//! Sends requests to an allowed host, but without TLS, or with https to port 80.

use hostile_guests::{Batch, Config, Error, Hostile, all_urls_refused, hostile};

struct Guest;

impl Hostile for Guest {
    fn collect(_config: &Config, _cursor: Option<&str>) -> Result<Batch, Error> {
        all_urls_refused([
            "http://api.guest.example/".to_owned(),
            "http://api.guest.example:80/".to_owned(),
            "http://api.guest.example:443/".to_owned(),
            "https://api.guest.example:80/".to_owned(),
        ])
    }
}

hostile!(Guest);
