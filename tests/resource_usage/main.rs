//! `resource-usage FILE COMMAND [ARGUMENT…]`: runs a command, and writes to FILE what it took, as JSON.
//!
//! Why this is a program: see [`sophos_central_simulator::resource_usage`].

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use sophos_central_simulator::resource_usage::{measure, write};

/// The code where nothing could be run; that of `env` and `nice`.
const COULD_NOT_RUN: u8 = 125;

fn main() -> ExitCode {
    match run() {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("resource-usage: {error:#}");
            ExitCode::from(COULD_NOT_RUN)
        }
    }
}

/// Returns the command's own code; 128 and the signal where one ended it, as a shell does.
fn run() -> Result<u8> {
    let mut arguments = std::env::args_os().skip(1);
    let report = arguments.next();
    let report = report.context("usage: resource-usage FILE COMMAND [ARGUMENT…]")?;
    let program = arguments.next().context("the command is missing")?;
    let (status, usage) = measure(Command::new(program).args(arguments))?;
    write(Path::new(&report), &usage)?;
    let code = status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal));
    Ok(code
        .and_then(|code| u8::try_from(code).ok())
        .unwrap_or(COULD_NOT_RUN))
}
