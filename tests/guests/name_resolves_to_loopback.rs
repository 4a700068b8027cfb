//! Sends requests to an allowed name that resolves to addresses that are not allowed.

use hostile_guests::{Batch, Config, Error, Hostile, all_refused, get, hostile};

/// The number of requests: the test changes the address for each.
const TIMES: usize = 20;

struct Guest;

impl Hostile for Guest {
    fn collect(config: &Config, _cursor: Option<&str>) -> Result<Batch, Error> {
        let url = config.text("api_url");
        all_refused((1..=TIMES).map(|time| (format!("time {time}"), get(url))))
    }
}

hostile!(Guest);
