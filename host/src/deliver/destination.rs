//! What every kind of destination returns and writes.

use memchr::memchr2;

use crate::contract::bindings::inventory::connector::types::Event;
use crate::deliver::error::DeliverError;

/// What became of a page.
#[derive(Debug)]
pub(crate) struct Delivery {
    /// The events that the destination refused for good, in the order of the page; all others are confirmed. It is an
    /// error if it is not known whether some events were taken, or if they cannot be delivered now.
    pub result: Result<Vec<Refused>, DeliverError>,
    /// How many requests were made again.
    pub retries: u64,
}

/// An event that its destination refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    /// Its position among the events that were to be delivered, from 0.
    pub index: usize,
    /// The answer's status and error code.
    pub reason: String,
}

/// Joins events to lines, each ended by a line break. A line break inside an event can only be white space between two
/// tokens, as JSON writes those in texts as `\n`; it becomes a space.
pub(super) fn lines(events: &[Event]) -> Vec<u8> {
    let mut lines = Vec::with_capacity(events.iter().map(|event| event.json.len() + 1).sum());
    for event in events {
        push_line(&mut lines, event);
    }
    lines
}

/// Adds the line of an event.
pub(super) fn push_line(lines: &mut Vec<u8>, event: &Event) {
    let mut rest = event.json.as_bytes();
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
            let events: Vec<Event> = events
                .iter()
                .map(|json| Event {
                    device: String::new(),
                    json: (*json).to_owned(),
                    fingerprint: 0,
                })
                .collect();
            assert_eq!(lines(&events), expected.as_bytes());
        }
    }
}
