//! `state`: shows and changes the stored cursors.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use anyhow::{Context, bail};
use time::OffsetDateTime;

use crate::cli::args;
use crate::cli::exit::ExitStatus;
use crate::cli::table;
use crate::config::{Config, ConfigError};
use crate::state::{SourceState, State};
use crate::text::printable::printable;
use crate::units::timestamp;

/// Runs one of the commands, at the time `now`, and writes its result to `out`.
///
/// # Errors
///
/// When the state cannot be opened, read or written, when the selected source does not exist or is one of several, or
/// when the time of `set` is in the future.
pub(crate) fn run(
    config: &Config,
    command: &args::State,
    now: OffsetDateTime,
    out: &mut dyn Write,
) -> anyhow::Result<ExitStatus> {
    match command {
        args::State::List => list(config, out)?,
        args::State::Show(selector) => show(config, selector, out)?,
        args::State::Set(set) => self::set(config, set, now, out)?,
        args::State::Reset(selector) => reset(config, selector, out)?,
        args::State::Prune => prune(config, out)?,
    }
    Ok(ExitStatus::Done)
}

/// Lists every source.
fn list(config: &Config, out: &mut dyn Write) -> anyhow::Result<()> {
    let state = State::open_to_read(&config.state)?;
    let sources = state.sources()?;
    if sources.is_empty() {
        writeln!(out, "{}: nothing is stored yet", state.path().display())?;
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
    let rows = sources.iter().map(row);
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
fn show(config: &Config, selector: &args::Selector, out: &mut dyn Write) -> anyhow::Result<()> {
    let state = State::open_to_read(&config.state)?;
    let source = find(&state, selector)?.with_context(|| nothing_stored(&state, selector))?;
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
        Some(cursor) => match serde_json::from_str::<serde_json::Value>(cursor) {
            Ok(value) => writeln!(out, "cursor\n{value:#}")?,
            Err(_) => writeln!(out, "{:16} {}", "cursor", printable(cursor))?,
        },
    }
    Ok(())
}

/// Stores a time as a source's cursor, which the contract allows.
fn set(
    config: &Config,
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
    let mut state = State::open_to_write(&config.state)?;
    let _lock = state.lock(account)?;
    let stored = find(&state, &set.selector)?;
    let known = stored.is_some();
    let named = set.selector.source.clone();
    let source = named.or(stored.map(|stored| stored.source));
    let source = source.with_context(|| {
        format!(
            "nothing is stored of account {account} yet, so its source is unknown: name it with --source \
             (`asset-host check --account {account}` prints its id)"
        )
    })?;
    state.set_cursor(account, &source, &mark, &mark, now)?;
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
fn reset(config: &Config, selector: &args::Selector, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut state = State::open_to_write(&config.state)?;
    let _lock = state.lock(&selector.account)?;
    let count = state.reset(&selector.account, selector.source.as_deref())?;
    if count == 0 {
        bail!(nothing_stored(&state, selector));
    }
    writeln!(
        out,
        "forgot {count} {} of account {}: the next run collects everything",
        if count == 1 { "cursor" } else { "cursors" },
        printable(&selector.account)
    )?;
    Ok(())
}

/// Forgets accounts that are no longer configured, and sources that are gone or cannot be collected.
fn prune(config: &Config, out: &mut dyn Write) -> anyhow::Result<()> {
    if !config.wrong.is_empty() {
        // An account in a file that cannot be read would count as no longer configured.
        return Err(ConfigError::all(config.wrong.iter().map(|wrong| &wrong.error)).into());
    }
    let accounts = config.accounts.iter();
    let configured: BTreeSet<_> = accounts.map(|account| account.name.as_str()).collect();
    let mut state = State::open_to_write(&config.state)?;
    let mut locks = BTreeMap::new();
    for source in state.sources()? {
        let changes = source.gone_at.is_some() || !configured.contains(source.account.as_str());
        if changes && !locks.contains_key(&source.account) {
            locks.insert(source.account.clone(), state.lock(&source.account)?);
        }
    }
    let removed = state.prune(&configured)?;
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

/// Returns the selected source: the named one, else the only one of the account.
///
/// # Errors
///
/// When no source is named and the account has several.
fn find(state: &State, selector: &args::Selector) -> anyhow::Result<Option<SourceState>> {
    let mut sources = state.sources_of(&selector.account)?;
    if let Some(wanted) = &selector.source {
        return Ok(sources.into_iter().find(|source| source.source == *wanted));
    }
    if sources.len() > 1 {
        let line = |source: &SourceState| {
            printable(&format!("  --source {}  ({})", source.source, source.name))
        };
        let lines: Vec<_> = sources.iter().map(line).collect();
        bail!(
            "account {} has several sources; name one of them:\n{}",
            selector.account,
            lines.join("\n")
        );
    }
    Ok(sources.pop())
}

/// Returns the error for a source that is not stored.
fn nothing_stored(state: &State, selector: &args::Selector) -> String {
    let source = selector.source.as_ref();
    let source = source.map(|source| format!(", source {source}"));
    let selected = format!("{}{}", selector.account, source.unwrap_or_default());
    format!(
        "{}: nothing is stored of account {}; `asset-host state list` lists what is stored",
        state.path().display(),
        printable(&selected)
    )
}

#[cfg(test)]
mod tests;
