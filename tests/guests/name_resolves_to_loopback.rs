//! Goes to the name that it may reach, which leads to addresses that it may not.

use hostile_guests::{Batch, Config, Error, Hostile, all_refused, get, hostile};

/// How often it asks: the test lets the name lead somewhere else each time.
const TIMES: usize = 20;

struct Guest;

impl Hostile for Guest {
    fn collect(config: &Config, _cursor: Option<&str>) -> Result<Batch, Error> {
        let url = config.text("api_url");
        all_refused((1..=TIMES).map(|time| (format!("time {time}"), get(url))))
    }
}

hostile!(Guest);
