//! The program `asset-host`.

use std::process::ExitCode;

/// Events are just longer than what glibc keeps at hand for each thread (1 KiB), and pass from thread to thread: with this
/// allocator they take less time, and memory stays as it is from the first pages on. `.cargo/config.toml` sets it up.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    asset_host::run().into()
}
