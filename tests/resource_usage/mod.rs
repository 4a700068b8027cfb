//! What a program used, as the system counts it: processor time, time, peak resident memory.
//!
//! The system keeps the peak of a process when it becomes another program (`exec`), so a process that starts a
//! program itself and asks `wait4` gets the larger of two peaks: the program's and its own. Therefore a small
//! program, `resource-usage`, starts the one that is measured; it takes about 3 MiB, whatever test or
//! benchmark stands behind it.
//!
//! ```text
//! resource-usage FILE COMMAND [ARGUMENT…]
//! ```

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use wait4::Wait4;

/// The resources that a program used.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub struct Usage {
    /// From its start to its end.
    pub wall: Duration,
    /// Processor time of all its threads, in its own code and in the system's.
    pub cpu: Duration,
    /// The most memory that it had resident at once, in bytes.
    pub peak_memory: u64,
}

/// Runs a program to its end. The caller's own peak must be known to be smaller, see above.
///
/// # Errors
///
/// If the program cannot be started or waited for.
pub fn measure(program: &mut Command) -> Result<(ExitStatus, Usage)> {
    let name = program.get_program().to_string_lossy().into_owned();
    let begin = Instant::now();
    let child = program
        .spawn()
        .with_context(|| format!("{name} cannot be started"))?;
    let ended = child
        .wait4()
        .with_context(|| format!("{name} cannot be waited for"))?;
    let usage = Usage {
        wall: begin.elapsed(),
        cpu: ended.rusage.utime + ended.rusage.stime,
        peak_memory: ended.rusage.maxrss,
    };
    Ok((ended.status, usage))
}

/// Returns the command that runs `program` by way of `resource-usage` (its path is `measurer`), which writes the usage
/// to `report`. The program gets those variables of the environment alone that the command sets; streams are the
/// caller's to set.
pub fn measured(measurer: &Path, report: &Path, program: &Command) -> Command {
    let mut command = Command::new(measurer);
    command
        .arg(report)
        .arg(program.get_program())
        .args(program.get_args())
        .env_clear();
    for (name, value) in program.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    if let Some(folder) = program.get_current_dir() {
        command.current_dir(folder);
    }
    command
}

/// Writes a report.
///
/// # Errors
///
/// If the file cannot be written.
pub fn write(report: &Path, usage: &Usage) -> Result<()> {
    let text = serde_json::to_vec(usage)?;
    fs::write(report, text).with_context(|| format!("{} cannot be written", report.display()))
}

/// Reads a report, and deletes it, so that none is taken for that of a later run.
///
/// # Errors
///
/// If `resource-usage` left none, as where it could not start the program.
pub fn take(report: &Path) -> Result<Usage> {
    let text = fs::read(report).map_err(|error| match error.kind() {
        ErrorKind::NotFound => anyhow::anyhow!("the program was not run, so there is no usage"),
        _ => anyhow::anyhow!("{} cannot be read: {error}", report.display()),
    })?;
    fs::remove_file(report).with_context(|| format!("{} cannot be deleted", report.display()))?;
    Ok(serde_json::from_slice(&text)?)
}
