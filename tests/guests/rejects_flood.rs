//! Sets records aside that it says nothing about: as many as the test names.

use hostile_guests::{Batch, Config, Error, Hostile, Reject, hostile, nothing_new};

struct Guest;

impl Hostile for Guest {
    fn collect(config: &Config, _cursor: Option<&str>) -> Result<Batch, Error> {
        let count = config.how().parse().unwrap_or(1_000_000);
        let reject = || Reject {
            id: None,
            reason: String::new(),
        };
        Ok(Batch {
            rejects: (0..count).map(|_| reject()).collect(),
            ..nothing_new()
        })
    }
}

hostile!(Guest);
