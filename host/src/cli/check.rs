//! `check`: tests accounts as far as that delivers and stores nothing: their credentials, sources and destinations.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use anyhow::bail;
use serde::Serialize;
use serde_json::Value;
use url::Url;

use crate::cli::args;
use crate::cli::exit::ExitStatus;
use crate::cli::signals;
use crate::cli::table;
use crate::config::{Account, Config, selection};
use crate::contract::bindings::inventory::connector::types::Source;
use crate::run::listing::list_once;
use crate::run::prepare::{self, Ready};
use crate::run::{engine, failure};
use crate::sandbox::connector::Connector;
use crate::sandbox::rate_limit::Limiters;
use crate::state::State;
use crate::state::consent;
use crate::stop::Stop;
use crate::text::printable::{printable, printable_lines};

/// What was found out about an account.
#[derive(Default, Serialize)]
struct Checked {
    account: String,
    /// Whom the credentials belong to, if the API says so.
    owner: Option<Owner>,
    sources: Vec<CheckedSource>,
    /// What keeps the account or a part of it from being collected.
    errors: Vec<String>,
    notes: Vec<String>,
}

#[derive(Serialize)]
struct Owner {
    kind: String,
    id: String,
    name: Option<String>,
}

#[derive(Serialize)]
struct CheckedSource {
    id: String,
    name: String,
    /// The host of the source's own API.
    region: Option<String>,
    collected: bool,
    /// Why it is not collected.
    reason: Option<String>,
}

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
    let (accounts, wrong) = config.select_some(&args.accounts)?;
    let runtime = engine::start()?;
    let mut limiters = Limiters::default();
    let stop = Stop::new(Duration::ZERO);
    let state = State::open_to_read(&config.state)?;
    let mut checked = Vec::new();
    let mut untried: Vec<_> = wrong
        .iter()
        .map(|wrong| Checked::failed(&wrong.name, wrong.error.to_string()))
        .collect();
    for account in accounts {
        let prepared =
            prepare::accounts(&runtime, &config, vec![account], &mut limiters, &stop).await;
        match prepared.and_then(|ready| approved(&state, ready)) {
            Ok(ready) => {
                for ready in ready {
                    let found = check(ready, &state).await?;
                    if !args.form.json {
                        write_text(&found, out)?;
                    }
                    checked.push(found);
                }
            }
            Err(error) => {
                untried.push(Checked::failed(&account.name, failure::with_causes(&error)));
            }
        }
    }
    if checked.is_empty() {
        let errors = untried.into_iter().flat_map(|account| account.errors);
        bail!(errors.collect::<Vec<_>>().join("\n"));
    }
    if !args.form.json {
        for account in &untried {
            write_text(account, out)?;
        }
    }
    checked.append(&mut untried);
    if args.form.json {
        checked.sort_by(|one, other| one.account.cmp(&other.account));
        writeln!(out, "{}", serde_json::to_string_pretty(&checked)?)?;
    }
    Ok(
        match checked.iter().all(|account| account.errors.is_empty()) {
            true => ExitStatus::Done,
            false => ExitStatus::SomeFailed,
        },
    )
}

fn approved(state: &State, ready: Vec<Ready>) -> anyhow::Result<Vec<Ready>> {
    for (account, asks) in ready.iter().map(Ready::asks) {
        if let Some(refusal) = consent::refusal(state, account, asks)? {
            bail!(refusal);
        }
    }
    Ok(ready)
}

/// Tests an account that is in order.
async fn check(ready: Ready, state: &State) -> anyhow::Result<Checked> {
    let account = &ready.account;
    let mut connector = Connector::new(ready.loaded, ready.rights);
    let found = match connector.check(&ready.config).await {
        Ok(found) => found,
        Err(error) => {
            let why = failure::describe_error(&error, &account.name);
            return Ok(Checked::failed(&account.name, why));
        }
    };
    let mut checked = Checked {
        account: account.name.clone(),
        owner: Some(Owner {
            kind: found.kind,
            id: found.id,
            name: found.name,
        }),
        notes: found.notes,
        ..Checked::default()
    };
    match list_once(&mut connector, &ready.config).await {
        Ok(sources) => {
            let mut stored = state.sources_of(&account.name)?;
            let stored = stored.drain(..).map(|stored| (stored.source, stored.name));
            checked.add_sources(account, sources, stored.collect());
        }
        Err(error) => {
            let why = failure::describe_error(&error, &account.name);
            checked.errors.push(why);
        }
    }
    Ok(checked)
}

impl Checked {
    fn failed(account: &str, error: String) -> Self {
        Self {
            account: account.to_owned(),
            errors: vec![error],
            ..Self::default()
        }
    }

    /// Adds the sources that the account lists, and what is wrong with its `only` and `skip`, which may also name a stored
    /// source.
    fn add_sources(
        &mut self,
        account: &Account,
        listed: Vec<Source>,
        stored: Vec<(String, String)>,
    ) {
        let names = listed
            .iter()
            .map(|source| (source.id.as_str(), source.name.as_str()));
        let stored = stored.iter().map(|(id, name)| (id.as_str(), name.as_str()));
        let names: Vec<_> = names.chain(stored).collect();
        for entry in selection::unmatched(&account.only, &names) {
            self.errors.push(selection::no_such_source("only", entry));
        }
        for entry in selection::unmatched(&account.skip, &names) {
            self.notes.push(selection::no_such_source("skip", entry));
        }
        for Source { id, name, config } in listed {
            let reason = match &config {
                _ if !account.wants(&id, &name) => Some("left out by `only` or `skip`".to_owned()),
                config => config.as_ref().err().cloned(),
            };
            self.sources.push(CheckedSource {
                region: config.ok().and_then(|config| own_host(&config, account)),
                collected: reason.is_none(),
                id,
                name,
                reason,
            });
        }
    }
}

/// Returns the host of the first URL that a source's config has and that of the account does not.
fn own_host(config: &str, account: &Account) -> Option<String> {
    let config: serde_json::Map<String, Value> = serde_json::from_str(config).ok()?;
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

/// Prints what was found out about an account. Its sources are a table, unless it has one that is collected.
fn write_text(checked: &Checked, out: &mut dyn Write) -> std::io::Result<()> {
    let account = printable(&checked.account);
    for error in &checked.errors {
        writeln!(out, "{account}: failed: {}", printable_lines(error))?;
    }
    if let Some(owner) = &checked.owner {
        let known_as = owner.name.as_ref().map(|name| format!(" ({name})"));
        let known_as = known_as.unwrap_or_default();
        let owner = printable(&format!("{} {}{known_as}", owner.kind, owner.id));
        let status = if checked.errors.is_empty() {
            "ok. "
        } else {
            ""
        };
        writeln!(
            out,
            "{account}: {status}The credentials are those of the {owner} and may read devices."
        )?;
    }
    for note in &checked.notes {
        writeln!(out, "  {}", printable(note))?;
    }
    if let [
        CheckedSource {
            collected: true, ..
        },
    ]
    | [] = checked.sources.as_slice()
    {
        return Ok(());
    }
    let heading = ["ID", "NAME", "REGION", "COLLECTED"].map(str::to_owned);
    let rows = checked.sources.iter().map(|source| {
        let collected = source.reason.as_ref().map(|reason| format!("no: {reason}"));
        [
            printable(&source.id),
            printable(&source.name),
            printable(source.region.as_deref().unwrap_or("-")),
            printable(collected.as_deref().unwrap_or("yes")),
        ]
    });
    for line in table::lines(std::iter::once(heading).chain(rows), None) {
        writeln!(out, "  {line}")?;
    }
    Ok(())
}
