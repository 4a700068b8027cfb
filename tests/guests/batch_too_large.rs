//! Returns a page of small parts that are large together.

use hostile_guests::bindings::inventory::connector::types::Reject;
use hostile_guests::{Batch, Config, Error, Hostile, batch, event, hostile};

struct Guest;

impl Hostile for Guest {
    fn collect(config: &Config, _cursor: Option<&str>) -> Result<Batch, Error> {
        let part = "x".repeat(10_000);
        Ok(match config.how() {
            "rejects" => Batch {
                rejects: vec![
                    Reject {
                        id: None,
                        reason: part,
                    };
                    200
                ],
                ..batch(Vec::new())
            },
            _ => batch(vec![event(&part); 200]),
        })
    }
}

hostile!(Guest);
