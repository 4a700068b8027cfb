//! The second connector, `asset-list.wasm`, in the real host against a server of a list.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "../support/mod.rs"]
mod support;

mod changes;
mod commands;
mod faults;
mod lists;
mod place;
