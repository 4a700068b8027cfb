//! The program `asset-host`.

use std::process::ExitCode;

fn main() -> ExitCode {
    asset_host::run()
}
