//! Computes without an end when it is asked what it is.

use std::hint::black_box;

use hostile_guests::serde_json::Value;
use hostile_guests::{Hostile, hostile};

struct Guest;

impl Hostile for Guest {
    fn describe(_manifest: Value) -> String {
        let mut number: u64 = 0;
        loop {
            number = black_box(number.wrapping_add(1));
        }
    }
}

hostile!(Guest);
