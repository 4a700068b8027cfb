//! Follows redirects on its own, with its token, to any host.

use hostile_guests::{Batch, Config, Error, Hostile, batch, event, get, hostile, other};

struct Guest;

impl Hostile for Guest {
    fn collect(config: &Config, _cursor: Option<&str>) -> Result<Batch, Error> {
        let first = get(config.text("api_url")).map_err(|refused| refused.error("first"))?;
        if first.status != 302 {
            return Err(other("no redirect came"));
        }
        let place = first.header("location").unwrap_or_default();
        match get(place) {
            Ok(_) => Ok(batch(vec![event(place)])),
            Err(refused) => Err(refused.error(place)),
        }
    }
}

hostile!(Guest);
