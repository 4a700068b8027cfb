//! `[account.NAME.limits]` and `[account.NAME.timeouts]`: how much and how long a component may.

use crate::config::account::positive;
use crate::config::{Problem, file};
use crate::contract::limits::{Limit, Limits, Timeouts};

/// Checks `[account.NAME.timeouts]`.
pub(super) fn timeouts(key: &str, table: &file::Timeouts, problems: &mut Vec<Problem>) -> Timeouts {
    let default = Timeouts::default();
    let mut positive = |name, value, default| {
        positive(&format!("{key}.timeouts.{name}"), value, default, problems)
    };
    Timeouts {
        connect: positive("connect", table.connect, default.connect),
        tls: positive("tls", table.tls, default.tls),
        first_byte: positive("first_byte", table.first_byte, default.first_byte),
        between_bytes: positive("between_bytes", table.between_bytes, default.between_bytes),
        request: positive("request", table.request, default.request),
        call: positive("call", table.call, default.call),
    }
}

/// Checks `[account.NAME.limits]`.
pub(super) fn limits(key: &str, table: &file::Limits, problems: &mut Vec<Problem>) -> Limits {
    let default = Limits::default();
    let cpu = positive(
        &format!("{key}.limits.cpu"),
        table.cpu,
        default.cpu,
        problems,
    );
    let mut positive = |limit: Limit, value: Option<u64>| {
        if value == Some(0) {
            problems.push(Problem::new(
                format!("{key}.{}", limit.key().unwrap_or_default()),
                format_args!(
                    "must be 1 or more: the default is {}",
                    limit.allowed(&default, &Timeouts::default())
                ),
            ));
        }
        value
    };
    let mut size = |limit, value, default: usize| {
        positive(limit, value).map_or(default, |value| {
            usize::try_from(value).unwrap_or(usize::MAX)
        })
    };
    Limits {
        memory_bytes: size(Limit::MemoryBytes, table.memory_bytes, default.memory_bytes),
        batch_bytes: size(Limit::BatchBytes, table.batch_bytes, default.batch_bytes),
        event_bytes: size(Limit::EventBytes, table.event_bytes, default.event_bytes),
        response_bytes: positive(Limit::ResponseBytes, table.response_bytes)
            .unwrap_or(default.response_bytes),
        requests: positive(Limit::Requests, table.requests).map_or(default.requests, small),
        cpu,
    }
}

/// More than this is as good as no limit.
fn small(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
