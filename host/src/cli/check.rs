//! `check`: tests credentials and reports what they may read.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use anyhow::bail;

use crate::cli::args;
use crate::cli::component::report_wrong;
use crate::cli::exit::ExitStatus;
use crate::cli::signals;
use crate::config::Config;
use crate::run::prepare::{self, Ready};
use crate::run::{engine, failure};
use crate::sandbox::connector::Connector;
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
    let (accounts, wrong) = config.select_some(&args.accounts)?;
    let runtime = engine::start()?;
    let mut limiters = Limiters::default();
    let stop = Stop::new(Duration::ZERO);
    let ready = prepare::accounts(&runtime, &config, accounts, &mut limiters, &stop).await?;
    let asks: Vec<_> = ready.iter().map(Ready::asks).collect();
    let state = State::open_to_read(&config.state)?;
    for (account, asks) in asks {
        if let Some(refusal) = consent::refusal(&state, account, asks)? {
            bail!(refusal);
        }
    }
    let mut status = report_wrong(&wrong, out)?;
    for ready in ready {
        let name = &ready.account.name;
        let mut connector = Connector::new(ready.loaded, ready.rights);
        match connector.check(&ready.config).await {
            Ok(account) => {
                let known_as = account.name.map(|name| format!(" ({name})"));
                let known_as = known_as.unwrap_or_default();
                let owner = printable(&format!("{} {}{known_as}", account.kind, account.id));
                writeln!(
                    out,
                    "{name}: ok. The credentials are those of the {owner} and may read devices."
                )?;
                for note in account.notes {
                    writeln!(out, "  {}", printable(&note))?;
                }
            }
            Err(error) => {
                status = ExitStatus::SomeFailed;
                let why = printable(&failure::describe_error(&error, name));
                writeln!(out, "{name}: failed: {why}")?;
            }
        }
    }
    Ok(status)
}
