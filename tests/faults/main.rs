//! Every fault of the simulator's script, one test each: what was delivered, what the cursor is, and what the
//! user reads.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise, in its helpers too"
)]

#[path = "../support/mod.rs"]
mod support;

mod hosts;
mod listings;
mod page_keys;
mod pages;
mod records;
mod session;
mod statuses;
mod stored_cursors;
mod walk;
mod wire;
