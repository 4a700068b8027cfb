//! The sandbox holds: every hostile component of `tests/guests/` in the real host, one test a rule.
//!
//! Each run has two accounts: the guest's, and the real component's against the simulated Sophos Central, all of whose
//! devices must be delivered in that very run. Names are answered by `tests/support/resolver.c`, so that nothing is
//! asked for outside, and what must not be reached is a listener that must see no connection.
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
