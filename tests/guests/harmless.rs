//! Does nothing wrong: the basis of all other guests.

use hostile_guests::{Hostile, hostile};

struct Guest;

impl Hostile for Guest {}

hostile!(Guest);
