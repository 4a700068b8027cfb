//! Computes for ever.

use std::hint::black_box;

use hostile_guests::{
    Account, Batch, Config, Error, Explanation, Hostile, MapError, SourcesPage, hostile,
    without_reasons,
};

fn compute<T>() -> T {
    let mut number: u64 = 0;
    loop {
        number = black_box(number.wrapping_add(1));
    }
}

struct Guest;

impl Hostile for Guest {
    fn explain(record: &str, how: &str) -> Result<Explanation, MapError> {
        match Config::read(how.to_owned()).how() {
            "explain" => compute(),
            _ => Ok(without_reasons(Self::map(record)?)),
        }
    }

    fn check(_config: &Config) -> Result<Account, Error> {
        compute()
    }

    fn discover(config: &Config) -> Result<SourcesPage, Error> {
        match config.how() {
            "discover" => compute(),
            _ => Ok(hostile_guests::one_source(config.as_text().to_owned())),
        }
    }

    fn collect(_config: &Config, _cursor: Option<&str>) -> Result<Batch, Error> {
        compute()
    }
}

hostile!(Guest);
