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

use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::task::{block_in_place, spawn_blocking};
use tracing::{info, warn};

use crate::contract::bindings::inventory::connector::types::Event;
use crate::deliver::destination::lines;
use crate::deliver::error::DeliverError;
use crate::deliver::line_file::{self, Ending};
use crate::network::error::cannot_open;
use crate::stop::Stop;

/// How often a page is written to another file because the one before was removed.
const MAX_OPENED: u32 = 5;

/// A file, or something else that takes lines: a named pipe, or standard output.
#[derive(Debug)]
pub(crate) struct File {
    /// Its path, or what messages call it.
    path: PathBuf,
    /// The folder above it that must exist.
    folder: PathBuf,
    /// What ends the wait for the reader of a named pipe.
    stop: Option<Stop>,
    /// Opened at the first event. Held while a page is written: the lock on the file itself does not keep two sources of
    /// one process apart, and a pipe has none.
    open: Mutex<Option<Open>>,
}

#[derive(Debug)]
struct Open {
    file: fs::File,
    /// Whether it is a file on a disk, which can be read, cut, synchronised, shared and rotated.
    is_regular: bool,
    /// Whether a failed write may have left a line without its end, where it cannot be cut off.
    torn: bool,
}

/// The files of this process, by path.
static FILES: Mutex<BTreeMap<PathBuf, Weak<File>>> = Mutex::new(BTreeMap::new());

/// Returns the file of this path, which all sources that deliver to it share; a `new` one for the first of them.
pub(super) fn shared(path: PathBuf, new: impl FnOnce(PathBuf) -> File) -> Arc<File> {
    let mut files = FILES.lock().unwrap_or_else(PoisonError::into_inner);
    files.retain(|_, file| file.strong_count() > 0);
    files.get(&path).and_then(Weak::upgrade).unwrap_or_else(|| {
        let file = Arc::new(new(path.clone()));
        files.insert(path, Arc::downgrade(&file));
        file
    })
}

impl File {
    /// Returns a file to which events are appended. At the first, it is opened, created if it is missing, with the folders
    /// between it and `folder`, and a torn last line is cut off. That happens again before a page if the path has another
    /// file or none. A named pipe is waited for until it has a reader, or `stop` is requested.
    pub(super) fn new(path: PathBuf, folder: PathBuf, stop: Option<Stop>) -> Self {
        let open = Mutex::default();
        Self {
            path,
            folder,
            stop,
            open,
        }
    }

    /// Writes to what is open already, and is no file on a disk.
    pub(super) fn stream(place: PathBuf, file: fs::File) -> Self {
        let open = Open::new(file, false);
        Self {
            open: Mutex::new(Some(open)),
            ..Self::new(place, PathBuf::new(), None)
        }
    }

    /// Appends a page and returns once it is confirmed. The disk or the reader of a pipe may take its time.
    pub(super) async fn deliver(self: &Arc<Self>, events: &[Event]) -> Result<(), DeliverError> {
        let is_pipe = |found: fs::Metadata| found.file_type().is_fifo();
        if let Some(stop) = &self.stop
            && fs::metadata(&self.path).is_ok_and(is_pipe)
        {
            let file = Arc::clone(self);
            let opened = spawn_blocking(move || file.with_open(|_| Ok(())));
            tokio::select! {
                biased;
                opened = opened => opened.unwrap_or(Ok(()))?,
                () = stop.wait() => return Err(DeliverError::Stopped(self.place())),
            }
        }
        let bytes = lines(events);
        block_in_place(|| self.write(bytes))
    }

    /// Returns what messages call it.
    fn place(&self) -> String {
        self.path.display().to_string()
    }

    /// Calls `action` while nobody else of this process uses the file, which is opened if it was not.
    fn with_open(
        &self,
        action: impl FnOnce(&mut Open) -> Result<(), DeliverError>,
    ) -> Result<(), DeliverError> {
        // What another thread left when it panicked is a torn line at worst.
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        action(match &mut *open {
            Some(open) => open,
            closed => closed.insert(self.open()?),
        })
    }

    fn write(&self, mut bytes: Vec<u8>) -> Result<(), DeliverError> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.with_open(|open| {
            if open.is_regular {
                return self.append(&mut open.file, &bytes);
            }
            if open.torn {
                bytes.insert(0, b'\n');
            }
            open.torn = true;
            let written = open.file.write_all(&bytes);
            written.map_err(|error| DeliverError::io(self.place(), &error))?;
            open.torn = false;
            Ok(())
        })
    }

    /// Opens what has the path.
    ///
    /// # Errors
    ///
    /// When it cannot be opened, created or cut, or is not empty and does not end in an event.
    fn open(&self) -> Result<Open, DeliverError> {
        let path = &self.path;
        let failed = |why: io::Error| DeliverError::Failed(cannot_append(path.display(), &why));
        let found = match fs::metadata(path) {
            Ok(metadata) => Some(metadata.is_file()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(failed(error)),
        };
        if found.is_none() {
            let folder = path.parent().unwrap_or(&self.folder);
            line_file::create_folder(folder, &self.folder).map_err(failed)?;
        }
        let is_regular = found.unwrap_or(true);
        if !is_regular {
            info!("{}: opening; a pipe waits for its reader", self.place());
        }
        let file = fs::OpenOptions::new()
            .append(true)
            // A pipe that was open to read as well would never notice that its reader has gone.
            .read(is_regular)
            .create(is_regular)
            // Events name persons and machines.
            .mode(0o640)
            .open(path)
            .map_err(failed)?;
        if found.is_none() {
            line_file::sync_folder(path).map_err(failed)?;
        }
        if is_regular {
            locked(&file, || end_at_an_event(path, &file))?;
        }
        Ok(Open::new(file, is_regular))
    }

    /// Appends to the file on a disk that has the path now, and returns once what was written is on the disk and can be
    /// found: under the path, or wherever the file was moved to.
    fn append(&self, file: &mut fs::File, bytes: &[u8]) -> Result<(), DeliverError> {
        let path = &self.path;
        let failed = |error| DeliverError::io(path.display(), &error);
        for _ in 0..MAX_OPENED {
            if !is_at(file, path).map_err(failed)? {
                *file = self.open()?.file;
                info!("{}: opened again", self.place());
            }
            locked(file, || {
                end_at_an_event(path, file)?;
                (&*file).write_all(bytes).map_err(|error| {
                    // Programs that follow the file have not read the torn line yet, so it is cut off at once.
                    if let Ok(ending) = line_file::ending(file) {
                        let _ = file.set_len(ending.whole);
                    }
                    failed(error)
                })?;
                line_file::sync(file).map_err(failed)
            })?;
            // Without a name, what was written is gone once the file is closed. Some file systems count no names.
            if is_at(file, path).map_err(failed)? || file.metadata().map_err(failed)?.nlink() > 0 {
                return Ok(());
            }
        }
        Err(DeliverError::unconfirmed(
            format_args!(
                "{} was removed again and again while a page was written to it",
                path.display()
            ),
            "rename the file to rotate it, and see which program removes it",
        ))
    }
}

impl Open {
    fn new(file: fs::File, is_regular: bool) -> Self {
        let torn = false;
        Self {
            file,
            is_regular,
            torn,
        }
    }
}

/// Checks that the folder exists to which `key` leads.
pub(super) fn check_folder(folder: &Path, key: &str) -> Result<(), DeliverError> {
    match fs::metadata(folder) {
        Ok(found) if found.is_dir() => Ok(()),
        Ok(_) => Err(io::ErrorKind::NotADirectory.into()),
        Err(why) => Err(why),
    }
    .map_err(|why| {
        let files = format_args!("files in {}", folder.display());
        DeliverError::Failed(format!("{key}: {}", cannot_append(files, &why)))
    })
}

/// Returns why no events can be appended.
fn cannot_append(place: impl Display, why: &io::Error) -> String {
    let why = cannot_open(why, "; its folder must exist and be writable");
    format!("cannot open {place} to append events: {why}")
}

/// Does something while nobody else writes the file: two runs may share it, and neither may take a line that the other
/// is writing for a torn one.
fn locked<T>(file: &fs::File, action: impl FnOnce() -> T) -> T {
    // Some network file systems have no locks; a file there cannot be shared.
    let _ = file.lock();
    let result = action();
    let _ = file.unlock();
    result
}

/// Returns whether an open file is the one under a path.
fn is_at(file: &fs::File, path: &Path) -> io::Result<bool> {
    let open = file.metadata()?;
    match fs::metadata(path) {
        Ok(found) => Ok((found.dev(), found.ino()) == (open.dev(), open.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Checks that the last line of the file is an event, ends the event behind it with a line break if it is whole, and
/// cuts it off if it is torn. An empty file is left as it is.
fn end_at_an_event(path: &Path, mut file: &fs::File) -> Result<(), DeliverError> {
    let failed = |error| DeliverError::io(path.display(), &error);
    let Ending { whole, line, tail } = line_file::ending(file).map_err(failed)?;
    if whole == 0 && tail.is_empty() {
        return Ok(());
    }
    // A power cut may leave zeros in the place of what was not yet written.
    let is_torn_event = matches!(tail.trim_ascii_start().first(), None | Some(b'{' | 0));
    if !is_event(&line) || !is_torn_event {
        return Err(DeliverError::Failed(format!(
            "{} is not a file of events, as its last whole line is not a JSON object or it has no whole line, and \
             nothing was written to it: name another file, or, if it holds nothing but an event that an interrupted \
             write left without its end, remove it, as that event is sent again",
            path.display()
        )));
    }
    if is_event(&tail) {
        // Nothing is missing but the line break.
        return file.write_all(b"\n").map_err(failed);
    }
    if !tail.is_empty() {
        file.set_len(whole).map_err(failed)?;
        warn!(
            "{}: an interrupted write had left {} bytes of a line, which were cut off; the event is sent again",
            path.display(),
            tail.len()
        );
    }
    Ok(())
}

/// Returns whether a line is a JSON object.
fn is_event(line: &[u8]) -> bool {
    line.trim_ascii_start().first() == Some(&b'{')
        && serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok()
}

#[cfg(test)]
mod tests;
