//! Sends requests to a name whose address changes each time.

use hostile_guests::{Batch, Config, Error, Hostile, batch, event, get, hostile};

struct Guest;

impl Hostile for Guest {
    fn collect(config: &Config, _cursor: Option<&str>) -> Result<Batch, Error> {
        let url = config.text("api_url");
        // The event shows that the first address is allowed.
        let first = get(url).map_err(|refused| refused.error("first"))?;
        let mut events = vec![event(&format!("first {}", first.status))];
        for time in ["second", "third"] {
            match get(url) {
                Ok(answer) => events.push(event(&format!("{time} {}", answer.status))),
                Err(refused) => events.push(event(&format!("{time} {refused}"))),
            }
        }
        Ok(batch(events))
    }
}

hostile!(Guest);
