//! Where events go: one file for each kind of destination.
//!
//! A destination confirms: once `deliver` returns, the events are where the operator wants them, and the
//! cursor behind them may be stored.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;

mod file;
mod stdout;

pub use file::File;
pub use stdout::Stdout;

use crate::bindings::inventory::connector::types::Event;
use crate::config;

/// Takes events, one page at a time. Several sources of an account may deliver at once.
#[async_trait]
pub trait Destination: Send + Sync {
    /// Delivers events and returns once each of them is confirmed or refused for good. After an error some of
    /// them may have arrived; all of them are to be delivered again.
    ///
    /// # Errors
    ///
    /// When the fate of some events is not known, or they could not be delivered now.
    async fn deliver(&self, events: &[Event]) -> Result<Delivered, DeliverError>;
}

/// What became of events that were delivered.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Delivered {
    /// The events that the destination refused by themselves, whatever is sent beside them.
    pub refused: Vec<Refused>,
    /// Requests that were made again.
    pub retries: u64,
}

/// An event that its destination refused.
#[derive(Debug, PartialEq, Eq)]
pub struct Refused {
    /// Which one of the events that were to be delivered, from 0.
    pub index: usize,
    /// The destination's words, without anything that the event holds.
    pub reason: String,
}

/// Why events were not confirmed.
#[derive(Debug, thiserror::Error)]
pub enum DeliverError {
    /// The reader has gone (EPIPE).
    #[error(
        "{place} was closed by its reader: the page in hand is not confirmed and comes again in the next run"
    )]
    Closed {
        /// The destination.
        place: String,
    },
    /// There is no room, by the disk, a quota or a limit on the file's size.
    #[error(
        "no room to write to {place} ({source}): free some space, and the next run goes on from here"
    )]
    Full {
        /// The destination.
        place: String,
        /// What the system reports.
        source: io::Error,
    },
    /// The file cannot be opened or created.
    #[error("cannot open {} to append events: {source}; its folder must exist and be writable", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system reports.
        source: io::Error,
    },
    /// The file ends in something that is not an event, so it is not a file of events.
    #[error(
        "{} does not end in a line of events, and nothing was written to it: name another file in \
         account.NAME.deliver.path, or end its last line with a line break",
        path.display()
    )]
    NotEvents {
        /// The file.
        path: PathBuf,
    },
    /// Anything else that the system reports.
    #[error("cannot write to {place}: {source}")]
    Io {
        /// The destination.
        place: String,
        /// What the system reports.
        source: io::Error,
    },
}

impl DeliverError {
    /// Sorts what the system reports about writing to `place` by what to do about it.
    fn of(place: impl Into<String>, source: io::Error) -> Self {
        let place = place.into();
        match source.kind() {
            io::ErrorKind::BrokenPipe => Self::Closed { place },
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => Self::Full { place, source },
            _ => Self::Io { place, source },
        }
    }
}

/// Opens the destination of an account.
///
/// # Errors
///
/// When its file cannot be opened, created or repaired, or is not a file of events.
pub fn open(destination: &config::Destination) -> Result<Arc<dyn Destination>, DeliverError> {
    Ok(match destination {
        config::Destination::Stdout => Arc::new(Stdout::open()?),
        config::Destination::File { path } => Arc::new(File::open(path)?),
    })
}

/// Confirms everything and keeps nothing: for `collect --dry-run`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Discard;

#[async_trait]
impl Destination for Discard {
    async fn deliver(&self, _events: &[Event]) -> Result<Delivered, DeliverError> {
        Ok(Delivered::default())
    }
}

/// Joins events to lines, each ended by a line break. A line break inside an event can only be white space
/// between two tokens, as JSON writes those in texts as `\n`; it becomes a space.
fn lines<'a>(events: impl Iterator<Item = &'a str> + Clone) -> Vec<u8> {
    let mut lines = Vec::with_capacity(events.clone().map(|event| event.len() + 1).sum());
    for event in events {
        lines.extend(event.bytes().map(|byte| match byte {
            b'\n' | b'\r' => b' ',
            byte => byte,
        }));
        lines.push(b'\n');
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_always_one_line() {
        for (events, expected) in [
            (&[][..], ""),
            (&["{}"], "{}\n"),
            (&["{\"a\":1}", "{\"b\":2}"], "{\"a\":1}\n{\"b\":2}\n"),
            (&["{\n  \"a\": 1\r\n}"], "{   \"a\": 1  }\n"),
        ] {
            assert_eq!(lines(events.iter().copied()), expected.as_bytes());
        }
    }

    #[test]
    fn errors_are_sorted_by_what_to_do() {
        for (kind, part) in [
            (io::ErrorKind::BrokenPipe, "closed by its reader"),
            (io::ErrorKind::StorageFull, "free some space"),
            (io::ErrorKind::QuotaExceeded, "free some space"),
            (io::ErrorKind::FileTooLarge, "free some space"),
            (io::ErrorKind::Other, "cannot write to events.ndjson"),
        ] {
            let message = DeliverError::of("events.ndjson", kind.into()).to_string();
            assert!(message.contains(part), "{message}");
            assert!(message.contains("events.ndjson"), "{message}");
        }
    }
}
