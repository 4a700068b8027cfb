//! Where events go: one file for each kind of destination.
//!
//! A destination confirms: once `deliver` returns, the events are where the operator wants them, and the
//! cursor behind them may be stored.
//!
//! What `sekoia` and `http` have in common: `batches` cuts a page into requests, `bisect` sends them and finds
//! the events that are refused, `exchange` makes one request until its outcome is known, `answer` judges the answer, and
//! `complaint` finds in its body that not everything was taken.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use async_trait::async_trait;
use memchr::memchr2;

mod answer;
mod batches;
mod bisect;
mod complaint;
mod error;
mod exchange;
mod fields;
mod file;
mod http;
mod line_file;
mod reopen_signal;
mod sekoia;
mod stdout;
#[cfg(test)]
pub(crate) mod test_server;

pub(crate) use self::error::DeliverError;
pub(crate) use self::file::File;
pub(crate) use self::http::Http;
pub(crate) use self::reopen_signal::ReopenSignal;
pub(crate) use self::sekoia::Sekoia;
pub(crate) use self::stdout::Stdout;

use crate::config;
use crate::contract::bindings::inventory::connector::types::Event;
use crate::stop::Stop;

pub(crate) mod rejects;
pub(crate) mod retry;

/// Takes events, one page at a time. Several sources of an account may deliver at once.
#[async_trait]
pub(crate) trait Destination: Send + Sync {
    /// Delivers events and returns once each of them is confirmed or refused for good. Adds each request that
    /// was made again to `retries`, whatever the end. After an error some of the events may have arrived; all
    /// of them are to be delivered again.
    ///
    /// # Errors
    ///
    /// When the fate of some events is not known, or they could not be delivered now.
    async fn deliver(
        &self,
        events: &[Event],
        retries: &AtomicU64,
    ) -> Result<Delivered, DeliverError>;
}

/// What became of events that were delivered.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Delivered {
    /// The events that the destination refused alone, again and again, while it took others.
    pub refused: Vec<Refused>,
}

/// An event that its destination refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// Which one of the events that were to be delivered, from 0.
    pub index: usize,
    /// The answer's status and its error code.
    pub reason: String,
}

/// What the flags of a run say about its deliveries.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct DeliveryOptions {
    /// Whether an event that the destination refuses alone is a reject even if it takes no other event.
    pub accept_rejects: bool,
    /// Whether nothing is stored of what is delivered.
    pub preview: bool,
}

/// Opens the destination of an account, and reads its secrets. A file is opened again after each `reopen` signal. Once `stop` says so, it no longer waits for anything but an answer to what is sent already.
///
/// # Errors
///
/// When its file cannot be opened, created or repaired, or is not a file of events; when standard output leads nowhere
/// or to a terminal; when a secret cannot be read or used; when there is no way to make requests. Nothing is asked for
/// or written.
pub(crate) fn open(
    destination: &config::Destination,
    reopen: &ReopenSignal,
    stop: &Stop,
    options: DeliveryOptions,
) -> Result<Arc<dyn Destination>, DeliverError> {
    Ok(match destination {
        config::Destination::Stdout => Arc::new(Stdout::open(options.preview)?),
        config::Destination::File { path } => Arc::new(File::open(path, reopen.clone())?),
        config::Destination::Sekoia(sekoia) => {
            Arc::new(Sekoia::open(sekoia, stop, options.accept_rejects)?)
        }
        config::Destination::Http(http) => {
            Arc::new(Http::open(http, stop, options.accept_rejects)?)
        }
    })
}

/// Confirms everything and keeps nothing: for `collect --dry-run`.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Discard;

#[async_trait]
impl Destination for Discard {
    async fn deliver(
        &self,
        _events: &[Event],
        _retries: &AtomicU64,
    ) -> Result<Delivered, DeliverError> {
        Ok(Delivered::default())
    }
}

/// Joins events to lines, each ended by a line break. A line break inside an event can only be white space
/// between two tokens, as JSON writes those in texts as `\n`; it becomes a space.
fn lines<'a>(events: impl Iterator<Item = &'a str> + Clone) -> Vec<u8> {
    let mut lines = Vec::with_capacity(events.clone().map(|event| event.len() + 1).sum());
    for event in events {
        let mut rest = event.as_bytes();
        while let Some((line, after)) =
            memchr2(b'\n', b'\r', rest).and_then(|at| Some((rest.get(..at)?, rest.get(at + 1..)?)))
        {
            lines.extend_from_slice(line);
            lines.push(b' ');
            rest = after;
        }
        lines.extend_from_slice(rest);
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
            (&["\r{}\n", "{}"], " {} \n{}\n"),
        ] {
            assert_eq!(lines(events.iter().copied()), expected.as_bytes());
        }
    }
}
