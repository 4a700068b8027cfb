//! The limits of a component, as rows.

use crate::config::Timeouts;
use crate::duration;
use crate::limits::Limits;

/// Each limit: the key below the account's table, the value as the configuration writes it, and what it bounds.
pub fn rows(limits: &Limits, timeouts: &Timeouts) -> Vec<(&'static str, String, &'static str)> {
    vec![
        (
            "limits.memory_bytes",
            limits.memory_bytes.to_string(),
            "linear memory of an instance",
        ),
        (
            "limits.table_elements",
            limits.table_elements.to_string(),
            "elements of all of its tables together",
        ),
        (
            "limits.instances",
            limits.instances.to_string(),
            "its core instances, memories and tables, each",
        ),
        (
            "limits.cpu",
            duration::format(limits.cpu),
            "computing in one call",
        ),
        (
            "limits.requests",
            limits.requests.to_string(),
            "requests in one call",
        ),
        (
            "limits.response_bytes",
            limits.response_bytes.to_string(),
            "one answer's body",
        ),
        (
            "limits.response_header_bytes",
            limits.response_header_bytes.to_string(),
            "one answer's headers",
        ),
        (
            "limits.batch_bytes",
            limits.batch_bytes.to_string(),
            "events, rejects and cursor of one page together",
        ),
        (
            "limits.event_bytes",
            limits.event_bytes.to_string(),
            "one event",
        ),
        (
            "limits.cursor_bytes",
            limits.cursor_bytes.to_string(),
            "a page's cursor",
        ),
        (
            "limits.empty_pages",
            limits.empty_pages.to_string(),
            "pages one after another that bring nothing",
        ),
        (
            "timeouts.connect",
            duration::format(timeouts.connect),
            "for a connection",
        ),
        (
            "timeouts.tls",
            duration::format(timeouts.tls),
            "for TLS on it",
        ),
        (
            "timeouts.first_byte",
            duration::format(timeouts.first_byte),
            "for an answer's first byte",
        ),
        (
            "timeouts.between_bytes",
            duration::format(timeouts.between_bytes),
            "for each next byte",
        ),
        (
            "timeouts.request",
            duration::format(timeouts.request),
            "one request",
        ),
        (
            "timeouts.call",
            duration::format(timeouts.call),
            "one call, waits included",
        ),
    ]
}
