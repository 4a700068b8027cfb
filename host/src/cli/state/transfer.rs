//! `state export` and `state import`: the state of accounts as text, to move it between a file and a cluster.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

use crate::cli::args;
use crate::cli::exit::ExitStatus;
use crate::cli::untried;
use crate::state::{DeviceKey, Store, Stored, Writes};
use crate::text::hex::hex;
use crate::text::printable::printable;

/// The version of the format.
const FORMAT: u32 = 1;

/// A line of an export: all that is stored of one account.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exported {
    format: u32,
    /// The account's name.
    account: String,
    /// What is stored of it and its sources.
    stored: Stored,
    /// The fingerprint of each device, by its source and the hexadecimal digits of its key.
    fingerprints: BTreeMap<String, BTreeMap<String, u64>>,
}

/// Writes a line of JSON for each account of which something is stored, or for each of `accounts`.
pub(super) async fn export(
    store: &Store,
    accounts: &[String],
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let stored = match accounts {
        [] => store.all().await?.into_keys().collect(),
        named => named.to_vec(),
    };
    for account in stored {
        let state = store.claim(&account, Writes::Nothing).await?;
        let stored = state.stored().await;
        if stored == Stored::default() {
            let (place, account) = (store.place(), printable(&account));
            bail!("{place}: nothing is stored of account {account}");
        }
        let mut fingerprints = BTreeMap::new();
        for source in stored.sources.keys() {
            let devices = state.all_fingerprints(source).await?.into_iter();
            let devices: BTreeMap<_, _> = devices.map(|(key, value)| (hex(&key), value)).collect();
            if !devices.is_empty() {
                fingerprints.insert(source.clone(), devices);
            }
        }
        let exported = Exported {
            format: FORMAT,
            account,
            stored,
            fingerprints,
        };
        writeln!(out, "{}", serde_json::to_string(&exported)?)?;
    }
    Ok(())
}

/// Stores what [`export`] wrote. A line that cannot be stored does not keep the others from being stored.
pub(super) async fn import(
    store: &Store,
    args: &args::Import,
    out: &mut dyn Write,
) -> anyhow::Result<ExitStatus> {
    let name = args.file.display();
    let file: Box<dyn BufRead> = match args.file == Path::new("-") {
        true => Box::new(io::stdin().lock()),
        false => {
            let file = File::open(&args.file).with_context(|| name.to_string())?;
            Box::new(BufReader::new(file))
        }
    };
    let mut failed = Vec::new();
    let mut is_tried = false;
    for (number, line) in (1..).zip(file.split(b'\n')) {
        let line = line.with_context(|| name.to_string())?;
        match import_line(store, &line, args.replace).await {
            Ok((account, sources)) => {
                is_tried = true;
                let account = printable(&account);
                writeln!(out, "{account}: imported, with {sources} sources")?;
            }
            Err(error) => failed.push(("import", format!("{name}, line {number}: {error:#}"))),
        }
    }
    if failed.is_empty() && !is_tried {
        bail!("{name} is empty: write it with `asset-host state export`");
    }
    untried::report(&failed, is_tried, out)
}

/// Stores a line, and returns the account's name and how many sources it has.
async fn import_line(store: &Store, line: &[u8], replace: bool) -> anyhow::Result<(String, usize)> {
    let exported: Exported =
        serde_json::from_slice(line).context("not a line of `asset-host state export`")?;
    let account = exported.account;
    if exported.format != FORMAT {
        bail!(
            "account {}: has format {}, and this asset-host reads format {FORMAT}: use the asset-host that wrote it",
            printable(&account),
            exported.format
        );
    }
    let keys = |devices: BTreeMap<String, u64>| {
        let keys = devices.into_iter();
        let keys = keys.map(|(key, value)| Some((device_key(&key)?, value)));
        keys.collect::<Option<Vec<_>>>()
    };
    let fingerprints = exported.fingerprints.into_iter();
    let fingerprints = fingerprints.map(|(source, devices)| Some((source, keys(devices)?)));
    let fingerprints = fingerprints.collect::<Option<Vec<_>>>();
    let fingerprints =
        fingerprints.context("a key of a fingerprint is not 32 hexadecimal digits")?;
    let state = store.claim(&account, Writes::Everything).await?;
    if !replace && state.stored().await != Stored::default() {
        bail!(
            "account {}: something is stored of it already: add --replace to replace that",
            printable(&account)
        );
    }
    let sources = exported.stored.sources.len();
    state.replace(exported.stored, fingerprints).await?;
    Ok((account, sources))
}

fn device_key(text: &str) -> Option<DeviceKey> {
    let number = u128::from_str_radix(text, 16).ok()?;
    (text.len() == 32).then(|| number.to_be_bytes())
}
