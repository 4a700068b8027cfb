//! `map`: turns endpoints in files into events, one per line, or into the reasons for each event. Needs no network,
//! account or state.

use std::io::{self, Read, Write};
use std::path::Path;

use anyhow::{Context, bail};
use console::Term;

use crate::cli::args;
use crate::cli::exit::ExitStatus;
use crate::text::printable::printable;

mod json;
mod mapper;
mod records;
mod table;

use crate::cli::map::mapper::Mapper;
use crate::cli::map::records::{Fault, records};

/// A larger record does not fit into the component's memory together with its event.
const MAX_RECORD: usize = 32 << 20;

/// What is printed for a record.
#[derive(Debug, Clone, Copy)]
enum Form {
    /// The event.
    Event,
    /// The reasons for people, for a terminal with this many columns, or for no terminal.
    Table(Option<u16>),
    /// The event and its reasons for machines.
    Json,
}

impl Form {
    fn of(args: &args::Map) -> anyhow::Result<Self> {
        Ok(match (args.explain, args.json) {
            (false, false) => Self::Event,
            (true, true) => Self::Json,
            (true, false) => {
                let size = Term::stdout().size_checked();
                Self::Table(size.map(|(_, columns)| columns))
            }
            (false, true) => bail!(
                "--json applies to what --explain prints: add --explain, or drop --json, as events are one JSON object \
                 per line anyway"
            ),
        })
    }
}

/// Maps every endpoint in the files of `args` to `out`. A record that cannot be mapped is reported on standard error with
/// its place, and does not affect the others.
///
/// # Errors
///
/// When the flags do not fit each other, the account or the component, there is no component, a file cannot be read, or
/// `out` cannot be written. The component detects some of this at the first record.
pub(crate) async fn run(
    config: &Path,
    args: &args::Map,
    out: &mut dyn Write,
) -> anyhow::Result<ExitStatus> {
    let form = Form::of(args)?;
    let mut mapper = Mapper::new(config, args).await?;
    let stdin = [Path::new("-").to_owned()];
    let files = if args.files.is_empty() {
        &stdin[..]
    } else {
        &args.files
    };
    let mut status = ExitStatus::Done;
    let mut tables = 0;
    for file in files {
        let (name, text) = read(file)?;
        let records = records(&text);
        let several = files.len() > 1 || records.len() > 1;
        for record in records {
            let mapped = match record.json {
                Err(fault) => Err(fault),
                Ok(json) if json.len() > MAX_RECORD => Err(Fault {
                    line: 1,
                    why: format!("the record is larger than {} MiB", MAX_RECORD >> 20),
                }),
                Ok(json) => mapper.map(json).await?,
            };
            match (mapped, form) {
                (Ok(explanation), Form::Event) => writeln!(out, "{}", explanation.event)?,
                (Ok(explanation), Form::Json) => writeln!(out, "{}", json::line(&explanation)?)?,
                (Ok(explanation), Form::Table(columns)) => {
                    if tables > 0 {
                        writeln!(out)?;
                    }
                    tables += 1;
                    if several {
                        writeln!(out, "{}:{}", printable(&name), record.line)?;
                    }
                    out.write_all(table::table(&explanation, columns).as_bytes())?;
                }
                (Err(fault), _) => {
                    status = ExitStatus::SomeFailed;
                    report(
                        &name,
                        record.line + fault.line.saturating_sub(1),
                        &fault.why,
                    );
                }
            }
        }
    }
    out.flush()?;
    Ok(status)
}

fn read(file: &Path) -> anyhow::Result<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    if file == Path::new("-") {
        io::stdin()
            .read_to_end(&mut bytes)
            .context("cannot read standard input")?;
        return Ok(("standard input".to_owned(), bytes));
    }
    bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok((file.display().to_string(), bytes))
}

fn report(file: &str, line: usize, why: &str) {
    // A closed standard error leaves nowhere to report to.
    let _ = writeln!(io::stderr(), "{file}:{line}: {}", printable(why));
}
