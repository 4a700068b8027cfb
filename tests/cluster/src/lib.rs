//! Replicas of the host on a cluster of NATS servers: real programs on loopback, and what can happen to them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise, in its helpers too"
)]

pub mod accounts;
pub mod arrivals;
pub mod cursors;
pub mod faults;
pub mod place;
pub mod replica;
pub mod times;

use std::time::Duration;

pub use sophos_central_simulator::project::{built, root};

/// How long a test waits for what must happen before it fails.
pub const PATIENCE: Duration = Duration::from_secs(180);
