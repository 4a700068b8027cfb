//! Panics when it is instantiated.

use std::process::abort;

use hostile_guests::{Hostile, hostile};

struct Guest;

impl Hostile for Guest {}

extern "C" fn start() {
    abort();
}

/// Runs when the component is instantiated.
#[used]
#[unsafe(link_section = ".init_array")]
#[allow(
    unsafe_code,
    reason = "the place of a function that runs at the start has no safe form"
)]
static START: extern "C" fn() = start;

hostile!(Guest);
