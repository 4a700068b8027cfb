//! Goes again and again to a name that has another address each time.

use hostile_guests::{Batch, Config, Error, Hostile, batch, event, get, hostile};

struct Guest;

impl Hostile for Guest {
    fn collect(config: &Config, _cursor: Option<&str>) -> Result<Batch, Error> {
        let url = config.text("api_url");
        // The event tells that the first address is one that it may reach.
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
