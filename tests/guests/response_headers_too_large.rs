//! Takes an answer with headers without an end, for which it has an accomplice.

use hostile_guests::{Batch, Config, Error, Hostile, batch, event, get, hostile};

struct Guest;

impl Hostile for Guest {
    fn collect(config: &Config, _cursor: Option<&str>) -> Result<Batch, Error> {
        let answer = get(config.text("api_url")).map_err(|refused| refused.error("it"))?;
        Ok(batch(vec![event(&answer.headers.len().to_string())]))
    }
}

hostile!(Guest);
