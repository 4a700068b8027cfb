//! `check`: tests credentials and destinations, and lists what can be collected.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use url::Url;

use crate::cli::args;
use crate::cli::exit::ExitStatus;
use crate::cli::signals;
use crate::cli::table;
use crate::cli::untried;
use crate::config::{Account, Config, DestinationConfig, selection};
use crate::contract::bindings::inventory::connector::types::Source;
use crate::deliver::{DeliveryOptions, Receiver};
use crate::run::listing::list_once;
use crate::run::prepare::{Ready, prepare};
use crate::run::process::{Process, Settings};
use crate::run::{engine, failure};
use crate::sandbox::connector::Connector;
use crate::state::{Store, Stored};
use crate::stop::Stop;
use crate::text::printable::printable;

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
    let store = Store::open(&config.state).await?;
    let process = Process::new(settings, engine::start()?, store);
    let mut stored = process.store.all().await?;
    let stop = &process.settings.stop;
    let mut untried = untried::of_wrong(&wrong);
    let mut results = Vec::new();
    for account in accounts {
        let stored = stored.remove(&account.name).unwrap_or_default();
        let approved = stored.account.consent.clone();
        match prepare(&process, stop, &Arc::new(account.clone()), approved).await {
            Ok(ready) => results.push(check(ready, &stored, out).await?),
            Err(error) => untried.push((&account.name, failure::with_causes(&error))),
        }
    }
    let status = untried::report(&untried, !results.is_empty(), out)?;
    Ok(match results.contains(&false) {
        true => ExitStatus::SomeFailed,
        false => status,
    })
}

/// Tests an account that is in order, and returns whether all of it can be collected.
async fn check(ready: Ready, stored: &Stored, out: &mut dyn Write) -> anyhow::Result<bool> {
    let account = &ready.account;
    let name = &account.name;
    let destination = check_destination(account).await;
    let mut failures: Vec<_> = destination.err().iter().map(failure::with_causes).collect();
    let mut connector = Connector::new(ready.loaded, ready.rights);
    let tested = async {
        let owner = connector.check(&ready.config).await?;
        Ok((owner, list_once(&mut connector, &ready.config).await?))
    };
    let (owner, sources) = match tested.await {
        Ok((owner, sources)) => (Some(owner), sources),
        Err(error) => {
            failures.push(failure::describe_error(&error, name));
            (None, Vec::new())
        }
    };
    let stored = stored
        .states()
        .map(|stored| (&*stored.source, &*stored.name));
    let names = sources.iter().map(|source| (&*source.id, &*source.name));
    let names: Vec<_> = names.chain(stored).collect();
    let unknown = |key, list| {
        let entries = selection::unmatched(list, &names).into_iter();
        entries.map(move |entry| selection::no_such_source(key, entry))
    };
    if owner.is_some() {
        failures.extend(unknown("only", &account.only));
    }
    for why in &failures {
        writeln!(out, "{name}: failed: {}", printable(why))?;
    }
    let Some(owner) = owner else {
        return Ok(false);
    };
    let known_as = owner.name.map(|name| format!(" ({name})"));
    let known_as = known_as.unwrap_or_default();
    let whose = printable(&format!("{} {}{known_as}", owner.kind, owner.id));
    let status = if failures.is_empty() { "ok. " } else { "" };
    writeln!(
        out,
        "{name}: {status}The credentials are those of the {whose} and may read devices."
    )?;
    for note in owner
        .notes
        .into_iter()
        .chain(unknown("skip", &account.skip))
    {
        writeln!(out, "  {}", printable(&note))?;
    }
    list(account, &sources, out)?;
    Ok(failures.is_empty())
}

/// Opens the destination of an account, which sends and writes nothing.
async fn check_destination(account: &Arc<Account>) -> anyhow::Result<()> {
    // The standard output of `collect` is another one.
    if matches!(account.deliver, DestinationConfig::Stdout) {
        return Ok(());
    }
    let account = Arc::clone(account);
    let stop = Stop::new(Duration::ZERO);
    let open = move || Receiver::open(&account, &stop, DeliveryOptions::default()).map(drop);
    Ok(tokio::task::spawn_blocking(open).await??)
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
