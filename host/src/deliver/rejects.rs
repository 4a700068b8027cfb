//! What could not be delivered, beside the state: one JSON line for each rejected record.
//!
//! A reject does not hold up its page, so the cursor passes it by, and this file is what remains of it. It is opened for
//! each page, and may be read, moved away, cut or deleted at any time; several processes may append to it.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use serde::{Serialize, Serializer};
use time::OffsetDateTime;

use crate::deliver::error::DeliverError;
use crate::deliver::line_file;
use crate::text::printable::printable;
use crate::units::timestamp;

/// The longest reason that is written, in characters.
const MAX_REASON: usize = 500;

/// The rejects file of a state.
#[derive(Debug)]
pub(crate) struct Rejects {
    path: PathBuf,
}

/// A record that the component or the destination rejected.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Reject<'a> {
    /// The account's name.
    pub account: &'a str,
    /// The source's id.
    pub source: &'a str,
    /// The device's id, where it is known.
    pub id: Option<&'a str>,
    /// Why, for people and without personal data; written on one line and cut to 500 characters.
    #[serde(serialize_with = "short")]
    pub reason: &'a str,
}

/// A line of the file.
#[derive(Serialize)]
struct Line<'a> {
    time: &'a str,
    #[serde(flatten)]
    reject: &'a Reject<'a>,
}

impl Rejects {
    /// Returns the rejects file at `path`. Creates nothing.
    pub(crate) fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Appends the rejects of a page, each as one line, and returns once they are on the disk. Without any,
    /// nothing is opened or created.
    ///
    /// A line has the members `time` (`now`, RFC 3339), `account`, `source`, `id` (the device's, or null) and
    /// `reason`. What a kill left of a line stays, on a line of its own.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened, created, read or written. Some of the page may be in it by then, and
    /// is there twice when it is appended again.
    pub(crate) fn append(
        &self,
        rejects: &[Reject<'_>],
        now: OffsetDateTime,
    ) -> Result<(), DeliverError> {
        if rejects.is_empty() {
            return Ok(());
        }
        let append = || {
            let mut lines = lines(rejects, now)?;
            let mut file = OpenOptions::new()
                .read(true)
                .append(true)
                .create(true)
                .mode(0o600)
                .open(&self.path)?;
            // Some network file systems have no locks. Closing the file releases it.
            let _ = file.lock();
            if !line_file::ending(&file)?.tail.is_empty() {
                lines.insert(0, b'\n');
            }
            file.write_all(&lines)?;
            line_file::sync(&file)?;
            line_file::sync_folder(&self.path)
        };
        let place = format!("the rejects file {}", self.path.display());
        append().map_err(|error| DeliverError::io(place, &error))
    }
}

/// The lines of a page.
fn lines(rejects: &[Reject<'_>], now: OffsetDateTime) -> io::Result<Vec<u8>> {
    let time = timestamp::format(now);
    let mut lines = Vec::new();
    for reject in rejects {
        let time = &time;
        serde_json::to_writer(&mut lines, &Line { time, reject })?;
        lines.push(b'\n');
    }
    Ok(lines)
}

fn short<S: Serializer>(reason: &str, serializer: S) -> Result<S::Ok, S::Error> {
    let short: String = printable(reason).chars().take(MAX_REASON).collect();
    serializer.serialize_str(&short)
}

#[cfg(test)]
mod tests;
