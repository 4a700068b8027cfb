//! The commands, one file each.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::config::Config;

/// The component's file beside this program, as `make build` leaves it.
const BESIDE: &str = "sophos-assets.wasm";

/// The component of a command that needs no account: `named` with `--component`, else the one of the only
/// account of the configuration if there is one, else the one beside this program.
///
/// # Errors
///
/// When the configuration is there but wrong, or none of the three is there.
pub(crate) fn component(
    named: Option<&Path>,
    config: &Path,
) -> anyhow::Result<(PathBuf, Option<String>)> {
    if let Some(named) = named {
        return Ok((named.to_owned(), None));
    }
    if config.exists() {
        let config = Config::load(config)?;
        let mut components: Vec<_> = config
            .accounts
            .into_iter()
            .map(|account| (account.component, account.sha256))
            .collect();
        components.dedup();
        return match <[_; 1]>::try_from(components) {
            Ok([component]) => Ok(component),
            Err(_) => bail!(
                "the accounts of {} use different components: name one with --component",
                config.file.display()
            ),
        };
    }
    let beside = beside_program()
        .with_context(|| format!("no file {} names a component", config.display()))?;
    Ok((beside, None))
}

/// The component beside this program.
///
/// # Errors
///
/// When there is none.
pub(crate) fn beside_program() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe().context("this program's own folder is unknown")?;
    let beside = program.with_file_name(BESIDE);
    if !beside.exists() {
        bail!(
            "there is no component beside this program ({}): name one with --component",
            beside.display()
        );
    }
    Ok(beside)
}
