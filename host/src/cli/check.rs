//! `check`: tests credentials and reports what they may read.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use crate::cli::args;
use crate::cli::exit::ExitStatus;
use crate::cli::signals;
use crate::config::Config;
use crate::contract::bindings::inventory::connector::types::Error;
use crate::run::engine;
use crate::run::failure;
use crate::run::prepare::{self, Ready};
use crate::sandbox::connector::{CallError, Connector};
use crate::sandbox::rate_limit::Limiters;
use crate::state::State;
use crate::state::consent;
use crate::stop::Stop;
use crate::text::printable::printable;

/// Tests every account, or the named ones, and prints a line or two for each.
///
/// # Errors
///
/// When an account could not be tested at all: a wrong configuration, component or secret, a component that asks
/// for more than was approved, or a state that cannot be read.
pub(crate) async fn run(
    config: &Path,
    args: &args::Check,
    out: &mut dyn Write,
) -> anyhow::Result<ExitStatus> {
    // By default, a signal would leave a running `command` of a secret behind.
    signals::end_on_signals()?;
    let config = Config::load(config)?;
    let accounts = config.select(&args.accounts)?;
    let runtime = engine::start()?;
    let mut limiters = Limiters::default();
    let stop = Stop::new(Duration::ZERO);
    let ready = prepare::accounts(&runtime, &config, accounts, &mut limiters, &stop).await?;
    let asks: Vec<_> = ready.iter().map(Ready::asks).collect();
    consent::check(&State::open_to_read(&config.state)?, &asks)?;
    let mut status = ExitStatus::Done;
    for ready in ready {
        let name = &ready.account.name;
        match Connector::new(ready.loaded, ready.rights)
            .check(&ready.config)
            .await
        {
            Ok(account) => {
                let known_as = account
                    .name
                    .map(|name| format!(" ({name})"))
                    .unwrap_or_default();
                let owner = format!("{} {}{known_as}", account.kind, account.id);
                writeln!(
                    out,
                    "{name}: ok. The credentials are those of the {} and may read devices.",
                    printable(&owner)
                )?;
                for note in account.notes {
                    writeln!(out, "  {}", printable(&note))?;
                }
            }
            Err(error) => {
                status = ExitStatus::SomeFailed;
                writeln!(out, "{name}: failed. {}", describe(&error, name))?;
            }
        }
    }
    Ok(status)
}

/// Describes a failed check, as a sentence or as keys with their problems.
fn describe(error: &CallError<Error>, account: &str) -> String {
    let why = printable(&failure::describe_error(error, account));
    match error {
        // A key stays as it is written in the file.
        CallError::Told(Error::InvalidConfig(_)) => why,
        _ => sentence(&why),
    }
}

/// Capitalizes the first letter.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map(|first| first.to_uppercase().chain(chars).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::bindings::inventory::connector::types::{Failure, FieldError};

    #[test]
    fn a_sentence_begins_with_a_capital_and_a_key_as_in_the_file() {
        let field = FieldError {
            field: "/omit".to_owned(),
            message: "does not fit".to_owned(),
        };
        let refused = Failure {
            message: "wrong secret".to_owned(),
            correlation_id: None,
        };
        for (error, expected) in [
            (
                Error::InvalidConfig(vec![field]),
                "account.acme.config.omit: does not fit",
            ),
            (
                Error::Unauthorized(refused),
                "The API refused the credentials: wrong secret",
            ),
        ] {
            assert_eq!(describe(&CallError::Told(error), "acme"), expected);
        }
    }
}
