//! `describe`: what a component is, asks for and may do; the page to read before it is approved.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, bail};

use crate::cli::args;
use crate::cli::exit::ExitStatus;
use crate::config::{Account, Config, Problem};
use crate::contract::permissions::Permissions;
use crate::network::client::https_proxy;
use crate::run::engine;
use crate::run::prepare::{self, Component};
use crate::state::State;
use crate::state::consent::ConsentStatus;

mod facts;
mod imports;
mod page;

use crate::cli::describe::facts::{Consented, Facts};

/// Writes what there is to know of a component for a person, or as JSON with `--json`. Asks for no secret, makes
/// no request and changes nothing.
///
/// # Errors
///
/// When there is no component, it is no connector, or the account that is named is not there.
pub(crate) async fn run(
    config: &Path,
    args: &args::Describe,
    out: &mut dyn Write,
) -> anyhow::Result<ExitStatus> {
    let component = args.component.as_deref();
    let config = match (&args.account, component) {
        (None, Some(_)) => None,
        (Some(_), _) => Some(Config::load(config)?),
        (None, None) => config.exists().then(|| Config::load(config)).transpose()?,
    };
    let account = match (&config, &args.account) {
        (Some(config), Some(name)) => Some(config.account(name)?),
        (Some(config), None) => only(config)?,
        (None, _) => None,
    };
    let path = match (component, &config) {
        // To look at another one than the account's must be possible before the account is changed.
        (Some(component), _) => component.to_owned(),
        (None, Some(config)) => {
            let of_all = || config.accounts.first().map(|account| &account.component);
            let path = account.map(|account| &account.component).or_else(of_all);
            path.context("no account")?.clone()
        }
        (None, None) => crate::cli::component::beside_program()?,
    };
    let named = match (component, &config, account) {
        (None, Some(config), Some(account)) => Some(prepare::component_key(config, account)),
        _ => None,
    };
    let read = read(&path, account).await;
    let (component, problems) = match named {
        Some(named) => read.context(named)?,
        None => read?,
    };
    let manifest = &component.manifest;
    let consent = match (&config, account) {
        (Some(config), Some(account)) => Some(consented(config, account, &component.asks(account))),
        _ => None,
    };
    let facts = Facts::of(
        &component.loaded,
        manifest,
        account,
        consent,
        &problems,
        https_proxy()?,
    );
    if args.json {
        // By way of a text: an error of the writer would be hidden in one of JSON.
        let json =
            serde_json::to_string_pretty(&facts.json(&serde_json::from_str(&component.text)?))?;
        writeln!(out, "{json}")?;
    } else {
        out.write_all(page::page(&facts, manifest).as_bytes())?;
    }
    Ok(ExitStatus::Done)
}

/// Loads the component in a file, whatever an account pins, since this is where to look when it is not that one: the
/// component, what it says of itself, and what is wrong with the account for it.
async fn read(path: &Path, account: Option<&Account>) -> anyhow::Result<(Component, Vec<Problem>)> {
    let loaded = engine::start()?.load(path, None).await?;
    let mut component = Component::describe(loaded).await?;
    let problems = match account {
        Some(account) => component.problems(account).await?,
        None => Vec::new(),
    };
    Ok((component, problems))
}

/// The only account; none where several have the same component.
fn only(config: &Config) -> anyhow::Result<Option<&Account>> {
    match config.accounts.as_slice() {
        [account] => Ok(Some(account)),
        [first, others @ ..] => {
            if others
                .iter()
                .all(|account| account.component == first.component)
            {
                return Ok(None);
            }
            bail!(
                "the accounts of {} use different components: name an account with --account, or a component with \
                 --component",
                config.file.display()
            )
        }
        [] => Ok(None),
    }
}

/// Where an account stands. A state that cannot be read, such as that of a service, does not keep the page from
/// being shown.
fn consented(config: &Config, account: &Account, asks: &Permissions) -> Consented {
    let recorded = State::open_to_read(&config.state)
        .and_then(|state| state.consent(&account.name))
        .map(|consent| ConsentStatus::of(consent, asks));
    match recorded {
        Ok(status) => Consented::Known(Box::new(status)),
        Err(error) => Consented::Unknown(error.to_string()),
    }
}
