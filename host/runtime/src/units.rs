//! Numbers, durations and times as people write them.

pub mod duration;
pub mod quantity;
pub mod timestamp;
