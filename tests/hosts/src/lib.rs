//! What a host of `examples/` must show, whatever it is written in: the same cases for each, against the simulator,
//! compared with what `asset-host` delivers.
//!
//! A file of `tests/` describes one host by [`Host`] and names the cases that hold for it:
//!
//! ```ignore
//! other_hosts::tests!(node: check_names_the_account, collect_equals_the_program);
//! ```
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise, in its helpers too"
)]

pub mod cases;
mod place;
mod program;

pub use place::{Call, Host, Ran, built, root};

/// Makes a test of each case, for the host that the function returns.
#[macro_export]
macro_rules! tests {
    ($host:path: $($case:ident),+ $(,)?) => {
        $(
            #[test]
            fn $case() {
                $crate::cases::$case(&$host());
            }
        )+
    };
}
