//! `check`: are the credentials good, for whom, and may they read?

use std::io::Write;
use std::path::Path;

use crate::bindings::inventory::connector::types::Error;
use crate::cli;
use crate::config::Config;
use crate::connector::{CallError, Connector};
use crate::consent;
use crate::exit::ExitStatus;
use crate::failure;
use crate::prepare::{self, Ready};
use crate::printable::printable;
use crate::rate_limit::Limiters;
use crate::runtime::Runtime;
use crate::state::State;

/// Tests every account, or those that are named, and writes a line or two about each.
///
/// # Errors
///
/// When an account could not be tested at all: a wrong configuration, component or secret, a component that asks
/// for more than was approved, or a state that cannot be read.
pub async fn run(
    config: &Path,
    args: &cli::Check,
    out: &mut dyn Write,
) -> anyhow::Result<ExitStatus> {
    let config = Config::load(config)?;
    let accounts = config.select(&args.accounts)?;
    let runtime = Runtime::new()?;
    let mut limiters = Limiters::default();
    let ready = prepare::accounts(&runtime, &config, accounts, &mut limiters, None).await?;
    consent::check(&State::open_to_read(&config.state)?, &Ready::asks(&ready))?;
    let mut status = ExitStatus::Done;
    for ready in ready {
        let name = &ready.account.name;
        match Connector::new(ready.access).check(&ready.config).await {
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
                let why = printable(&failure::explain(&error, name));
                let why = match error {
                    // It begins with a key, which is written as it stands in the file.
                    CallError::Told(Error::InvalidConfig(_)) => why,
                    _ => sentence(&why),
                };
                writeln!(out, "{name}: failed. {why}")?;
            }
        }
    }
    Ok(status)
}

/// With a capital letter.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map(|first| first.to_uppercase().chain(chars).collect())
        .unwrap_or_default()
}
