//! Events to the end of a file, one a line.
//!
//! A page is confirmed once it is on the disk. What a kill or a power cut leaves of a line is cut off before
//! anything is written behind it, and never more than that: programs that follow the file have not taken
//! the torn line, but would begin anew if the lines before it went.
//!
//! The file may be rotated while it is written. Renamed, it takes whole pages until a hang-up (SIGHUP) comes,
//! and the next page goes to a new file of its name. Cut to nothing where it is, it is written from its
//! beginning.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use tracing::{info, warn};

use super::hang_up::HangUps;
use super::{DeliverError, Delivered, Destination, lines};
use crate::appended;
use crate::bindings::inventory::connector::types::Event;

/// A file, or something else with a path, such as a named pipe.
#[derive(Debug)]
pub struct File {
    path: PathBuf,
    /// Held while a page is written, whatever is open: the lock on the file itself does not keep two sources of
    /// one process apart, and a pipe has none.
    open: Mutex<Open>,
    hang_ups: HangUps,
}

/// A file that is open.
#[derive(Debug)]
struct Open {
    file: std::fs::File,
    path: PathBuf,
    /// Whether it is a file on a disk, which can be read, cut, synchronised and shared.
    regular: bool,
    /// How many hang-ups there were before it was opened.
    hang_ups: u64,
}

impl File {
    /// Opens a file to append events, creates it if it is missing, and cuts off a torn last line; does so
    /// again before the first page after each hang-up. A named pipe is waited for until it has a reader.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened, created or cut, or ends in something that is not an event.
    pub fn open(path: &Path, hang_ups: HangUps) -> Result<Self, DeliverError> {
        Ok(Self {
            path: path.to_owned(),
            open: Mutex::new(Open::new(path, hang_ups.count())?),
            hang_ups,
        })
    }

    fn write(&self, bytes: &[u8]) -> Result<(), DeliverError> {
        if bytes.is_empty() {
            return Ok(());
        }
        // What another thread left when it panicked is a torn line at worst.
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let hang_ups = self.hang_ups.count();
        if open.regular && open.hang_ups != hang_ups {
            *open = Open::new(&self.path, hang_ups)?;
            info!("{}: opened again", self.path.display());
        }
        open.write(bytes)
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
    fn new(path: &Path, hang_ups: u64) -> Result<Self, DeliverError> {
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
            appended::sync_folder(path).map_err(open_error)?;
        }
        let open = Self {
            file,
            path: path.to_owned(),
            regular,
            hang_ups,
        };
        if regular {
            open.alone(|| open.cut_torn_line())?;
        }
        Ok(open)
    }

    fn write(&self, bytes: &[u8]) -> Result<(), DeliverError> {
        if self.regular {
            self.alone(|| self.append(bytes))
        } else {
            (&self.file)
                .write_all(bytes)
                .map_err(|error| self.error(error))
        }
    }

    /// Appends to a file on a disk.
    fn append(&self, bytes: &[u8]) -> Result<(), DeliverError> {
        self.cut_torn_line()?;
        let mut file = &self.file;
        file.write_all(bytes).map_err(|error| self.error(error))?;
        appended::sync(&self.file).map_err(|error| self.error(error))
    }

    /// Does something while no other process that writes the file does the same: two runs may share it, and
    /// none may take the line that another is writing for a torn one.
    fn alone<T>(&self, action: impl FnOnce() -> T) -> T {
        appended::alone(&self.file, action)
    }

    /// Cuts off what follows the last line break, if it is what was left of an event; ends it with a line
    /// break if it is whole.
    fn cut_torn_line(&self) -> Result<(), DeliverError> {
        let (whole, tail) = appended::torn_line(&self.file).map_err(|error| self.error(error))?;
        if tail.is_empty() {
            return Ok(());
        }
        if serde_json::from_slice::<serde::de::IgnoredAny>(&tail).is_ok() {
            // Nothing is missing but the line break: a whole event, or another program's last line.
            let mut file = &self.file;
            return file.write_all(b"\n").map_err(|error| self.error(error));
        }
        // Events are objects; a power cut may leave zeros in the place of what was not yet written.
        if !matches!(tail.first(), Some(b'{' | 0)) {
            return Err(DeliverError::NotEvents {
                path: self.path.clone(),
            });
        }
        self.file
            .set_len(whole)
            .map_err(|error| self.error(error))?;
        warn!(
            "{}: an interrupted write had left {} bytes of a line, which were cut off; its event comes again",
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

#[cfg(test)]
mod tests;
