//! Sends TRACE and CONNECT in unusual spellings.

use hostile_guests::wasi::http::types::Method;
use hostile_guests::{Batch, Config, Error, Hostile, all_refused, hostile, send};

struct Guest;

impl Hostile for Guest {
    fn collect(config: &Config, _cursor: Option<&str>) -> Result<Batch, Error> {
        all_refused(["trace", "Connect", "TRACE"].map(|name| {
            let method = Method::Other(name.to_owned());
            (
                name.to_owned(),
                send(&method, config.text("api_url"), &[], b""),
            )
        }))
    }
}

hostile!(Guest);
