//! `check`: tests credentials, and lists what can be collected with them.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use serde_json::{Map, Value};
use url::Url;

use crate::cli::args;
use crate::cli::exit::ExitStatus;
use crate::cli::signals;
use crate::cli::table;
use crate::config::{Account, Config, selection};
use crate::contract::bindings::inventory::connector::types::Source;
use crate::run::context::{Process, Settings};
use crate::run::listing::list_once;
use crate::run::prepare::{Ready, prepare};
use crate::run::{engine, failure};
use crate::sandbox::connector::Connector;
use crate::state::State;
use crate::state::consent;
use crate::stop::Stop;
use crate::text::printable::{printable, printable_lines};

/// Tests every account, or the named ones, each by itself, and prints what it finds.
///
/// # Errors
///
/// When no account could be tried: a wrong configuration, component or secret, a component that asks for more than was
/// approved, or a state that cannot be read.
pub(crate) async fn run(
    config: &Path,
    args: &args::Check,
    out: &mut dyn Write,
) -> anyhow::Result<ExitStatus> {
    // By default, a signal would leave a running `command` of a secret behind.
    signals::end_on_signals()?;
    let config = Config::load(config)?;
    let (accounts, wrong) = config.select(&args.accounts)?;
    let settings = Settings::read_only(Stop::new(Duration::ZERO));
    let process = Process::new(settings, engine::start()?);
    let state = State::open_to_read(&config.state)?;
    let wrong = wrong.iter();
    let mut untried: Vec<_> = wrong
        .map(|wrong| (&wrong.name, wrong.error.to_string()))
        .collect();
    let mut results = Vec::new();
    for account in accounts {
        let refusal = |asks: &_| consent::refusal(&state, &account.name, asks);
        match prepare(&process, &Arc::new(account.clone()), refusal).await {
            Ok(ready) => results.push(check(ready, &state, out).await?),
            Err(error) => untried.push((&account.name, failure::with_causes(&error))),
        }
    }
    if results.is_empty() {
        let errors = untried.into_iter().map(|(_, error)| error);
        bail!(Vec::from_iter(errors).join("\n"));
    }
    for (account, error) in &untried {
        writeln!(out, "{account}: failed: {}", printable_lines(error))?;
    }
    Ok(match untried.is_empty() && !results.contains(&false) {
        true => ExitStatus::Done,
        false => ExitStatus::SomeFailed,
    })
}

/// Tests an account that is in order, and returns whether all of it can be collected.
async fn check(ready: Ready, state: &State, out: &mut dyn Write) -> anyhow::Result<bool> {
    let account = &ready.account;
    let name = &account.name;
    let mut connector = Connector::new(ready.loaded, ready.rights);
    let tested = async {
        let owner = connector.check(&ready.config).await?;
        Ok((owner, list_once(&mut connector, &ready.config).await?))
    };
    let (owner, sources) = match tested.await {
        Ok(tested) => tested,
        Err(error) => {
            let why = printable(&failure::describe_error(&error, name));
            writeln!(out, "{name}: failed: {why}")?;
            return Ok(false);
        }
    };
    let stored = state.sources_of(name)?;
    let stored = stored
        .iter()
        .map(|stored| (stored.source.as_str(), stored.name.as_str()));
    let listed = sources
        .iter()
        .map(|source| (source.id.as_str(), source.name.as_str()));
    let names: Vec<_> = listed.chain(stored).collect();
    let unknown = selection::unmatched(&account.only, &names);
    for entry in &unknown {
        let why = printable(&selection::no_such_source("only", entry));
        writeln!(out, "{name}: failed: {why}")?;
    }
    let known_as = owner.name.map(|name| format!(" ({name})"));
    let known_as = known_as.unwrap_or_default();
    let whose = printable(&format!("{} {}{known_as}", owner.kind, owner.id));
    let status = if unknown.is_empty() { "ok. " } else { "" };
    writeln!(
        out,
        "{name}: {status}The credentials are those of the {whose} and may read devices."
    )?;
    let skip = selection::unmatched(&account.skip, &names);
    let skip = skip
        .iter()
        .map(|entry| selection::no_such_source("skip", entry));
    for note in owner.notes.into_iter().chain(skip) {
        writeln!(out, "  {}", printable(&note))?;
    }
    list(account, &sources, out)?;
    Ok(unknown.is_empty())
}

/// Prints the sources of an account, unless it has one that is collected.
fn list(account: &Account, sources: &[Source], out: &mut dyn Write) -> anyhow::Result<()> {
    let row = |source: &Source| {
        let Source { id, name, config } = source;
        let is_wanted = account.wants(id, name);
        let collected = match config {
            _ if !is_wanted => "no: left out by `only` or `skip`",
            Err(reason) => &format!("no: {reason}"),
            Ok(_) => "yes",
        };
        let region = config
            .as_ref()
            .ok()
            .and_then(|config| own_host(config, account));
        [id, name, region.as_deref().unwrap_or("-"), collected].map(printable)
    };
    let rows: Vec<_> = sources.iter().map(row).collect();
    match rows.as_slice() {
        [] => return Ok(()),
        [[.., collected]] if collected == "yes" => return Ok(()),
        _ => {}
    }
    let heading = ["ID", "NAME", "REGION", "COLLECTED"].map(str::to_owned);
    for line in table::lines(std::iter::once(heading).chain(rows), None) {
        writeln!(out, "  {line}")?;
    }
    Ok(())
}

/// Returns the host of the first URL that a source's config has and that of the account does not.
fn own_host(config: &str, account: &Account) -> Option<String> {
    let config: Map<String, Value> = serde_json::from_str(config).ok()?;
    let own = config
        .iter()
        .filter(|(field, value)| account.config.get(*field) != Some(value));
    let texts = own.flat_map(|(_, value)| match value {
        Value::Object(fields) => fields.values().collect(),
        value => vec![value],
    });
    let mut urls = texts.filter_map(|value| Url::parse(value.as_str()?).ok());
    urls.find_map(|url| url.host_str().map(str::to_owned))
}
