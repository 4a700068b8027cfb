//! Gives events that are no JSON.

use hostile_guests::{Batch, Config, Error, Event, Hostile, batch, event, hostile};

struct Guest;

impl Hostile for Guest {
    fn collect(config: &Config, _cursor: Option<&str>) -> Result<Batch, Error> {
        let json = match config.how() {
            "empty" => "",
            "half" => "{\"device\":{\"uid\":\"guest\"",
            "two" => "{\"device\":{\"uid\":\"guest\"}} {\"device\":{\"uid\":\"other\"}}",
            _ => "reached",
        };
        let event = Event {
            json: json.to_owned(),
            ..event("")
        };
        Ok(batch(vec![event]))
    }
}

hostile!(Guest);
