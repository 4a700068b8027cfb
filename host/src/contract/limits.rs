//! What one call of a component may take: the limits, their names and their defaults.
//!
//! | limit | key below `[account.NAME.limits]` | default |
//! |---|---|---|
//! | memory of an instance, with what the host keeps for it | `memory_bytes` | 256 MiB |
//! | elements of all of its tables together | `table_elements` | 100,000 |
//! | its core instances, memories and tables, each | `instances` | 100 |
//! | computing in one call | `cpu` | 1m |
//! | requests in one call | `requests` | 100 |
//! | one answer's body, as it comes over the wire | `response_bytes` | 64 MiB |
//! | one answer's headers | `response_header_bytes` | 64 KiB |
//! | events, rejects and cursor of one page together | `batch_bytes` | 64 MiB |
//! | one event | `event_bytes` | 1 MiB |
//! | a page's cursor | `cursor_bytes` | 1 MiB |
//! | pages one after another that bring no event | `empty_pages` | 1,000 |
//! | pages of one walk in one run | `pages` | 1,000,000 |
//!
//! How long a call may last, waits included, is `timeouts.call`. All limits, those included that no key sets, are in a
//! table of `docs/security.md`, which a test compares with the constants.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::config::Timeouts;
use crate::units::{duration, quantity};

/// The stack of an instance, in bytes: what the engine gives where nobody sets it.
pub const STACK: u64 = 512 << 10;

/// How long a call may take, and compute, that needs neither network nor secret: it has nothing to wait for.
pub const ALONE: Duration = Duration::from_secs(5);

/// The most requests, bodies, streams, headers and the like that a component may hold at once. A request takes a dozen,
/// so this is 80 of them at the same time.
pub const MAX_HANDLES: usize = 1000;

/// How many of them a component may hold however little memory it has: what its requests need that it sends at once.
const MIN_HANDLES: usize = 64;

/// How much the host keeps for one of them at most, in bytes: the headers of an answer.
const HANDLE_BYTES: usize = 64 << 10;

/// The limits of one account's component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The linear memory of an instance and what the host keeps for it outside of that, in bytes.
    pub memory_bytes: usize,
    /// The elements of all tables of an instance together.
    pub table_elements: usize,
    /// The core instances, the memories and the tables that an instance is made of, each.
    pub instances: usize,
    /// How long one call may compute; waiting does not count.
    pub cpu: Duration,
    /// How many requests one call may send.
    pub requests: u32,
    /// The body of one answer, as it comes over the wire, in bytes.
    pub response_bytes: u64,
    /// The headers of one answer, in bytes.
    pub response_header_bytes: usize,
    /// The texts of one page together, in bytes.
    pub batch_bytes: usize,
    /// One event, in bytes.
    pub event_bytes: usize,
    /// One cursor, in bytes.
    pub cursor_bytes: usize,
    /// How many pages of one walk may follow one another without an event.
    pub empty_pages: u32,
    /// How many pages one walk may have in one run.
    pub pages: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 256 << 20,
            table_elements: 100_000,
            instances: 100,
            cpu: Duration::from_secs(60),
            requests: 100,
            response_bytes: 64 << 20,
            response_header_bytes: 64 << 10,
            batch_bytes: 64 << 20,
            event_bytes: 1 << 20,
            cursor_bytes: 1 << 20,
            empty_pages: 1000,
            pages: 1_000_000,
        }
    }
}

impl Limits {
    /// What a person who approves a component reads of its limits, in the order of the table above: the key below
    /// the account's table, its value, and what it bounds.
    pub fn rows(&self, timeouts: &Timeouts) -> Vec<(&'static str, String, &'static str)> {
        let row = |limit: Limit| (limit.key(), limit.allowed(self, timeouts), limit.bounds());
        Limit::WITH_KEY.into_iter().map(row).collect()
    }

    /// How many requests, bodies, streams, headers and the like a component may hold at once: so few that what the host
    /// keeps for all of them is less than the memory that the component may take, but for the least number that it
    /// needs to work.
    pub fn handles(&self) -> usize {
        let bytes = self.response_header_bytes.max(HANDLE_BYTES);
        (self.memory_bytes / bytes).clamp(MIN_HANDLES, MAX_HANDLES)
    }
}

/// A limit that a call may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// [`Limits::memory_bytes`]
    MemoryBytes,
    /// [`Limits::table_elements`]
    TableElements,
    /// [`Limits::instances`]
    Instances,
    /// The stack of an instance, which no key sets: a recursion without end.
    Stack,
    /// [`Limits::cpu`]
    Cpu,
    /// `timeouts.call`
    Call,
    /// [`ALONE`]
    Alone,
    /// [`Limits::requests`]
    Requests,
    /// [`Limits::response_bytes`]
    ResponseBytes,
    /// [`Limits::response_header_bytes`]
    ResponseHeaderBytes,
    /// [`Limits::batch_bytes`]
    BatchBytes,
    /// [`Limits::event_bytes`]
    EventBytes,
    /// [`Limits::cursor_bytes`]
    CursorBytes,
    /// [`Limits::empty_pages`]
    EmptyPages,
    /// [`Limits::pages`]
    Pages,
}

impl Limit {
    /// Those that a key sets, in the order of the table above.
    pub(crate) const WITH_KEY: [Self; 13] = [
        Self::MemoryBytes,
        Self::TableElements,
        Self::Instances,
        Self::Cpu,
        Self::Requests,
        Self::ResponseBytes,
        Self::ResponseHeaderBytes,
        Self::BatchBytes,
        Self::EventBytes,
        Self::CursorBytes,
        Self::EmptyPages,
        Self::Pages,
        Self::Call,
    ];

    /// What it bounds, as a phrase.
    fn bounds(self) -> &'static str {
        match self {
            Self::MemoryBytes => "memory of an instance, with what the host keeps for it",
            Self::TableElements => "elements of all of its tables together",
            Self::Instances => "its core instances, memories and tables, each",
            Self::Stack => "the stack of an instance",
            Self::Cpu => "computing in one call",
            Self::Call => "one call, waits included",
            Self::Alone => "one call of describe, map or explain, which needs no network",
            Self::Requests => "requests in one call",
            Self::ResponseBytes => "one answer's body, as it comes over the wire",
            Self::ResponseHeaderBytes => "one answer's headers",
            Self::BatchBytes => "events, rejects and cursor of one page together",
            Self::EventBytes => "one event",
            Self::CursorBytes => "a page's cursor",
            Self::EmptyPages => "pages one after another that bring no event",
            Self::Pages => "pages of one walk in one run",
        }
    }

    /// How much it allows, as people read it: `256 MiB`, `100,000`, `1m`.
    pub fn allowed(self, limits: &Limits, timeouts: &Timeouts) -> String {
        let count = |number: usize| quantity::count(number as u64);
        let bytes = |number: usize| quantity::bytes(number as u64);
        match self {
            Self::MemoryBytes => bytes(limits.memory_bytes),
            Self::TableElements => count(limits.table_elements),
            Self::Instances => count(limits.instances),
            Self::Stack => quantity::bytes(STACK),
            Self::Cpu => duration::format(limits.cpu),
            Self::Call => duration::format(timeouts.call),
            Self::Alone => duration::format(ALONE),
            Self::Requests => quantity::count(limits.requests.into()),
            Self::ResponseBytes => quantity::bytes(limits.response_bytes),
            Self::ResponseHeaderBytes => bytes(limits.response_header_bytes),
            Self::BatchBytes => bytes(limits.batch_bytes),
            Self::EventBytes => bytes(limits.event_bytes),
            Self::CursorBytes => bytes(limits.cursor_bytes),
            Self::EmptyPages => quantity::count(limits.empty_pages.into()),
            Self::Pages => quantity::count(limits.pages.into()),
        }
    }

    /// The key that sets it, below the account's table.
    pub fn key(self) -> &'static str {
        match self {
            Self::MemoryBytes => "limits.memory_bytes",
            Self::TableElements => "limits.table_elements",
            Self::Instances => "limits.instances",
            Self::Stack => "the stack",
            Self::Cpu => "limits.cpu",
            Self::Call => "timeouts.call",
            Self::Alone => "the time without rights",
            Self::Requests => "limits.requests",
            Self::ResponseBytes => "limits.response_bytes",
            Self::ResponseHeaderBytes => "limits.response_header_bytes",
            Self::BatchBytes => "limits.batch_bytes",
            Self::EventBytes => "limits.event_bytes",
            Self::CursorBytes => "limits.cursor_bytes",
            Self::EmptyPages => "limits.empty_pages",
            Self::Pages => "limits.pages",
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.key())
    }
}

/// The first limit that a call has passed, told by whoever noticed it; shared by an instance and its way out.
#[derive(Debug, Clone, Default)]
pub struct Passed(Arc<Mutex<Option<Limit>>>);

impl Passed {
    /// Tells that a limit was passed.
    pub fn tell(&self, limit: Limit) {
        let mut passed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        passed.get_or_insert(limit);
    }

    /// The first limit that was told, which is forgotten with this.
    pub fn take(&self) -> Option<Limit> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Counts the requests of a call where they leave; shared by an instance and its way out.
#[derive(Debug, Clone)]
pub struct RequestCount {
    sent: Arc<AtomicU64>,
    most: u64,
    passed: Passed,
}

impl RequestCount {
    /// No request yet, of those that `limits` allow; one more is told as passed.
    pub fn new(limits: &Limits, passed: Passed) -> Self {
        Self {
            sent: Arc::default(),
            most: limits.requests.into(),
            passed,
        }
    }

    /// Counts from nothing again.
    pub fn begin_call(&self) {
        self.sent.store(0, Ordering::Relaxed);
    }

    /// Counts a request that is to leave. Those that another rule does not let out count as well, since each of
    /// them costs a line in the log.
    ///
    /// # Errors
    ///
    /// The limit, where the call has sent all that it may: the request is not to leave.
    pub fn admit(&self) -> Result<(), Limit> {
        if self.sent.fetch_add(1, Ordering::Relaxed) < self.most {
            return Ok(());
        }
        self.passed.tell(Limit::Requests);
        Err(Limit::Requests)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_limit_that_was_passed_is_the_one_that_is_told_once() {
        let passed = Passed::default();
        assert_eq!(passed.take(), None);
        passed.tell(Limit::Requests);
        passed.clone().tell(Limit::Cpu);
        assert_eq!(passed.take(), Some(Limit::Requests));
        assert_eq!(passed.take(), None);
    }

    #[test]
    fn each_call_has_its_requests() {
        let passed = Passed::default();
        let limits = Limits {
            requests: 2,
            ..Limits::default()
        };
        let count = RequestCount::new(&limits, passed.clone());
        for _ in 0..2 {
            for verdict in [Ok(()), Ok(()), Err(Limit::Requests), Err(Limit::Requests)] {
                assert_eq!(count.clone().admit(), verdict);
            }
            assert_eq!(passed.take(), Some(Limit::Requests));
            count.begin_call();
        }
    }

    #[test]
    fn what_all_handles_keep_fits_into_the_memory() {
        for (memory_bytes, response_header_bytes, handles) in [
            (256 << 20, 64 << 10, MAX_HANDLES),
            (16 << 20, 64 << 10, 256),
            (16 << 20, 1, 256),
            (256 << 20, 1 << 20, 256),
            (1, 64 << 10, MIN_HANDLES),
            (usize::MAX, usize::MAX, MIN_HANDLES),
        ] {
            let limits = Limits {
                memory_bytes,
                response_header_bytes,
                ..Limits::default()
            };
            assert_eq!(
                limits.handles(),
                handles,
                "{memory_bytes} {response_header_bytes}"
            );
        }
    }

    #[test]
    fn every_key_has_a_row_with_its_value() {
        let rows = Limits::default().rows(&Timeouts::default());
        let rows: Vec<_> = rows
            .iter()
            .map(|(key, value, _)| (*key, value.as_str()))
            .collect();
        assert_eq!(
            rows,
            [
                ("limits.memory_bytes", "256 MiB"),
                ("limits.table_elements", "100,000"),
                ("limits.instances", "100"),
                ("limits.cpu", "1m"),
                ("limits.requests", "100"),
                ("limits.response_bytes", "64 MiB"),
                ("limits.response_header_bytes", "64 KiB"),
                ("limits.batch_bytes", "64 MiB"),
                ("limits.event_bytes", "1 MiB"),
                ("limits.cursor_bytes", "1 MiB"),
                ("limits.empty_pages", "1,000"),
                ("limits.pages", "1,000,000"),
                ("timeouts.call", "5m"),
            ]
        );
    }
}
