//! Finds the component for commands that need no account.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::config::{Account, Config, WrongAccount};

/// The component's file beside this program: the one that the build names (`.cargo/config.toml`).
const BESIDE: &str = match option_env!("ASSET_HOST_COMPONENT") {
    Some(name) => name,
    None => "connector.wasm",
};

/// Returns the component that `--component` names, else that of the accounts of the configuration, else the one beside
/// this program; with the digest that the account pins.
///
/// # Errors
///
/// When the configuration is wrong, its accounts use different components, or no component is found.
pub(crate) fn component(
    named: Option<&Path>,
    config: &Path,
) -> anyhow::Result<(PathBuf, Option<String>)> {
    if let Some(named) = named {
        return Ok((named.to_owned(), None));
    }
    if let Some(config) = Config::load_if_exists(config)? {
        let account = shared(&config)?;
        return Ok((account.component.clone(), account.sha256.clone()));
    }
    let beside =
        beside_program().with_context(|| format!("no configuration file {}", config.display()))?;
    Ok((beside, None))
}

/// Returns the first account of a configuration whose accounts all use the same component.
///
/// # Errors
///
/// When they use different ones.
pub(crate) fn shared(config: &Config) -> anyhow::Result<&Account> {
    let component = |account: &Account| (account.component.clone(), account.sha256.clone());
    match config.accounts.as_slice() {
        [] => Err(WrongAccount::errors(&config.wrong).into()),
        [first, others @ ..]
            if others
                .iter()
                .all(|other| component(other) == component(first)) =>
        {
            Ok(first)
        }
        _ => bail!(
            "the accounts of {} use different components: name an account with --account, or a component with \
             --component",
            config.place.display()
        ),
    }
}

/// Returns the component beside this program.
///
/// # Errors
///
/// When there is none.
pub(crate) fn beside_program() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe().context("cannot find the folder of this program")?;
    let beside = program.with_file_name(BESIDE);
    if !beside.exists() {
        bail!(
            "there is no component beside this program ({}): name one with --component",
            beside.display()
        );
    }
    Ok(beside)
}
