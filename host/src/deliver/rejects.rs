//! What could not be delivered, beside the state: one JSON line for each rejected record.
//!
//! A reject does not hold up its page, so the cursor passes it by, and this file is what remains of it. It is opened for
//! each page, and may be read, moved away, cut or deleted at any time; several processes may append to it.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::Serialize;
use time::OffsetDateTime;

use crate::deliver::line_file;
use crate::text::printable::printable;
use crate::units::timestamp;

/// What follows the state's name, less its extension: `state.rejects.ndjson` for `state.db`.
const EXTENSION: &str = "rejects.ndjson";

/// The longest reason that is written, in characters.
const MAX_REASON: usize = 500;

/// The rejects file of a state.
#[derive(Debug)]
pub(crate) struct Rejects {
    path: PathBuf,
}

/// A record that the component or the destination rejected.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reject<'a> {
    /// The account's name.
    pub account: &'a str,
    /// The source's id.
    pub source: &'a str,
    /// The device's id, where it is known.
    pub id: Option<&'a str>,
    /// Why, for people and without personal data; written on one line and cut to 500 characters.
    pub reason: &'a str,
}

/// Why the rejects file cannot be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RejectsError {
    /// There is no room for it.
    #[error(
        "no room to write the rejects file {}: free some space on its disk, or move the file away",
        path.display()
    )]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be opened, created, read or written.
    #[error(
        "cannot write the rejects file {}: {source}; it and the folder of the state must be writable, or move \
         away what is in its place",
        path.display()
    )]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// A line of the file.
#[derive(Serialize)]
struct Line<'a> {
    time: &'a str,
    account: &'a str,
    source: &'a str,
    id: Option<&'a str>,
    reason: String,
}

impl Rejects {
    /// Names the rejects file of the state at `state`, in the same folder: `state.rejects.ndjson` for
    /// `state.db`. Creates nothing.
    pub(crate) fn beside(state: &Path) -> Self {
        Self {
            path: state.with_extension(EXTENSION),
        }
    }

    /// The file's path.
    #[cfg(test)]
    fn path(&self) -> &Path {
        &self.path
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
    ) -> Result<(), RejectsError> {
        if rejects.is_empty() {
            return Ok(());
        }
        self.try_append(rejects, now).map_err(|source| {
            let path = self.path.clone();
            match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                    RejectsError::Full { path }
                }
                _ => RejectsError::Write { path, source },
            }
        })
    }

    fn try_append(&self, rejects: &[Reject<'_>], now: OffsetDateTime) -> io::Result<()> {
        let mut lines = lines(rejects, now)?;
        let file = self.open()?;
        line_file::locked(&file, || {
            if !line_file::ending(&file)?.tail.is_empty() {
                lines.insert(0, b'\n');
            }
            (&file).write_all(&lines)?;
            line_file::sync(&file)
        })?;
        line_file::sync_folder(&self.path)
    }

    fn open(&self) -> io::Result<File> {
        OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&self.path)
    }
}

/// The lines of a page.
fn lines(rejects: &[Reject<'_>], now: OffsetDateTime) -> io::Result<Vec<u8>> {
    let time = timestamp::format(now);
    let mut lines = Vec::new();
    for reject in rejects {
        let line = Line {
            time: &time,
            account: reject.account,
            source: reject.source,
            id: reject.id,
            reason: printable(reject.reason).chars().take(MAX_REASON).collect(),
        };
        serde_json::to_writer(&mut lines, &line)?;
        lines.push(b'\n');
    }
    Ok(lines)
}

#[cfg(test)]
mod tests;
