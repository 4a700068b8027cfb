//! Gives an event on two lines, so that a reader of lines takes it for two.

use hostile_guests::{Batch, Config, Error, Event, Hostile, batch, event, hostile};

struct Guest;

impl Hostile for Guest {
    fn collect(config: &Config, _cursor: Option<&str>) -> Result<Batch, Error> {
        let good = event("reached");
        let json = match config.how() {
            "end" => format!("{}\n", good.json),
            "carriage return" => good.json.replacen(',', ",\r", 1),
            _ => good.json.replacen(',', ",\n", 1),
        };
        Ok(batch(vec![Event { json, ..good }]))
    }
}

hostile!(Guest);
