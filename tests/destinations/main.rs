//! Real servers on loopback as destinations: what arrives, and for every fault what the user reads, that nothing
//! unconfirmed is lost, and that nothing confirmed is repeated.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise, in its helpers too"
)]

#[path = "../support/mod.rs"]
mod support;

mod bulk;
mod collector;
mod connections;
mod file;
mod http;
mod place;
mod refused_events;
mod secrets;
mod sekoia;
mod servers;
mod statuses;
mod tasks;
mod waits;
