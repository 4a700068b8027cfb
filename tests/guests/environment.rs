//! Looks for environment variables, arguments, a folder, and standard input.

use std::env;
use std::io::{Read, stdin};

use hostile_guests::{Batch, Config, Error, Hostile, batch, event, hostile, other};

struct Guest;

impl Hostile for Guest {
    fn collect(_config: &Config, _cursor: Option<&str>) -> Result<Batch, Error> {
        let variables = env::vars().map(|(name, value)| format!("{name}={value}"));
        let mut reached: Vec<_> = variables.chain(env::args()).collect();
        reached.extend(env::var("TEST_CLIENT_SECRET"));
        let mut read = String::new();
        if stdin()
            .read_to_string(&mut read)
            .is_ok_and(|count| count > 0)
        {
            reached.push(read);
        }
        match reached.is_empty() {
            true => Err(other("nothing was there")),
            false => Ok(batch(reached.iter().map(|found| event(found)).collect())),
        }
    }
}

hostile!(Guest);
