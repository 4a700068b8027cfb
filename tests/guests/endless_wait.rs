//! Waits for ever: for a server that never responds, or for a clock.

use hostile_guests::wasi::clocks::monotonic_clock::subscribe_duration;
use hostile_guests::{Batch, Config, Error, Hostile, all_urls_refused, hostile, nothing_new};

struct Guest;

impl Hostile for Guest {
    fn collect(config: &Config, _cursor: Option<&str>) -> Result<Batch, Error> {
        match config.how() {
            "clock" => {
                subscribe_duration(u64::MAX).block();
                Ok(nothing_new())
            }
            _ => all_urls_refused([config.text("api_url").to_owned()]),
        }
    }
}

hostile!(Guest);
