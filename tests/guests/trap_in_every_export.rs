//! Panics in the export that the test names, and, if the test says so, with the secret in the message.

use std::process::abort;

use hostile_guests::{
    Account, Batch, Config, Error, Explanation, Hostile, MapError, SourcesPage, hostile,
    nothing_new, one_source, secret, without_reasons,
};

struct Guest;

impl Hostile for Guest {
    fn map(_record: &str) -> Result<String, MapError> {
        abort()
    }

    /// Harmless if a test continues with another export: the host calls this one first.
    fn explain(_record: &str, how: &str) -> Result<Explanation, MapError> {
        match Config::read(how.to_owned()).how() {
            "discover" | "collect" | "check" | "second page" | "with the secret" => {
                Ok(without_reasons("{}".to_owned()))
            }
            _ => abort(),
        }
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
            ("with the secret", _) => tell_and_trap(),
            _ => abort(),
        }
    }
}

/// Panics with the secret's placeholder.
#[allow(
    clippy::panic,
    reason = "it is the deed: a panic's message is written to standard error"
)]
fn tell_and_trap() -> ! {
    let secret = secret("secret").unwrap_or_default();
    eprintln!("told: {secret}");
    panic!("trapped with {secret}")
}

hostile!(Guest);
