//! `map`: turns endpoints in files into events, one per line, or into the reasons for each event. Needs no network,
//! account or state.

use std::io::{self, Read, Write};
use std::path::Path;

use anyhow::{Context, bail};
use console::Term;
use tracing::error;

use crate::cli::args;
use crate::cli::exit::ExitStatus;
use crate::cli::log::Format;
use crate::text::printable::printable;

mod json;
mod mapper;
mod records;
mod table;

use crate::cli::map::mapper::Mapper;
use crate::cli::map::records::{Fault, id, records};

/// A larger record does not fit into the component's memory together with its event.
const MAX_RECORD: usize = 32 << 20;

/// Beyond this many errors, their number says more than their texts.
const MAX_ERRORS: u64 = 20;

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
    log_format: Format,
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
    let mut errors = Errors {
        format: log_format,
        count: 0,
    };
    let mut tables = 0;
    for file in files {
        let (name, text) = read(file)?;
        let records = records(&text);
        let several_here = records.len() > 1;
        let several = files.len() > 1 || several_here;
        for (number, record) in (1..).zip(records) {
            let text = record.json.as_ref().ok().copied();
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
                (Err(fault), _) => errors.report(&Failed {
                    file: &name,
                    line: record.line + fault.line.saturating_sub(1),
                    number: several_here.then_some(number),
                    id: text.and_then(id),
                    why: &fault.why,
                }),
            }
        }
    }
    out.flush()?;
    Ok(errors.end())
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

/// A record without an event.
struct Failed<'a> {
    file: &'a str,
    /// The line of the fault.
    line: usize,
    /// The record's place among those of the file, from 1, since several may be on one line; `None` for the only one.
    number: Option<u64>,
    id: Option<String>,
    why: &'a str,
}

/// The errors of records on standard error: the first ones, then the number of the others.
struct Errors {
    format: Format,
    count: u64,
}

impl Errors {
    fn report(&mut self, failed: &Failed<'_>) {
        self.count += 1;
        if self.count > MAX_ERRORS {
            return;
        }
        let Failed {
            file,
            line,
            number,
            id,
            why,
        } = failed;
        if self.format == Format::Json {
            error!(file, line, record = number, id, "{why}");
            return;
        }
        let number = number.map(|number| format!("record {number}"));
        let id = id.as_ref().map(|id| format!("id {id:?}"));
        let which: Vec<_> = number.into_iter().chain(id).collect();
        let which = match which.as_slice() {
            [] => String::new(),
            which => format!(" ({})", which.join(", ")),
        };
        print(&format!("{file}:{line}: {why}{which}"));
    }

    /// Reports how many errors were not printed.
    fn end(&self) -> ExitStatus {
        if self.count == 0 {
            return ExitStatus::Done;
        }
        let more = self.count.saturating_sub(MAX_ERRORS);
        if more > 0 {
            let why = format!("{more} more records cannot be mapped");
            match self.format {
                Format::Json => error!(more, "{why}"),
                Format::Text => print(&why),
            }
        }
        ExitStatus::SomeFailed
    }
}

fn print(line: &str) {
    // A closed standard error leaves nowhere to report to.
    let _ = writeln!(io::stderr(), "{}", printable(line));
}
