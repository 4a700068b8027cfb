//! The simulator's own rules and faults, as a client sees them: real HTTP over a socket.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers outside #[test] functions stop the test at the first surprise, as the tests do"
)]

mod binary;
mod client;
mod endpoints;
mod faults;
mod filters;
mod fleet;
mod hold;
#[path = "../../intake/tests/mod.rs"]
mod intake;
mod tenants;
mod token;
mod transport;
mod whoami;
