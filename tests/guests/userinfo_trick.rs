//! Puts the name that it may reach where a URL has the user's name.

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
