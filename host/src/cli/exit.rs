//! How a command ended, for the process's exit code.

use std::process::ExitCode;

/// How a command ended. A command that returns an `Err` instead could not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum ExitStatus {
    /// Everything that was asked for is done.
    Done = 0,
    /// The command ran, and at least one source or record failed.
    SomeFailed = 1,
    /// The command could not run: a wrong flag, configuration, component or state.
    CouldNotRun = 2,
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        ExitCode::from(status as u8)
    }
}
