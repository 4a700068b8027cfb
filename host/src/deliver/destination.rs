//! What every kind of destination does.

use std::sync::atomic::AtomicU64;

use async_trait::async_trait;
use memchr::memchr2;

use crate::contract::bindings::inventory::connector::types::Event;
use crate::deliver::error::DeliverError;

/// Takes events, one page at a time. Several sources of an account may deliver at once.
#[async_trait]
pub(crate) trait Destination: Send + Sync {
    /// Delivers events and returns once each of them is confirmed or refused for good. Adds each repeated request to
    /// `retries`, also where the delivery fails. After an error some of the events may have arrived; all of them are to
    /// be delivered again.
    ///
    /// # Errors
    ///
    /// When it is not known whether some events were taken, or they cannot be delivered now.
    async fn deliver(
        &self,
        events: &[Event],
        retries: &AtomicU64,
    ) -> Result<Delivered, DeliverError>;
}

/// The result of a delivery.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Delivered {
    /// The events that the destination refused for good.
    pub refused: Vec<Refused>,
}

/// An event that its destination refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// Its position among the events that were to be delivered, from 0.
    pub index: usize,
    /// The answer's status and error code.
    pub reason: String,
}

/// Confirms all events and keeps none: for `collect --dry-run`.
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

/// Joins events to lines, each ended by a line break. A line break inside an event can only be white space between two
/// tokens, as JSON writes those in texts as `\n`; it becomes a space.
pub(super) fn lines<'a>(events: impl Iterator<Item = &'a str> + Clone) -> Vec<u8> {
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
