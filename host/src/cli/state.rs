//! `state`: shows and changes the stored cursors.

use std::collections::BTreeSet;
use std::io::{self, IsTerminal, Write};

use anyhow::{Context, bail};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::cli::args;
use crate::cli::exit::ExitStatus;
use crate::cli::table;
use crate::config::selection::same;
use crate::config::{Config, WrongAccount};
use crate::state::{SourceState, Store, Stored, Writes};
use crate::text::printable::printable;
use crate::units::timestamp;

mod transfer;

/// Runs one of the commands, at the time `now`, and writes its result to `out`.
///
/// # Errors
///
/// When the state cannot be opened, read or written, when the account is in use, when the selected source does not exist
/// or is one of several, when the time of `set` is in the future, or when a person does not confirm.
pub(crate) async fn run(
    config: &Config,
    command: &args::State,
    now: OffsetDateTime,
    out: &mut dyn Write,
) -> anyhow::Result<ExitStatus> {
    let store = Store::open(&config.state).await?;
    match command {
        args::State::List { json } => list(&store, *json, out).await?,
        args::State::Show { selector, json } => show(&store, selector, *json, out).await?,
        args::State::Set(set) => self::set(config, &store, set, now, out).await?,
        args::State::Reset { selector, yes } => reset(&store, selector, *yes, out).await?,
        args::State::Prune { yes } => prune(config, &store, *yes, out).await?,
        args::State::Export { accounts } => transfer::export(&store, accounts, out).await?,
        args::State::Import(args) => return transfer::import(&store, args, out).await,
    }
    Ok(ExitStatus::Done)
}

/// Lists every source.
async fn list(store: &Store, as_json: bool, out: &mut dyn Write) -> anyhow::Result<()> {
    let stored = store.all().await?;
    let sources: Vec<_> = stored.values().flat_map(Stored::states).collect();
    if as_json {
        let sources: Vec<_> = sources.into_iter().map(json).collect();
        writeln!(out, "{:#}", Value::from(sources))?;
        return Ok(());
    }
    if sources.is_empty() {
        writeln!(out, "{}: nothing is stored yet", store.place())?;
        return Ok(());
    }
    let heading = [
        "ACCOUNT",
        "SOURCE",
        "NAME",
        "MARK",
        "WALK",
        "LAST SUCCESS",
        "LAST ERROR",
    ];
    let rows = sources.into_iter().map(row);
    for line in table::lines(
        std::iter::once(heading.map(str::to_owned)).chain(rows),
        None,
    ) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// Returns a source's row in the list.
fn row(source: &SourceState) -> [String; 7] {
    let error = source.last_error.as_ref();
    let error = error.map(|error| format!("{} {error}", time(source.last_error_at)));
    [
        source.account.clone(),
        source.source.clone(),
        source.name.clone(),
        or_dash(source.mark.clone()),
        walk(source),
        time(source.last_success_at),
        or_dash(error),
    ]
    .map(|text| printable(&text))
}

fn time(time: Option<OffsetDateTime>) -> String {
    or_dash(time.map(timestamp::format))
}

fn or_dash(text: Option<String>) -> String {
    text.unwrap_or_else(|| "-".to_owned())
}

/// Describes the walk of a source.
fn walk(source: &SourceState) -> String {
    match (source.gone_at, source.walking, source.full) {
        (Some(since), ..) => format!("not collectable since {}", timestamp::format(since)),
        (None, false, _) => "-".to_owned(),
        (None, true, false) => "in progress".to_owned(),
        (None, true, true) => "full, in progress".to_owned(),
    }
}

/// Prints everything that is stored of one source.
async fn show(
    store: &Store,
    selector: &args::Selector,
    as_json: bool,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let stored = store.stored(&selector.account).await?;
    let source = find(stored.states().cloned().collect(), selector)?;
    let source = source.with_context(|| nothing_stored(store, selector))?;
    if as_json {
        writeln!(out, "{:#}", json(&source))?;
        return Ok(());
    }
    let walk = walk(&source);
    let fields = [
        ("account", source.account),
        ("source", source.source),
        ("name", source.name),
        ("mark", or_dash(source.mark)),
        ("walk", walk),
        ("full walk began", time(source.full_started_at)),
        // The end of the last full walk, or the moment of `state set`.
        ("full_every from", time(source.last_full_at)),
        ("last success", time(source.last_success_at)),
        ("last error", or_dash(source.last_error)),
        ("last error at", time(source.last_error_at)),
        ("updated", time(Some(source.updated_at))),
    ];
    for (name, value) in fields {
        writeln!(out, "{name:16} {}", printable(&value))?;
    }
    match &source.cursor {
        None => writeln!(out, "{:16} -", "cursor")?,
        Some(cursor) => match serde_json::from_str::<Value>(cursor) {
            Ok(value) => writeln!(out, "cursor\n{value:#}")?,
            Err(_) => writeln!(out, "{:16} {}", "cursor", printable(cursor))?,
        },
    }
    Ok(())
}

/// Returns what is stored of a source as JSON. A cursor that is JSON is not a text in it.
fn json(source: &SourceState) -> Value {
    let cursor = source.cursor.as_deref();
    let time = |time: Option<OffsetDateTime>| time.map(timestamp::format);
    json!({
        "account": source.account,
        "source": source.source,
        "name": source.name,
        "mark": source.mark,
        "walking": source.walking,
        "full": source.full,
        "full_started_at": time(source.full_started_at),
        "last_full_at": time(source.last_full_at),
        "last_success_at": time(source.last_success_at),
        "last_error": source.last_error,
        "last_error_at": time(source.last_error_at),
        "not_collectable_since": time(source.gone_at),
        "updated_at": time(Some(source.updated_at)),
        "cursor": cursor.map(|text| serde_json::from_str(text).unwrap_or(Value::from(text))),
    })
}

/// Stores a time as a source's cursor, which the contract allows.
async fn set(
    config: &Config,
    store: &Store,
    set: &args::SetMark,
    now: OffsetDateTime,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let mark = timestamp::format(set.last_seen);
    if set.last_seen > now {
        bail!(
            "--last-seen {mark} is in the future (it is {} now), so the next run would find no device; use the time up to \
             which devices are collected",
            timestamp::format(now)
        );
    }
    let account = &config.account(&set.selector.account)?.name;
    let state = store.claim(account, Writes::Everything).await?;
    let stored = find(state.sources().await, &set.selector)?;
    let known = stored.is_some();
    let named = set.selector.source.clone();
    let source = stored.map(|stored| stored.source).or(named);
    let source = source.with_context(|| {
        format!(
            "nothing is stored of account {account} yet, so its source is unknown: name it with --source \
             (`asset-host check --account {account}` prints its id)"
        )
    })?;
    state.set_cursor(&source, &mark, &mark, now).await?;
    writeln!(
        out,
        "{account}, source {}: the next run collects devices seen at or after {mark}",
        printable(&source)
    )?;
    if !known {
        writeln!(
            out,
            "Nothing was stored of this source before: compare its id with the one that `asset-host check --account \
             {account}` prints"
        )?;
    }
    Ok(())
}

/// Forgets one source, or every source of an account.
async fn reset(
    store: &Store,
    selector: &args::Selector,
    yes: bool,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let account = selector.account.as_str();
    let stored = store.stored(account).await?;
    let source = match &selector.source {
        None => {
            confirm(stored.states().count(), account, yes)?;
            None
        }
        Some(named) => {
            let found = find(stored.states().cloned().collect(), selector)?;
            Some(found.map_or_else(|| named.clone(), |found| found.source))
        }
    };
    let state = store.claim(account, Writes::Everything).await?;
    let is_forgotten = |id: &str, _: Option<&_>| source.as_ref().is_none_or(|source| source == id);
    let count = state.forget_sources(is_forgotten).await?.len();
    if count == 0 {
        bail!(nothing_stored(store, selector));
    }
    writeln!(
        out,
        "forgot {} of account {}: the next run collects everything",
        cursors(count),
        printable(account)
    )?;
    Ok(())
}

/// Forgets accounts that are no longer configured, and sources that are gone or cannot be collected.
async fn prune(
    config: &Config,
    store: &Store,
    yes: bool,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    if !config.wrong.is_empty() {
        // An account in a file that cannot be read would count as no longer configured.
        return Err(WrongAccount::errors(&config.wrong).into());
    }
    let accounts = config.accounts.iter();
    let configured: BTreeSet<_> = accounts.map(|account| account.name.as_str()).collect();
    let stored = store.all().await?;
    let is_gone = |source: &&SourceState| {
        source.gone_at.is_some() || !configured.contains(source.account.as_str())
    };
    let gone = stored.values().flat_map(Stored::states).filter(is_gone);
    let gone: Vec<_> = gone.map(|source| source.account.as_str()).collect();
    let accounts = gone.iter().copied().collect::<BTreeSet<_>>();
    let names = Vec::from_iter(accounts).join(", ");
    confirm(gone.len(), &names, yes)?;
    let removed = store.prune(&configured).await?;
    if removed.is_empty() {
        writeln!(
            out,
            "nothing to forget: every stored account is configured in {}, and all their sources can be collected",
            config.place.display()
        )?;
    }
    for source in removed {
        let SourceState {
            account,
            source,
            name,
            gone_at,
            ..
        } = source;
        let since =
            gone_at.map(|since| format!(", not collectable since {}", timestamp::format(since)));
        let line = format!("forgot account {account}, source {source} ({name})");
        writeln!(out, "{}{}", printable(&line), since.unwrap_or_default())?;
    }
    Ok(())
}

/// Lets a person confirm that more than one cursor of these accounts is forgotten.
fn confirm(count: usize, accounts: &str, yes: bool) -> anyhow::Result<()> {
    if yes || count < 2 {
        return Ok(());
    }
    let what = printable(&format!("{} of account {accounts}", cursors(count)));
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        bail!("this forgets {what}: add --yes to do so without a question");
    }
    write!(io::stderr(), "Forget {what}? [y/N] ")?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    match answer.trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => bail!("nothing is forgotten"),
    }
}

fn cursors(count: usize) -> String {
    match count {
        1 => "1 cursor".to_owned(),
        _ => format!("{count} cursors"),
    }
}

/// Returns the selected source of an account's: the one of this id or else of this name, or without either the only one of the account.
///
/// # Errors
///
/// When there are several.
fn find(
    mut sources: Vec<SourceState>,
    selector: &args::Selector,
) -> anyhow::Result<Option<SourceState>> {
    if let Some(wanted) = &selector.source {
        if let Some(source) = sources.iter().find(|source| source.source == *wanted) {
            return Ok(Some(source.clone()));
        }
        sources.retain(|source| same(wanted, &source.source) || same(wanted, &source.name));
    }
    if sources.len() > 1 {
        let line = |source: &SourceState| {
            printable(&format!("  --source {}  ({})", source.source, source.name))
        };
        let lines: Vec<_> = sources.iter().map(line).collect();
        let of_this_name = selector.source.as_ref().map(|_| " of this name");
        bail!(
            "account {} has several sources{}; name one of them:\n{}",
            selector.account,
            of_this_name.unwrap_or_default(),
            lines.join("\n")
        );
    }
    Ok(sources.pop())
}

/// Returns the error for a source that is not stored.
fn nothing_stored(store: &Store, selector: &args::Selector) -> String {
    let source = selector.source.as_ref();
    let source = source.map(|source| format!(", source {source}"));
    let selected = format!("{}{}", selector.account, source.unwrap_or_default());
    format!(
        "{}: nothing is stored of account {}; `asset-host state list` lists what is stored",
        store.place(),
        printable(&selected)
    )
}

#[cfg(test)]
mod tests;
