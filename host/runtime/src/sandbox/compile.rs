//! Compiles a component in a process of its own, with limits on memory and time.
//!
//! The compiler works on bytes of somebody who may be hostile, and a small component can keep it busy for hours or
//! make it take any amount of memory. Nothing can stop a thread from outside, so the compiler is this same program,
//! started again with a hidden argument. It limits itself before it reads the component from standard input, writes
//! the code to standard output, and is killed at the deadline. Its environment is empty.

use std::ffi::OsString;
use std::fmt::Display;
use std::io::{self, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use wasmtime::{Config, Engine};

use crate::network::error::cannot_open;
use crate::sandbox::core_dump;
use crate::text::printable::fault;

/// The argument that makes this program the compiler.
const ARGUMENT: &str = "compile-component";

/// The address space of the compiler, in bytes. The component of this project takes a tenth; the rest is for those
/// that bring an interpreter along.
pub const MAX_COMPILE_MEMORY: u64 = 1 << 30;

/// How long a component may take to compile, by the clock and in processor time. The one of this project takes a
/// second, so that there is room for far larger ones on slow machines.
pub const MAX_COMPILE_TIME: Duration = Duration::from_secs(60);

/// The most bytes of code: a component of the largest size has less.
pub const MAX_CODE_BYTES: u64 = 256 << 20;

/// The most bytes that are read of why the compiler failed.
const MAX_REASON_BYTES: u64 = 4096;

/// Why a component was not compiled.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CompileError {
    /// It is not valid.
    #[error("{0}")]
    Invalid(String),
    /// It takes too much memory or time, its code is too large, or it makes the compiler crash.
    #[error("{0}")]
    Unfit(String),
    /// The compiler could not be started, or the system ended it.
    #[error("the compiler failed: {0}")]
    System(String),
}

impl CompileError {
    fn too_slow() -> Self {
        let seconds = MAX_COMPILE_TIME.as_secs();
        Self::Unfit(format!("it takes longer than {seconds} s to compile"))
    }

    pub(super) fn crash(how: impl Display) -> Self {
        Self::Unfit(format!("the compiler crashed on it ({how})"))
    }

    fn system(error: &io::Error) -> Self {
        let advice = "; let this user start processes (ulimit -u)";
        Self::System(cannot_open(error, advice))
    }
}

impl From<wasmtime::Error> for CompileError {
    fn from(error: wasmtime::Error) -> Self {
        Self::System(fault(&format!("its code cannot be loaded: {error:#}")))
    }
}

/// Starts the compiler.
#[derive(Debug, Clone)]
pub struct Compiler {
    program: PathBuf,
    time: Duration,
}

impl Compiler {
    /// Returns the compiler that this program is.
    ///
    /// # Errors
    ///
    /// When the system does not tell where the program is.
    pub fn of_this_program() -> io::Result<Self> {
        // On Linux this is the running program even after an upgrade has replaced its file.
        let program = if cfg!(target_os = "linux") {
            PathBuf::from("/proc/self/exe")
        } else {
            std::env::current_exe()?
        };
        Ok(Self {
            program,
            time: MAX_COMPILE_TIME,
        })
    }

    /// Compiles a component. The compiler is killed when the future is dropped.
    ///
    /// # Errors
    ///
    /// When the bytes are no component, take too much to compile, or the compiler does not run.
    pub async fn compile(&self, component: &[u8]) -> Result<Vec<u8>, CompileError> {
        let compiled = tokio::time::timeout(self.time, self.run(component)).await;
        compiled.unwrap_or_else(|_| Err(CompileError::too_slow()))
    }

    async fn run(&self, component: &[u8]) -> Result<Vec<u8>, CompileError> {
        let mut child = Command::new(&self.program)
            .arg(ARGUMENT)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| CompileError::system(&error))?;
        let no_pipe = || CompileError::System("it has no pipes".to_owned());
        let mut stdin = child.stdin.take().ok_or_else(no_pipe)?;
        let stdout = child.stdout.take().ok_or_else(no_pipe)?;
        let stderr = child.stderr.take().ok_or_else(no_pipe)?;
        let send = async move {
            // A process that ended early says why by its status.
            let _ = stdin.write_all(component).await;
            Ok(())
        };
        let (read_code, read_reason) = (
            read(stdout, MAX_CODE_BYTES + 1),
            read(stderr, MAX_REASON_BYTES),
        );
        let ((), code, reason) = tokio::try_join!(send, read_code, read_reason)
            .map_err(|error| CompileError::system(&error))?;
        if code.len() as u64 > MAX_CODE_BYTES {
            let max = MAX_CODE_BYTES >> 20;
            let why = format!("its code is larger than {max} MiB");
            return Err(CompileError::Unfit(why));
        }
        let status = child.wait().await;
        let status = status.map_err(|error| CompileError::system(&error))?;
        let reason = String::from_utf8_lossy(&reason);
        let first_line = fault(reason.lines().next().unwrap_or_default());
        match (
            status.code(),
            status.signal().and_then(Signal::from_named_raw),
        ) {
            (Some(0), _) => Ok(code),
            (Some(1), _) => Err(CompileError::Invalid(first_line)),
            (Some(2), _) => Err(CompileError::System(first_line)),
            (Some(_), _) => Err(CompileError::crash(format_args!("{status}: {first_line}"))),
            // As Rust's allocator says it when it is refused memory.
            _ if reason.contains("memory allocation of ") => {
                let max = MAX_COMPILE_MEMORY >> 20;
                let why = format!("it takes more than {max} MiB of memory to compile");
                Err(CompileError::Unfit(why))
            }
            (_, Some(Signal::XCPU)) => Err(CompileError::too_slow()),
            (_, Some(Signal::KILL)) => Err(CompileError::System(
                "the system killed it, as it does when memory is short".to_owned(),
            )),
            _ => Err(CompileError::crash(status)),
        }
    }
}

/// Reads at most `max` bytes of a pipe and closes it: a process that would write on does not end by itself.
async fn read(pipe: impl AsyncRead + Unpin, max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    pipe.take(max).read_to_end(&mut bytes).await?;
    Ok(bytes)
}

/// Returns whether this process is started to be the compiler.
pub fn is_asked_for() -> bool {
    let mut arguments = std::env::args_os().skip(1);
    arguments.next() == Some(OsString::from(ARGUMENT)) && arguments.next().is_none()
}

/// Compiles the component on standard input to standard output, within limits. Its status is 1 where the component is
/// invalid and 2 where the limits or the pipes fail; standard error has the reason.
pub fn child() -> ExitCode {
    let fail = |status: u8, error: &dyn Display| {
        // The status says enough where nobody reads this.
        let _ = writeln!(io::stderr(), "{error}");
        ExitCode::from(status)
    };
    let mut component = Vec::new();
    let read = limit().and_then(|()| io::stdin().read_to_end(&mut component));
    if let Err(error) = read {
        return fail(2, &error);
    }
    let code = match engine().and_then(|engine| engine.precompile_component(&component)) {
        Ok(code) => code,
        Err(error) => return fail(1, &format_args!("{error:#}")),
    };
    let mut stdout = io::stdout();
    // What is buffered when the program ends would be written without a check.
    match stdout.write_all(&code).and_then(|()| stdout.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(2, &error),
    }
}

/// Limits what this process may use, and makes it end with its parent.
fn limit() -> io::Result<()> {
    core_dump::forbid()?;
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    lower(Resource::As, MAX_COMPILE_MEMORY)?;
    lower(Resource::Cpu, MAX_COMPILE_TIME.as_secs())?;
    Ok(())
}

/// Lowers a limit to `value`; one that is lower already stays.
fn lower(resource: Resource, value: u64) -> io::Result<()> {
    let maximum = getrlimit(resource).maximum;
    let current = Some(maximum.map_or(value, |maximum| maximum.min(value)));
    setrlimit(resource, Rlimit { current, maximum })?;
    Ok(())
}

/// Returns an engine. What one of them compiles runs in all of them.
pub fn engine() -> wasmtime::Result<Engine> {
    let mut config = Config::new();
    config.epoch_interruption(true);
    // Both are for backtraces through a component, which nobody is shown; to compile with them takes 3 MiB more.
    config.generate_address_map(false);
    config.native_unwind_info(false);
    Engine::new(&config)
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use super::*;

    impl Compiler {
        /// One that is a shell script, which is put into the folder.
        pub fn by_script(folder: &Path, script: &str, time: Duration) -> Self {
            let program = folder.join("compiler");
            std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
            std::fs::set_permissions(&program, Permissions::from_mode(0o700)).unwrap();
            Self { program, time }
        }
    }

    async fn compiled_by(script: &str, time: Duration) -> Result<Vec<u8>, CompileError> {
        let folder = tempfile::tempdir().unwrap();
        let compiler = Compiler::by_script(folder.path(), script, time);
        compiler.compile(b"component").await
    }

    #[tokio::test]
    async fn each_end_of_the_compiler_has_its_own_error() {
        for (script, expected) in [
            (
                "cat >/dev/null; echo 'no component' >&2; echo more >&2; exit 1",
                "no component",
            ),
            ("exit 2", "the compiler failed"),
            ("exit 101", "crashed on it (exit status: 101"),
            ("kill -SEGV $$", "crashed on it (signal: 11"),
            ("kill -KILL $$", "memory is short"),
            ("kill -XCPU $$", "longer than 60 s"),
            (
                "echo 'memory allocation of 99 bytes failed' >&2; kill -ABRT $$",
                "more than 1024 MiB",
            ),
            ("exec cat /dev/zero", "larger than 256 MiB"),
            (
                "[ -z \"$HOME$CARGO\" ] || exit 1; echo a; exit 3",
                "exit status: 3",
            ),
        ] {
            let error = compiled_by(script, MAX_COMPILE_TIME).await.err().unwrap();
            assert!(error.to_string().contains(expected), "{script}: {error}");
        }
    }

    #[tokio::test]
    async fn the_compiler_is_killed_at_its_deadline() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pid");
        let script = format!(
            "echo $$ >'{0}.new'; mv '{0}.new' '{0}'; exec sleep 1000",
            path.display()
        );
        let error = compiled_by(&script, Duration::from_secs(1))
            .await
            .err()
            .unwrap();
        assert!(error.to_string().contains("longer than 60 s"), "{error}");
        let id: i32 = std::fs::read_to_string(&path)
            .unwrap()
            .trim()
            .parse()
            .unwrap();
        let id = rustix::process::Pid::from_raw(id).unwrap();
        // It is reaped a moment after it was killed.
        while rustix::process::test_kill_process(id).is_ok() {
            tokio::task::yield_now().await;
        }
    }
}
