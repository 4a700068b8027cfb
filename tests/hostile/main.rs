//! The sandbox: every hostile component of `tests/guests/` in the real host, one test per rule.
//!
//! Each run has two accounts: the guest's, and the real component's with the simulated Sophos Central, all of whose
//! devices must be delivered in the same run. `tests/support/resolver.c` resolves names, so that nothing is
//! looked up outside, and what must not be reached is a listener that must get no connection.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise, in its helpers too"
)]

#[path = "../support/mod.rs"]
mod support;

mod addresses;
mod at_once;
mod canary;
mod compile;
mod consent;
mod kept;
mod limits;
mod listener;
mod measured;
mod names;
mod pages;
mod place;
mod proxy;
mod resolver;
mod secrets;
mod system;
mod tls;
mod traps;
