//! Panics in `describe`.

use std::process::abort;

use hostile_guests::serde_json::Value;
use hostile_guests::{Hostile, hostile};

struct Guest;

impl Hostile for Guest {
    fn describe(_manifest: Value) -> String {
        abort()
    }
}

hostile!(Guest);
