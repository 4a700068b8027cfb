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

use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a test waits for what must happen before it fails.
pub const PATIENCE: Duration = Duration::from_secs(180);

/// Returns a path of the project.
pub fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

/// Returns a file that `make build` leaves in `dist/`.
pub fn built(name: &str) -> PathBuf {
    let path = root("dist").join(name);
    let shown = path.display();
    assert!(path.exists(), "{shown} is missing: run `make build` first");
    path.canonicalize().unwrap()
}
