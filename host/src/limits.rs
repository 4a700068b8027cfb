//! What one call of a component may take: the limits, their names and their defaults.
//!
//! | limit | key below `[account.NAME.limits]` | default |
//! |---|---|---|
//! | linear memory of an instance | `memory_bytes` | 256 MiB |
//! | elements of all of its tables together | `table_elements` | 100,000 |
//! | its core instances, memories and tables, each | `instances` | 100 |
//! | computing in one call | `cpu` | 1m |
//! | requests in one call | `requests` | 100 |
//! | one answer's body, as it comes over the wire | `response_bytes` | 64 MiB |
//! | one answer's headers | `response_header_bytes` | 64 KiB |
//! | events, rejects and cursor of one page together | `batch_bytes` | 64 MiB |
//! | one event | `event_bytes` | 1 MiB |
//! | a page's cursor | `cursor_bytes` | 1 MiB |
//! | pages one after another that bring nothing | `empty_pages` | 1,000 |
//!
//! How long a call may last, waits included, is `timeouts.call`.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The limits of one account's component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The linear memory of an instance, in bytes.
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
    /// How many pages of one walk may follow one another without an event or a reject.
    pub empty_pages: u32,
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
        }
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
}

impl Limit {
    /// The key that sets it, below the account's table.
    pub fn key(self) -> &'static str {
        match self {
            Self::MemoryBytes => "limits.memory_bytes",
            Self::TableElements => "limits.table_elements",
            Self::Instances => "limits.instances",
            Self::Stack => "the stack",
            Self::Cpu => "limits.cpu",
            Self::Call => "timeouts.call",
            Self::Requests => "limits.requests",
            Self::ResponseBytes => "limits.response_bytes",
            Self::ResponseHeaderBytes => "limits.response_header_bytes",
            Self::BatchBytes => "limits.batch_bytes",
            Self::EventBytes => "limits.event_bytes",
            Self::CursorBytes => "limits.cursor_bytes",
            Self::EmptyPages => "limits.empty_pages",
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
