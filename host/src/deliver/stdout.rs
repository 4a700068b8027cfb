//! Events to standard output, one a line.
//!
//! Written past the standard library's buffer, which would keep the rest of a failed write and write it later, when its
//! page is already known to be unconfirmed.
//!
//! Where nobody can keep the events, the run fails before any is collected: at /dev/null, which the standard library
//! also opens in the place of a closed standard output, and at a terminal.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;

use crate::contract::bindings::inventory::connector::types::Event;
use crate::deliver::destination::{Delivered, Destination, lines};
use crate::deliver::error::DeliverError;

/// What messages call this destination.
const PLACE: &str = "standard output";

/// Standard output. Events are confirmed once the system has taken them.
#[derive(Debug)]
pub(crate) struct Stdout(Mutex<Out>);

#[derive(Debug)]
struct Out {
    file: File,
    /// Whether a failed write has left a line without its end.
    torn: bool,
}

impl Stdout {
    /// Opens the process's standard output. It may be a terminal if the run is a `preview`, which stores nothing.
    ///
    /// # Errors
    ///
    /// When the process has none, or it is /dev/null, or a terminal that would get what is stored as delivered.
    pub(crate) fn open(preview: bool) -> Result<Self, DeliverError> {
        let stdout = io::stdout();
        let file = stdout
            .as_fd()
            .try_clone_to_owned()
            .map(File::from)
            .map_err(|error| DeliverError::of(PLACE, error))?;
        if is_null(&file).map_err(|error| DeliverError::of(PLACE, error))? {
            return Err(DeliverError::Nowhere);
        }
        if stdout.is_terminal() && !preview {
            return Err(DeliverError::Terminal);
        }
        Ok(Self::to(file))
    }

    /// Writes to any open file in the place of standard output.
    fn to(out: File) -> Self {
        Self(Mutex::new(Out {
            file: out,
            torn: false,
        }))
    }
}

/// Whether a file is the device that /dev/null is.
fn is_null(file: &File) -> io::Result<bool> {
    let metadata = file.metadata()?;
    let null = std::fs::metadata("/dev/null");
    Ok(metadata.file_type().is_char_device()
        && null.is_ok_and(|null| null.rdev() == metadata.rdev()))
}

#[async_trait]
impl Destination for Stdout {
    async fn deliver(
        &self,
        events: &[Event],
        _retries: &AtomicU64,
    ) -> Result<Delivered, DeliverError> {
        let bytes = lines(events.iter().map(|event| event.json.as_str()));
        tokio::task::block_in_place(|| self.write(bytes))?;
        Ok(Delivered::default())
    }
}

impl Stdout {
    fn write(&self, mut bytes: Vec<u8>) -> Result<(), DeliverError> {
        // What another thread left when it panicked is a torn line at worst.
        let mut out = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if out.torn {
            bytes.insert(0, b'\n');
        }
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            match out.file.write(rest) {
                Ok(0) => return Err(DeliverError::of(PLACE, io::ErrorKind::WriteZero.into())),
                Ok(count) => {
                    let (written, unwritten) = rest.split_at(count.min(rest.len()));
                    out.torn = written.last() != Some(&b'\n');
                    rest = unwritten;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(DeliverError::of(PLACE, error)),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::os::fd::OwnedFd;

    fn pipe() -> (io::PipeReader, Stdout) {
        let (reader, writer) = io::pipe().unwrap();
        (reader, Stdout::to(OwnedFd::from(writer).into()))
    }

    #[test]
    fn writes_lines() {
        let (mut reader, stdout) = pipe();
        stdout
            .write(lines(["{\"a\":1}", "{\"b\":2}"].into_iter()))
            .unwrap();
        stdout.write(lines([].into_iter())).unwrap();
        stdout.write(lines(["{\"c\":3}"].into_iter())).unwrap();
        drop(stdout);
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, "{\"a\":1}\n{\"b\":2}\n{\"c\":3}\n");
    }

    #[test]
    fn a_reader_that_has_gone_is_closed() {
        let (reader, stdout) = pipe();
        drop(reader);
        let error = stdout.write(lines(["{}"].into_iter())).unwrap_err();
        assert!(matches!(error, DeliverError::Closed { .. }), "{error:?}");
        assert!(error.to_string().contains("standard output"), "{error}");
    }

    #[test]
    fn dev_null_is_told_from_other_files() {
        let is_null = |path| is_null(&File::options().write(true).open(path).unwrap()).unwrap();
        assert!(is_null("/dev/null"));
        assert!(!is_null("/dev/full"));
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(!is_null(file.path().to_str().unwrap()));
    }

    #[test]
    fn a_full_disk_is_full() {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let error = Stdout::to(full)
            .write(lines(["{}"].into_iter()))
            .unwrap_err();
        assert!(matches!(error, DeliverError::Full { .. }), "{error:?}");
    }

    #[test]
    fn a_torn_line_is_never_continued() {
        let (mut reader, mut stdout) = pipe();
        stdout.0.get_mut().unwrap().torn = true;
        stdout.write(lines(["{}"].into_iter())).unwrap();
        stdout.write(lines(["{}"].into_iter())).unwrap();
        drop(stdout);
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, "\n{}\n{}\n");
    }
}
