//! Events to the end of a file, one a line.
//!
//! A page is confirmed once it is on the disk, in a file that has a name. What a kill or a power cut leaves of a line
//! is cut off before anything is written behind it, and never more than that: programs that follow the file have not
//! taken the torn line, but would start over if the lines before it went. Only a file whose last line is an event is
//! cut or written to, so a torn first line is left for a person to look at.
//!
//! The file may be rotated while it is written. A page whose writing began before the file is renamed stays in it, and
//! the next page goes to a new file of the same name; so does the page itself if the file is removed meanwhile. A file
//! that is truncated is written from its beginning.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use tracing::{info, warn};

use crate::contract::bindings::inventory::connector::types::Event;
use crate::deliver::destination::{Delivered, Destination, lines};
use crate::deliver::error::DeliverError;
use crate::deliver::line_file;
use crate::deliver::reopen_signal::ReopenSignal;

/// How often a page is written to another file because the one before was removed.
const MAX_OPENED: u32 = 5;

/// A file, or something else with a path, such as a named pipe.
#[derive(Debug)]
pub(crate) struct File {
    path: PathBuf,
    /// Held while a page is written: the lock on the file itself does not keep two sources of one process apart, and a
    /// pipe has none.
    open: Mutex<Open>,
    reopen: ReopenSignal,
}

/// A file that is open.
#[derive(Debug)]
struct Open {
    file: std::fs::File,
    path: PathBuf,
    /// Whether it is a file on a disk, which can be read, cut, synchronised and shared.
    regular: bool,
    /// How often the reopen signal had been sent before it was opened.
    signals: u64,
}

impl File {
    /// Opens a file to append events, creates it if it is missing, and cuts off a torn last line. Does so again before a
    /// page if the path has another file or none, and after each reopen signal. Waits until a named pipe has a reader.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened, created or cut, or is not empty and does not end in an event.
    pub(crate) fn open(path: &Path, reopen: ReopenSignal) -> Result<Self, DeliverError> {
        Ok(Self {
            path: path.to_owned(),
            open: Mutex::new(Open::new(path, reopen.count())?),
            reopen,
        })
    }

    fn write(&self, bytes: &[u8]) -> Result<(), DeliverError> {
        if bytes.is_empty() {
            return Ok(());
        }
        // What another thread left when it panicked is a torn line at worst.
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        for _ in 0..MAX_OPENED {
            let signals = self.reopen.count();
            if open.regular && (open.signals != signals || !open.is_in_its_place()?) {
                *open = Open::new(&self.path, signals)?;
                info!("{}: opened again", self.path.display());
            }
            open.write(bytes)?;
            if open.keeps_what_was_written()? {
                return Ok(());
            }
        }
        Err(DeliverError::Unconfirmed {
            what: format!(
                "{} was removed again and again while a page was written to it",
                self.path.display()
            ),
            advice: "rename the file to rotate it, and see which program removes it",
        })
    }
}

#[async_trait]
impl Destination for File {
    async fn deliver(
        &self,
        events: &[Event],
        _retries: &AtomicU64,
    ) -> Result<Delivered, DeliverError> {
        let bytes = lines(events.iter().map(|event| event.json.as_str()));
        tokio::task::block_in_place(|| self.write(&bytes))?;
        Ok(Delivered::default())
    }
}

impl Open {
    fn new(path: &Path, signals: u64) -> Result<Self, DeliverError> {
        let open_error = |why| DeliverError::Open {
            path: path.to_owned(),
            why,
        };
        let found = match std::fs::metadata(path) {
            Ok(metadata) => Some(metadata.is_file()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(open_error(error)),
        };
        let regular = found.unwrap_or(true);
        let file = OpenOptions::new()
            .append(true)
            // A pipe that was open to read as well would never notice that its reader has gone.
            .read(regular)
            .create(regular)
            // Events name persons and machines.
            .mode(0o640)
            .open(path)
            .map_err(open_error)?;
        if found.is_none() {
            line_file::sync_folder(path).map_err(open_error)?;
        }
        let open = Self {
            file,
            path: path.to_owned(),
            regular,
            signals,
        };
        if regular {
            open.locked(|| open.end_at_an_event())?;
        }
        Ok(open)
    }

    fn is_in_its_place(&self) -> Result<bool, DeliverError> {
        line_file::is_at(&self.file, &self.path).map_err(|error| self.error(error))
    }

    /// Whether what was written can be found: under the path, or wherever the file was moved to.
    fn keeps_what_was_written(&self) -> Result<bool, DeliverError> {
        Ok(!self.regular
            || self.is_in_its_place()?
            || line_file::has_name(&self.file).map_err(|error| self.error(error))?)
    }

    fn write(&self, bytes: &[u8]) -> Result<(), DeliverError> {
        if self.regular {
            self.locked(|| self.append(bytes))
        } else {
            (&self.file)
                .write_all(bytes)
                .map_err(|error| self.error(error))
        }
    }

    /// Appends to a file on a disk.
    fn append(&self, bytes: &[u8]) -> Result<(), DeliverError> {
        self.end_at_an_event()?;
        let mut file = &self.file;
        file.write_all(bytes).map_err(|error| {
            // Programs that follow the file have not taken a torn line yet, and nobody else need judge it.
            if let Ok(ending) = line_file::ending(&self.file) {
                let _ = self.file.set_len(ending.whole);
            }
            self.error(error)
        })?;
        line_file::sync(&self.file).map_err(|error| self.error(error))
    }

    /// Does something while nobody else writes the file: two runs may share it, and neither may take a line that the
    /// other is writing for a torn one.
    fn locked<T>(&self, action: impl FnOnce() -> T) -> T {
        line_file::locked(&self.file, action)
    }

    /// Checks that the last line of the file is an event, ends the event behind it with a line break if it is whole,
    /// and cuts it off if it is torn. An empty file is left as it is.
    fn end_at_an_event(&self) -> Result<(), DeliverError> {
        let line_file::Ending { whole, line, tail } =
            line_file::ending(&self.file).map_err(|error| self.error(error))?;
        let is_empty = whole == 0 && tail.is_empty();
        if is_empty || (is_event(&line) && tail.is_empty()) {
            return Ok(());
        }
        if is_event(&line) && is_event(&tail) {
            // Nothing is missing but the line break.
            let mut file = &self.file;
            return file.write_all(b"\n").map_err(|error| self.error(error));
        }
        // A power cut may leave zeros in the place of what was not yet written.
        let is_torn_event = matches!(tail.trim_ascii_start().first(), None | Some(b'{' | 0));
        if !is_event(&line) || !is_torn_event {
            return Err(DeliverError::NotEvents {
                path: self.path.clone(),
            });
        }
        self.file
            .set_len(whole)
            .map_err(|error| self.error(error))?;
        warn!(
            "{}: an interrupted write had left {} bytes of a line, which were cut off; the event is sent again",
            self.path.display(),
            tail.len()
        );
        Ok(())
    }

    /// Sorts what the system reports about this file.
    fn error(&self, source: io::Error) -> DeliverError {
        DeliverError::of(self.path.display().to_string(), source)
    }
}

/// Whether a line is a JSON object.
fn is_event(line: &[u8]) -> bool {
    line.trim_ascii_start().first() == Some(&b'{')
        && serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok()
}

#[cfg(test)]
mod tests;
