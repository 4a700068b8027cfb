//! Has always one more page, which brings nothing.

use hostile_guests::{Batch, Config, Error, Hostile, hostile, nothing_new};

struct Guest;

impl Hostile for Guest {
    fn collect(config: &Config, cursor: Option<&str>) -> Result<Batch, Error> {
        let page: u64 = cursor.and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
        let next = match config.how() {
            "same" => 1,
            _ => page + 1,
        };
        Ok(Batch {
            cursor: next.to_string(),
            more: true,
            ..nothing_new()
        })
    }
}

hostile!(Guest);
