//! Collects every source of an account, one event a line.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use adapters::{Batch, Error, Patience, Source, list, to_text, walk};

use crate::cursors::Cursors;
use crate::{Failure, report};

/// Collects each source from its stored cursor to the end of its walk. One that fails does not stop the others.
pub(crate) fn account(
    config: &str,
    file: Option<&Path>,
    patience: Patience,
) -> Result<(), Failure> {
    let mut cursors = Cursors::read(file)?;
    let sources = list(config, patience).map_err(|error| to_text(&error))?;
    let mut failed = 0;
    for known in cursors.sources() {
        if !sources.iter().any(|source| source.id == known) {
            report(&format!(
                "source {known} failed: it was collected before and is not listed any more"
            ));
            failed += 1;
        }
    }
    for source in &sources {
        let done = match &source.config {
            Ok(config) => collect(source, config, &mut cursors, patience),
            // Its devices are missing from now on.
            Err(reason) if cursors.get(&source.id).is_some() => Err(reason.clone()),
            Err(reason) => {
                report(&format!(
                    "source {} is not collected: {reason}",
                    source.name
                ));
                continue;
            }
        };
        if let Err(why) = done {
            report(&format!("source {} failed: {why}", source.name));
            failed += 1;
        }
    }
    match failed {
        0 => Ok(()),
        failed => Err(format!("{failed} of {} sources failed", sources.len())),
    }
}

/// Why a source failed.
struct Halt(Failure);

impl From<Error> for Halt {
    fn from(error: Error) -> Self {
        Self(to_text(&error))
    }
}

fn collect(
    source: &Source,
    config: &str,
    cursors: &mut Cursors,
    patience: Patience,
) -> Result<(), Failure> {
    let name = &source.name;
    let cursor = cursors.get(&source.id).map(str::to_owned);
    let page = |batch: &Batch| {
        write_events(batch).map_err(|error| Halt(format!("cannot write to stdout: {error}")))?;
        for reject in &batch.rejects {
            let id = reject.id.as_deref().unwrap_or("a record");
            report(&format!("source {name}: rejected {id}: {}", reject.reason));
        }
        for warning in &batch.warnings {
            report(&format!("source {name}: warning: {warning}"));
        }
        cursors.store(&source.id, &batch.cursor).map_err(Halt)
    };
    walk(config, cursor, patience, page).map_err(|Halt(why)| why)
}

fn write_events(batch: &Batch) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(64 << 10, io::stdout());
    for event in &batch.events {
        out.write_all(event.json.as_bytes())?;
        out.write_all(b"\n")?;
    }
    // Stdout itself buffers the rest of a line only.
    out.flush()
}
