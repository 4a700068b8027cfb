//! `state`: shows and changes the stored cursors.

use std::collections::BTreeSet;
use std::io::Write;

use anyhow::bail;
use time::OffsetDateTime;

use crate::cli::args;
use crate::cli::exit::ExitStatus;
use crate::cli::table;
use crate::config::Config;
use crate::state::{SourceState, State};
use crate::text::printable::printable;
use crate::units::timestamp;

/// Runs one of the commands and writes its result to `out`.
///
/// # Errors
///
/// When the state cannot be opened, read or written, when the selected source does not exist or is one of several, or
/// when the time of `set` is invalid or in the future.
pub(crate) fn run(
    config: &Config,
    command: &args::State,
    out: &mut dyn Write,
) -> anyhow::Result<ExitStatus> {
    run_at(config, command, OffsetDateTime::now_utc(), out)
}

/// Runs one of the commands as if it were `now`.
fn run_at(
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
    let mut rows = vec![
        [
            "ACCOUNT",
            "SOURCE",
            "NAME",
            "MARK",
            "WALK",
            "LAST SUCCESS",
            "LAST ERROR",
        ]
        .map(str::to_owned),
    ];
    rows.extend(sources.iter().map(row));
    for line in table::lines(rows, None) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// One source's row in the list.
fn row(source: &SourceState) -> [String; 7] {
    let time = |time: Option<OffsetDateTime>| time.map_or("-".to_owned(), timestamp::format);
    [
        printable(&source.account),
        printable(&source.source),
        printable(&source.name),
        source.mark.as_deref().map_or("-".to_owned(), printable),
        walk(source),
        time(source.last_success_at),
        match &source.last_error {
            Some(error) => format!("{} {}", time(source.last_error_at), printable(error)),
            None => "-".to_owned(),
        },
    ]
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
    let Some(source) = find(&state, selector)? else {
        bail!(nothing_stored(&state, selector));
    };
    let time = |time: Option<OffsetDateTime>| time.map(timestamp::format);
    let fields = [
        ("account", Some(source.account.clone())),
        ("source", Some(source.source.clone())),
        ("name", Some(source.name.clone())),
        ("mark", source.mark.clone()),
        ("walk", Some(walk(&source))),
        ("full walk began", time(source.full_started_at)),
        // The end of the last full walk, or the moment of `state set`.
        ("full_every from", time(source.last_full_at)),
        ("last success", time(source.last_success_at)),
        ("last error", source.last_error.clone()),
        ("last error at", time(source.last_error_at)),
        ("updated", time(Some(source.updated_at))),
    ];
    for (name, value) in fields {
        let value = value.as_deref().map_or("-".to_owned(), printable);
        writeln!(out, "{name:16} {value}")?;
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
    let time = timestamp::parse(&set.last_seen)
        .map_err(|error| anyhow::anyhow!("--last-seen: {error}"))?;
    if time > now {
        bail!(
            "--last-seen {} is in the future (it is {} now), so the next run would find no device; use the time up to \
             which devices are collected",
            set.last_seen,
            timestamp::format(now)
        );
    }
    let account = &config.account(&set.selector.account)?.name;
    let mut state = State::open_for_run(&config.state)?;
    let source = match (&set.selector.source, find(&state, &set.selector)?) {
        (Some(source), _) => source.clone(),
        (None, Some(stored)) => stored.source,
        (None, None) => bail!(
            "nothing is stored of account {account} yet, so its source is unknown: name it with --source \
             (`asset-host check --account {account}` prints its id)"
        ),
    };
    let known = state.source(account, &source)?.is_some();
    let mark = timestamp::format(time);
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
    let mut state = State::open_for_run(&config.state)?;
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
    let known: BTreeSet<&str> = config
        .accounts
        .iter()
        .map(|account| account.name.as_str())
        .collect();
    let removed = State::open_for_run(&config.state)?.prune(&known)?;
    if removed.is_empty() {
        writeln!(
            out,
            "nothing to forget: every stored account is configured in {}, and all their sources can be collected",
            config.file.display()
        )?;
    }
    for source in removed {
        writeln!(
            out,
            "forgot account {}, source {} ({}){}",
            printable(&source.account),
            printable(&source.source),
            printable(&source.name),
            match source.gone_at {
                Some(since) => format!(", not collectable since {}", timestamp::format(since)),
                None => String::new(),
            }
        )?;
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
        let lines: Vec<String> = sources
            .iter()
            .map(|source| {
                format!(
                    "  --source {}  ({})",
                    printable(&source.source),
                    printable(&source.name)
                )
            })
            .collect();
        bail!(
            "account {} has several sources; name one of them:\n{}",
            selector.account,
            lines.join("\n")
        );
    }
    Ok(sources.pop())
}

/// The error for a source that is not stored.
fn nothing_stored(state: &State, selector: &args::Selector) -> String {
    let source = match &selector.source {
        Some(source) => format!(", source {}", printable(source)),
        None => String::new(),
    };
    format!(
        "{}: nothing is stored of account {}{source}; `asset-host state list` lists what is stored",
        state.path().display(),
        printable(&selector.account)
    )
}

#[cfg(test)]
mod tests;
