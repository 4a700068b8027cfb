//! `approve`: approves what components ask for now.

use std::io::Write;
use std::path::Path;

use time::OffsetDateTime;

use crate::cli::args;
use crate::cli::exit::ExitStatus;
use crate::config::{Config, WrongAccount};
use crate::contract::permissions::Permissions;
use crate::run::engine;
use crate::run::prepare;
use crate::state::State;
use crate::state::consent::ConsentStatus;
use crate::text::printable::printable_lines;
use crate::units::timestamp;

/// Records what the component of each account, or of the named ones, asks for now, and prints what is more than before.
/// Reads no secret and makes no request.
///
/// # Errors
///
/// When a component or the configuration is not valid, or the state is in use or cannot be written. Nothing is approved
/// then, unless writing the state fails half way.
pub(crate) async fn run(
    config: &Path,
    args: &args::Approve,
    out: &mut dyn Write,
) -> anyhow::Result<ExitStatus> {
    let config = Config::load(config)?;
    let runtime = engine::start()?;
    let mut all = Vec::new();
    let (accounts, wrong) = config.select(&args.accounts)?;
    if accounts.is_empty() {
        return Err(WrongAccount::errors(wrong).into());
    }
    for account in accounts {
        let component = prepare::component(&runtime, account).await?;
        all.push((account.name.as_str(), component.asks(account)));
    }
    let mut state = State::open_to_write(&config.state)?;
    for (account, asks) in &all {
        let _lock = state.lock(account)?;
        let status = ConsentStatus::of(state.consent(account)?, asks);
        if !matches!(status, ConsentStatus::Approved(_)) {
            state.approve(account, asks, OffsetDateTime::now_utc())?;
        }
        writeln!(out, "{account}: {}", describe(&status, asks))?;
    }
    for wrong in &wrong {
        let error = printable_lines(&wrong.error.to_string());
        writeln!(out, "{}: failed: {error}", wrong.name)?;
    }
    Ok(match wrong.is_empty() {
        true => ExitStatus::Done,
        false => ExitStatus::SomeFailed,
    })
}

/// Describes what was done for an account.
fn describe(status: &ConsentStatus, asks: &Permissions) -> String {
    let component = format!("{}, sha256 {}", asks.component(), asks.sha256);
    match status {
        ConsentStatus::FirstRun => format!("approved for the first time: {component}: {asks}"),
        ConsentStatus::Approved(consent) => format!(
            "nothing to approve: {component} is approved since {}",
            timestamp::format(consent.approved_at)
        ),
        ConsentStatus::OtherBuild(_) => {
            format!("approved; it asks for no more than before: {component}")
        }
        ConsentStatus::NeedsApproval(_, difference) => {
            format!("approved, with more than before:\n{difference}")
        }
    }
}
