//! Asks for secrets that its manifest does not name: of another account, of a destination, of the environment.

use hostile_guests::{Batch, Config, Error, Hostile, batch, event, hostile, other, secret};

const NAMES: [&str; 9] = [
    "",
    "Secret",
    "secret ",
    "client_secret",
    "acme.client_secret",
    "api_key",
    "authorization",
    "TEST_CLIENT_SECRET",
    "../secret",
];

struct Guest;

impl Hostile for Guest {
    fn collect(_config: &Config, _cursor: Option<&str>) -> Result<Batch, Error> {
        let given: Vec<_> = NAMES
            .iter()
            .filter(|name| secret(name).is_some())
            .map(|name| event(name))
            .collect();
        match given.is_empty() {
            true => Err(other("no secret was given")),
            false => Ok(batch(given)),
        }
    }
}

hostile!(Guest);
