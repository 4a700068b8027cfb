//! `approve`: a person lets components ask for what they ask for now.

use std::io::Write;
use std::path::Path;

use time::OffsetDateTime;

use crate::cli::args;
use crate::cli::exit::ExitStatus;
use crate::config::Config;
use crate::contract::permissions::Asks;
use crate::run::prepare::{self, Found};
use crate::sandbox::engine::Runtime;
use crate::state::State;
use crate::state::standing::Standing;
use crate::units::timestamp;

/// Records for every account, or those that are named, what its component asks for as it is now, and writes what
/// is more than before. No secret is read and no request made.
///
/// # Errors
///
/// When a component or the configuration is not in order, or the state is in use or cannot be written. Nothing
/// is approved for any account then, unless the state fails half way.
pub(crate) async fn run(
    config: &Path,
    args: &args::Approve,
    out: &mut dyn Write,
) -> anyhow::Result<ExitStatus> {
    let config = Config::load(config)?;
    let runtime = Runtime::new()?;
    let mut all = Vec::new();
    for account in config.select(&args.accounts)? {
        let Found {
            loaded, manifest, ..
        } = prepare::component(&runtime, &config, account).await?;
        let asks = Asks::of(&loaded.digest, &manifest, &account.config);
        all.push((account.name.as_str(), asks));
    }
    let mut state = State::open_for_run(&config.state)?;
    for (account, asks) in &all {
        let standing = Standing::of(state.consent(account)?, asks);
        if !matches!(standing, Standing::Approved(_)) {
            state.approve(account, asks, OffsetDateTime::now_utc())?;
        }
        writeln!(out, "{account}: {}", told(&standing, asks))?;
    }
    Ok(ExitStatus::Done)
}

/// What was done about an account.
fn told(standing: &Standing, asks: &Asks) -> String {
    let component = format!("{}, sha256 {}", asks.component(), asks.sha256);
    match standing {
        Standing::First => format!("approved for the first time: {component}: {asks}"),
        Standing::Approved(consent) => format!(
            "nothing to approve: {component} is approved since {}",
            timestamp::format(consent.approved_at)
        ),
        Standing::OtherBuild(_) => {
            format!("approved, and no more is asked for than before: {component}")
        }
        Standing::More(_, difference) => format!("approved, with more than before:\n{difference}"),
    }
}
