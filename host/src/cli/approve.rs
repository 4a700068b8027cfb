//! `approve`: approves what components ask for now.

use std::io::Write;
use std::path::Path;

use time::OffsetDateTime;

use crate::cli::args;
use crate::cli::exit::ExitStatus;
use crate::cli::untried;
use crate::config::{Account, Config};
use crate::contract::permissions::Permissions;
use crate::run::{engine, failure, prepare};
use crate::sandbox::engine::Runtime;
use crate::state::consent::ConsentStatus;
use crate::state::{Store, Writes};
use crate::units::timestamp;

/// Records what the component of each account, or of the named ones, asks for now, and prints what is more than before.
/// Reads no secret and makes no request.
///
/// # Errors
///
/// When the state cannot be opened, or no account could be approved: its component or configuration is not valid, or the
/// account is in use.
pub(crate) async fn run(
    config: &Path,
    args: &args::Approve,
    out: &mut dyn Write,
) -> anyhow::Result<ExitStatus> {
    let config = Config::load(config)?;
    let (accounts, wrong) = config.select(&args.accounts)?;
    let store = Store::open(&config.state).await?;
    let runtime = engine::start()?;
    let mut untried = untried::of_wrong(&wrong);
    let mut tried = false;
    for account in accounts {
        match approve(&store, &runtime, account).await {
            Ok(done) => {
                tried = true;
                writeln!(out, "{}: {done}", account.name)?;
            }
            Err(error) => untried.push((&account.name, failure::with_causes(&error))),
        }
    }
    untried::report(&untried, tried, out)
}

/// Approves what the component of an account asks for, and describes what was done. A component that is not valid makes no
/// state.
async fn approve(store: &Store, runtime: &Runtime, account: &Account) -> anyhow::Result<String> {
    let component = prepare::component(runtime, account).await?;
    let asks = component.asks(account);
    // In a cluster, this stops the replica that works on the account.
    let state = store.claim(&account.name, Writes::Everything).await?;
    let status = ConsentStatus::of(state.record().await.consent, &asks);
    if !matches!(status, ConsentStatus::Approved(_)) {
        state.approve(&asks, OffsetDateTime::now_utc()).await?;
    }
    Ok(describe(&status, &asks))
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
