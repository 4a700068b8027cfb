//! `describe`: what a component is, asks for and may do; the page to read before it is approved.

use std::io::Write;
use std::path::Path;

use anyhow::Context;

use crate::cli::args;
use crate::cli::component::{beside_program, shared};
use crate::cli::exit::ExitStatus;
use crate::config::{Account, Config, Problem};
use crate::network::client::https_proxy;
use crate::run::engine;
use crate::run::prepare::{self, Component};

mod facts;
mod imports;
mod page;

use crate::cli::describe::facts::{Consent, Facts};

/// Describes a component for a person, or as JSON with `--json`. Reads no secret, makes no request and changes nothing.
///
/// # Errors
///
/// When there is no component, it is not a connector, or there is no account of the given name.
pub(crate) async fn run(
    config: &Path,
    args: &args::Describe,
    out: &mut dyn Write,
) -> anyhow::Result<ExitStatus> {
    let component = args.component.as_deref();
    let config = match (&args.account, component) {
        (None, Some(_)) => None,
        (Some(_), _) => Some(Config::load(config)?),
        (None, None) => Config::load_if_exists(config)?,
    };
    let account = match (&config, &args.account) {
        (Some(config), Some(name)) => Some(config.account(name)?),
        (Some(config), None) => match config.accounts.as_slice() {
            [account] => Some(account),
            _ => None,
        },
        (None, _) => None,
    };
    let path = match (component, &config, account) {
        // It must be possible to look at another component than the account's before the account is changed.
        (Some(component), ..) => component.to_owned(),
        (None, Some(_), Some(account)) => account.component.clone(),
        (None, Some(config), None) => shared(config)?.component.clone(),
        (None, None, _) => beside_program()?,
    };
    let described = match (component, &config, account) {
        (None, Some(_), Some(account)) => load(&path, Some(account))
            .await
            .with_context(|| prepare::component_key(account))?,
        _ => load(&path, account).await?,
    };
    let (component, problems) = described;
    let consent = match (&config, account) {
        (Some(config), Some(account)) => Some(Consent::of(config, account, &component).await),
        _ => None,
    };
    let facts = Facts::of(&component, account, consent, &problems, https_proxy()?)?;
    if args.json {
        // By way of a text: an error of the writer would be hidden in one of JSON.
        writeln!(out, "{}", serde_json::to_string_pretty(&facts)?)?;
    } else {
        out.write_all(page::page(&facts, &component.manifest).as_bytes())?;
    }
    Ok(ExitStatus::Done)
}

/// Loads the component in a file, and returns what is wrong with the account for it. What the account pins does not
/// matter, since this is where to look at a build that is not the pinned one.
async fn load(path: &Path, account: Option<&Account>) -> anyhow::Result<(Component, Vec<Problem>)> {
    let loaded = engine::start()?.load(path, None).await?;
    let mut component = Component::describe(loaded).await?;
    let problems = match account {
        Some(account) => component.problems(account).await?,
        None => Vec::new(),
    };
    Ok((component, problems))
}
