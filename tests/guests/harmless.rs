//! Does nothing wrong: what all others are but for one deed.

use hostile_guests::{Hostile, hostile};

struct Guest;

impl Hostile for Guest {}

hostile!(Guest);
