//! Files of the project that tests run and read.

use std::path::{Path, PathBuf};

/// Returns a path of the project.
pub fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// Returns a file that `make` leaves in `dist/`.
///
/// # Panics
///
/// If it is missing.
#[allow(clippy::panic, reason = "a test stops where it has nothing to run")]
pub fn built(name: &str) -> PathBuf {
    let path = root("dist").join(name);
    let missing = |_| panic!("{} is missing: run `make build` first", path.display());
    path.canonicalize().unwrap_or_else(missing)
}
