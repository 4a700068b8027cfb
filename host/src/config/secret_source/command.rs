//! Runs the program that prints a secret, and kills it when it takes too long or the host exits.
//!
//! Without a terminal the program leads a process group of its own, and the group is killed: of a shell script, another
//! process is the one that hangs. On a terminal it stays in the host's group, as the system stops a program of another
//! group that asks for a passphrase, and does not pass Ctrl-C on to it. There only the program itself is killed.

use std::io::{self, IsTerminal};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};
use secrecy::zeroize::Zeroizing;

use crate::config::secret_source::read::{MAX_LENGTH, read};
use crate::units::duration;

/// The programs of this process. A static, since processes outlive what is dropped when the host exits.
static PROGRAMS: Mutex<Programs> = Mutex::new(Programs {
    running: Vec::new(),
    closed: false,
});

struct Programs {
    /// Processes that are not reaped yet, each with whether it leads a group.
    running: Vec<(Pid, bool)>,
    /// Whether no program is started any more.
    closed: bool,
}

/// Kills the running programs and keeps others from being started. Must be called before the process exits, as the
/// thread that waits for them may be left behind.
pub(crate) fn kill_all() {
    let mut programs = programs();
    programs.closed = true;
    for (pid, leads_group) in &programs.running {
        kill(*pid, *leads_group);
    }
}

/// Runs a program with its arguments and returns what it prints, at most a byte more than the longest secret.
///
/// # Errors
///
/// When it cannot be started, fails, or does not end within `timeout`.
pub(super) fn output(argv: &[String], timeout: Duration) -> Result<Zeroizing<Vec<u8>>, String> {
    let (name, arguments) = argv.split_first().ok_or("the program has no name")?;
    let mut command = Command::new(name);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit());
    let leads_group = !io::stderr().is_terminal();
    if leads_group {
        command.process_group(0);
    }
    let mut child = start(&mut command, leads_group).map_err(|error| {
        format!("cannot start the program {name:?} that prints the secret: {error}")
    })?;
    let pid = Pid::from_child(&child);
    let (sender, receiver) = mpsc::channel();
    let stdout = child.stdout.take();
    // On a thread that nobody joins: a process that left the group may keep the pipe open for ever.
    let thread = thread::Builder::new().spawn(move || sender.send(printed(stdout, pid)));
    let printed = receiver.recv_timeout(timeout);
    if !matches!(printed, Ok(Ok(_))) {
        kill(pid, leads_group);
    }
    // Once it is reaped, its id may belong to another process.
    programs().running.retain(|(running, _)| *running != pid);
    let status = child.wait();
    let printed = thread
        .and_then(|_| match printed {
            Ok(printed) => printed.and_then(|printed| Ok(Some((printed, status?)))),
            Err(_) => Ok(None),
        })
        .map_err(|error| format!("cannot read what the program {name:?} prints: {error}"))?;
    let (printed, status) = printed.ok_or_else(|| {
        format!(
            "the program {name:?} that prints the secret did not end within {} and was killed: run it by hand to see \
             what it waits for, or raise `timeout` beside `command`",
            duration::format(timeout)
        )
    })?;
    // A program that prints too much fails when nobody reads on; that is not its mistake.
    if printed.len() <= MAX_LENGTH && !status.success() {
        let ending = match status.code() {
            Some(code) => format!("failed with exit code {code}"),
            None => "was ended by a signal".to_owned(),
        };
        return Err(format!(
            "the program {name:?} that prints the secret {ending}: run it by hand to see why"
        ));
    }
    Ok(printed)
}

/// Starts a program that [`kill_all`] kills.
fn start(command: &mut Command, leads_group: bool) -> io::Result<Child> {
    // Held until the process is among those that are killed.
    let mut programs = programs();
    if programs.closed {
        return Err(io::Error::other("asset-host is ending"));
    }
    let child = command.spawn()?;
    programs
        .running
        .push((Pid::from_child(&child), leads_group));
    Ok(child)
}

/// Returns what a program has printed once it has ended. It is not reaped here: its id is not given to another process
/// while it may be killed.
fn printed(stdout: Option<ChildStdout>, pid: Pid) -> io::Result<Zeroizing<Vec<u8>>> {
    let printed = stdout.map(read).transpose()?;
    rustix::io::retry_on_intr(|| {
        rustix::process::waitid(
            WaitId::Pid(pid),
            WaitIdOptions::EXITED | WaitIdOptions::NOWAIT,
        )
    })?;
    Ok(printed.unwrap_or_default())
}

fn kill(pid: Pid, leads_group: bool) {
    // A process that has ended meanwhile needs no signal.
    let _ = if leads_group {
        rustix::process::kill_process_group(pid, Signal::KILL)
    } else {
        rustix::process::kill_process(pid, Signal::KILL)
    };
}

fn programs() -> MutexGuard<'static, Programs> {
    PROGRAMS.lock().unwrap_or_else(PoisonError::into_inner)
}
