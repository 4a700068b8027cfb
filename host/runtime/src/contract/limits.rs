//! The limits of one call of a component: six that the account's configuration sets, and constants.
//!
//! | limit | key below `[account.NAME.limits]` | default |
//! |---|---|---|
//! | memory of an instance, with what the host keeps for it | `memory_bytes` | 256 MiB |
//! | computing in one call | `cpu` | 1m |
//! | requests in one call | `requests` | 100 |
//! | body of one response, as it comes over the wire | `response_bytes` | 64 MiB |
//! | events, rejects and cursor of one page together | `batch_bytes` | 64 MiB |
//! | one event | `event_bytes` | 1 MiB |
//!
//! `timeouts.call` limits how long a call may last, waits included. `docs/security.md` lists all limits, the constants
//! included, and a test compares its table with this code.

use std::time::Duration;

use serde::Deserialize;

use crate::network::timeouts::HttpTimeouts;
use crate::units::{duration, quantity};

/// The stack of an instance, in bytes: what the engine gives where nobody sets it.
pub const STACK: u64 = 512 << 10;

/// How long a call may take, and compute, that needs neither network nor secret: it has nothing to wait for.
pub const OFFLINE_CALL_TIMEOUT: Duration = Duration::from_secs(5);

/// The most bytes of a request's body. A token or a query has a few hundred; what is larger is not what a connector
/// of an inventory sends, and it is kept in memory as a whole.
pub const MAX_REQUEST_BODY: usize = 1 << 20;

/// The most requests that an account's component has in progress at the same time, each with a connection of its own.
/// Each worker of a run has two: the page that it works on, and the one that it asks for ahead. As many connections
/// again may be kept for later requests.
pub const MAX_CONNECTIONS: usize = 16;

/// The most requests, bodies, streams, headers and the like that a component may hold at once: a request takes a dozen,
/// so this is about 80 requests at the same time.
pub const MAX_HANDLES: usize = 1000;

/// How many of them a component may hold however little memory it has: what parallel requests need.
const MIN_HANDLES: usize = 64;

/// The elements of all tables of an instance together.
pub const MAX_TABLE_ELEMENTS: usize = 100_000;

/// The core instances, the memories and the tables that an instance is made of, each.
pub const MAX_INSTANCES: usize = 100;

/// The headers of one response, in bytes; also the most that the host keeps for one handle.
pub const MAX_RESPONSE_HEADER_BYTES: usize = 64 << 10;

/// One cursor, in bytes.
pub const MAX_CURSOR_BYTES: usize = 1 << 20;

/// Pages of one walk that follow one another without an event.
pub const MAX_EMPTY_PAGES: u32 = 1000;

/// Pages of one walk in one run.
pub const MAX_PAGES: u32 = 1_000_000;

/// The limits of one account's component: `[account.NAME.limits]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// The linear memory of an instance and what the host keeps for it outside of that, in bytes.
    #[serde(deserialize_with = "quantity::deserialize_bytes")]
    pub memory_bytes: usize,
    /// How long one call may compute; waiting does not count.
    #[serde(deserialize_with = "duration::positive")]
    pub cpu: Duration,
    /// How many requests one call may send.
    #[serde(deserialize_with = "quantity::deserialize_count")]
    pub requests: u32,
    /// The body of one answer, as it comes over the wire, in bytes.
    #[serde(deserialize_with = "quantity::deserialize_bytes")]
    pub response_bytes: u64,
    /// The texts of one page together, in bytes.
    #[serde(deserialize_with = "quantity::deserialize_bytes")]
    pub batch_bytes: usize,
    /// One event, in bytes.
    #[serde(deserialize_with = "quantity::deserialize_bytes")]
    pub event_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 256 << 20,
            cpu: Duration::from_secs(60),
            requests: 100,
            response_bytes: 64 << 20,
            batch_bytes: 64 << 20,
            event_bytes: 1 << 20,
        }
    }
}

impl Limits {
    /// Returns all limits: the key that sets one, below the account's table, unless it is a constant; how much it allows;
    /// and what it limits. Those with a key come first, in the order of the table above.
    pub fn rows(&self, timeouts: &Timeouts) -> [(Option<&'static str>, String, &'static str); 15] {
        Limit::ALL.map(|limit| {
            let (key, subject) = limit.key_and_subject();
            (key, limit.allowed(self, timeouts), subject)
        })
    }

    /// Returns how many requests, bodies, streams, headers and the like a component may hold at once: so few that what the
    /// host keeps for all of them fits into the component's memory, but at least as many as it needs to work.
    pub fn handles(&self) -> usize {
        (self.memory_bytes / MAX_RESPONSE_HEADER_BYTES).clamp(MIN_HANDLES, MAX_HANDLES)
    }
}

/// How long calls and their requests may take: `[account.NAME.timeouts]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timeouts {
    /// For a TCP connection, including name resolution.
    #[serde(deserialize_with = "duration::positive")]
    pub connect: Duration,
    /// For the TLS handshake.
    #[serde(deserialize_with = "duration::positive")]
    pub tls: Duration,
    /// For the head of a response, once the request has a connection.
    #[serde(deserialize_with = "duration::positive")]
    pub first_byte: Duration,
    /// For each next piece of a response.
    #[serde(deserialize_with = "duration::positive")]
    pub between_bytes: Duration,
    /// For one request as a whole, from connecting to the last byte of the response.
    #[serde(deserialize_with = "duration::positive")]
    pub request: Duration,
    /// For one call of the component, all of its requests included.
    #[serde(deserialize_with = "duration::positive")]
    pub call: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        let HttpTimeouts {
            connect,
            tls,
            first_byte,
            between_bytes,
            request,
        } = HttpTimeouts::default();
        Self {
            connect,
            tls,
            first_byte,
            between_bytes,
            request,
            call: Duration::from_secs(300),
        }
    }
}

impl Timeouts {
    /// Returns those of one request.
    pub fn http(&self) -> HttpTimeouts {
        HttpTimeouts {
            connect: self.connect,
            tls: self.tls,
            first_byte: self.first_byte,
            between_bytes: self.between_bytes,
            request: self.request,
        }
    }
}

/// A limit that a call may exceed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// [`Limits::memory_bytes`]
    MemoryBytes,
    /// [`MAX_TABLE_ELEMENTS`]
    TableElements,
    /// [`MAX_INSTANCES`]
    Instances,
    /// [`STACK`]
    Stack,
    /// [`Limits::cpu`]
    Cpu,
    /// `timeouts.call`
    Call,
    /// [`OFFLINE_CALL_TIMEOUT`]
    OfflineCall,
    /// [`Limits::requests`]
    Requests,
    /// [`Limits::response_bytes`]
    ResponseBytes,
    /// [`MAX_RESPONSE_HEADER_BYTES`]
    ResponseHeaderBytes,
    /// [`Limits::batch_bytes`]
    BatchBytes,
    /// [`Limits::event_bytes`]
    EventBytes,
    /// [`MAX_CURSOR_BYTES`]
    CursorBytes,
    /// [`MAX_EMPTY_PAGES`]
    EmptyPages,
    /// [`MAX_PAGES`]
    Pages,
}

impl Limit {
    const ALL: [Self; 15] = [
        Self::MemoryBytes,
        Self::Cpu,
        Self::Requests,
        Self::ResponseBytes,
        Self::BatchBytes,
        Self::EventBytes,
        Self::Call,
        Self::TableElements,
        Self::Instances,
        Self::Stack,
        Self::OfflineCall,
        Self::ResponseHeaderBytes,
        Self::CursorBytes,
        Self::EmptyPages,
        Self::Pages,
    ];

    /// Returns how much it allows, as people read it: `256 MiB`, `100,000`, `1m`.
    pub fn allowed(self, limits: &Limits, timeouts: &Timeouts) -> String {
        let bytes = |number: usize| quantity::bytes(number as u64);
        let count = |number: u32| quantity::count(number.into());
        match self {
            Self::MemoryBytes => bytes(limits.memory_bytes),
            Self::TableElements => quantity::count(MAX_TABLE_ELEMENTS as u64),
            Self::Instances => quantity::count(MAX_INSTANCES as u64),
            Self::Stack => quantity::bytes(STACK),
            Self::Cpu => duration::format(limits.cpu),
            Self::Call => duration::format(timeouts.call),
            Self::OfflineCall => duration::format(OFFLINE_CALL_TIMEOUT),
            Self::Requests => count(limits.requests),
            Self::ResponseBytes => quantity::bytes(limits.response_bytes),
            Self::ResponseHeaderBytes => bytes(MAX_RESPONSE_HEADER_BYTES),
            Self::BatchBytes => bytes(limits.batch_bytes),
            Self::EventBytes => bytes(limits.event_bytes),
            Self::CursorBytes => bytes(MAX_CURSOR_BYTES),
            Self::EmptyPages => count(MAX_EMPTY_PAGES),
            Self::Pages => count(MAX_PAGES),
        }
    }

    /// Returns the key that sets it, below the account's table, unless it is a constant; and what it limits, as a phrase.
    pub(in crate::contract) fn key_and_subject(self) -> (Option<&'static str>, &'static str) {
        match self {
            Self::MemoryBytes => (
                Some("limits.memory_bytes"),
                "memory of an instance, with what the host keeps for it",
            ),
            Self::Cpu => (Some("limits.cpu"), "computing in one call"),
            Self::Requests => (Some("limits.requests"), "requests in one call"),
            Self::ResponseBytes => (
                Some("limits.response_bytes"),
                "body of one response, as it comes over the wire",
            ),
            Self::BatchBytes => (
                Some("limits.batch_bytes"),
                "events, rejects and cursor of one page together",
            ),
            Self::EventBytes => (Some("limits.event_bytes"), "one event"),
            Self::Call => (Some("timeouts.call"), "one call, waits included"),
            Self::TableElements => (None, "elements of all tables of an instance together"),
            Self::Instances => (
                None,
                "core instances, memories and tables of an instance, each",
            ),
            Self::Stack => (None, "stack of an instance, as in an endless recursion"),
            Self::OfflineCall => (
                None,
                "one call of `describe`, `map` or `explain`, which need no network",
            ),
            Self::ResponseHeaderBytes => {
                (None, "headers of one response, of which it may have 100")
            }
            Self::CursorBytes => (None, "cursor of one page"),
            Self::EmptyPages => (None, "pages in a row without an event"),
            Self::Pages => (None, "pages of one walk in one run"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_handles_of_an_instance_fit_into_its_memory() {
        for (memory_bytes, handles) in [
            (256 << 20, MAX_HANDLES),
            (16 << 20, 256),
            (1, MIN_HANDLES),
            (usize::MAX, MAX_HANDLES),
        ] {
            let limits = Limits {
                memory_bytes,
                ..Limits::default()
            };
            assert_eq!(limits.handles(), handles, "{memory_bytes}");
        }
    }

    #[test]
    fn every_limit_is_listed_once_with_its_value() {
        let rows = Limits::default().rows(&Timeouts::default());
        let rows: Vec<_> = rows
            .iter()
            .map(|(key, value, _)| (key.unwrap_or("constant"), value.as_str()))
            .collect();
        assert_eq!(
            rows,
            [
                ("limits.memory_bytes", "256 MiB"),
                ("limits.cpu", "1m"),
                ("limits.requests", "100"),
                ("limits.response_bytes", "64 MiB"),
                ("limits.batch_bytes", "64 MiB"),
                ("limits.event_bytes", "1 MiB"),
                ("timeouts.call", "5m"),
                ("constant", "100,000"),
                ("constant", "100"),
                ("constant", "512 KiB"),
                ("constant", "5s"),
                ("constant", "64 KiB"),
                ("constant", "1 MiB"),
                ("constant", "1,000"),
                ("constant", "1,000,000"),
            ]
        );
    }
}
