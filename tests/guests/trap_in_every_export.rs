//! Breaks down in the export that the test names.

use std::process::abort;

use hostile_guests::{
    Account, Batch, Config, Error, Hostile, MapError, SourcesPage, hostile, nothing_new, one_source,
};

struct Guest;

impl Hostile for Guest {
    fn map(_record: &str) -> Result<String, MapError> {
        abort()
    }

    fn check(_config: &Config) -> Result<Account, Error> {
        abort()
    }

    fn discover(config: &Config) -> Result<SourcesPage, Error> {
        match config.how() {
            "discover" => abort(),
            _ => Ok(one_source(config.as_text().to_owned())),
        }
    }

    fn collect(config: &Config, cursor: Option<&str>) -> Result<Batch, Error> {
        match (config.how(), cursor) {
            ("second page", None) => Ok(Batch {
                more: true,
                ..nothing_new()
            }),
            _ => abort(),
        }
    }
}

hostile!(Guest);
