//! The rules of the cursor, one test each.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod mark;
mod page_keys;
mod resume;

use proptest::prelude::*;
use serde_json::Value;
use sophos_assets::cursor::{AfterShortWalk, Cursor, Range, Refused, SEEN_BOUND, Stuck, Warning};
use sophos_assets::timestamp::Timestamp;

/// The version of the mapping.
const MAPPING: u32 = 1;

const TENANT: &str = "11d1f0aa-3b7e-4c8e-9d10-2f4c5a6b7c01";
const OVERLAP: i64 = 120_000;

/// Returns a time of the tests' day, in seconds after noon.
fn at(seconds: i64) -> Timestamp {
    Timestamp::parse("2026-11-20T12:00:00Z")
        .unwrap()
        .plus_millis(seconds * 1000)
}

fn resume(text: Option<&str>) -> Cursor {
    Cursor::resume(text, TENANT, None, MAPPING, at(0)).unwrap()
}

/// One page with these devices, answered at noon without delay; the text after it.
fn page(text: Option<&str>, seen: &[(&str, Timestamp)], next_key: Option<&str>) -> String {
    let mut cursor = resume(text);
    cursor.answered(Some(at(0)), at(0), 0, OVERLAP);
    for (id, moment) in seen {
        cursor.saw(id, Some(*moment));
    }
    cursor.listed(seen.len(), None);
    cursor.turn_page(next_key).unwrap();
    cursor.into_text().unwrap()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn mark(text: &str) -> Option<Timestamp> {
    resume(Some(text)).query().last_seen_after
}
