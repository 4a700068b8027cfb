//! The program `asset-host`.

use std::process::ExitCode;

/// Events are a little longer than what glibc's allocator gives back at once, and pass from thread to thread: with this
/// one they take less time, and memory stays as it is from the first pages on. `.cargo/config.toml` sets it up.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    asset_host::run().into()
}
