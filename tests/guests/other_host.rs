//! Sends its token to hosts that its manifest does not ask for.

use hostile_guests::{Batch, Config, Error, Hostile, all_urls_refused, hostile};

struct Guest;

impl Hostile for Guest {
    fn collect(_config: &Config, _cursor: Option<&str>) -> Result<Batch, Error> {
        all_urls_refused([
            "https://other.example/".to_owned(),
            "https://guest.example/".to_owned(),
            "https://api.guest.example.other.example/".to_owned(),
            "https://evilapi.guest.example/".to_owned(),
            "https://below.api.guest.example/".to_owned(),
            "https://api.guest.example:8443/".to_owned(),
        ])
    }
}

hostile!(Guest);
