//! Runs the program that prints a secret, and kills it when it takes too long or the host exits.
//!
//! Without a terminal the program leads a process group of its own, and the group is killed: of a shell script, another
//! process is the one that hangs. On a terminal it stays in the host's group, as the system stops a program of another
//! group that asks for a passphrase, and does not pass Ctrl-C on to it. There only the program itself is killed.

use std::io::{self, IsTerminal};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};
use secrecy::zeroize::Zeroizing;

use crate::config::secret_source::read::{LONGEST, SecretError, read};
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
pub(super) fn output(
    argv: &[String],
    timeout: Duration,
) -> Result<Zeroizing<Vec<u8>>, SecretError> {
    let (name, arguments) = argv
        .split_first()
        .map_or(("", argv), |(name, arguments)| (name.as_str(), arguments));
    let mut command = Command::new(name);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit());
    let mut program = Program::start(&mut command).map_err(|error| {
        SecretError::new(format_args!(
            "cannot start the program {name:?} that prints the secret: {error}"
        ))
    })?;
    let unread = |error| {
        SecretError::new(format_args!(
            "cannot read what the program {name:?} prints: {error}"
        ))
    };
    let printed = program.printed_within(timeout).map_err(unread)?;
    let printed = printed.ok_or_else(|| {
        SecretError::new(format_args!(
            "the program {name:?} that prints the secret did not end within {} and was killed: run it by hand to see \
             what it waits for, or raise `timeout` beside `command`",
            duration::format(timeout)
        ))
    })?;
    let status = program.reap().map_err(unread)?;
    // A program that prints too much fails when nobody reads on; that is not its mistake.
    if printed.len() <= LONGEST && !status.success() {
        let ending = match status.code() {
            Some(code) => format!("failed with exit code {code}"),
            None => "was ended by a signal".to_owned(),
        };
        return Err(SecretError::new(format_args!(
            "the program {name:?} that prints the secret {ending}: run it by hand to see why"
        )));
    }
    Ok(printed)
}

/// A started program; killed if it is dropped before its end.
struct Program {
    child: Child,
    pid: Pid,
    leads_group: bool,
    /// Whether it has ended, reaped or not.
    ended: bool,
}

impl Program {
    fn start(command: &mut Command) -> io::Result<Self> {
        let leads_group = !io::stderr().is_terminal();
        if leads_group {
            command.process_group(0);
        }
        // Held until the process is among those that are killed.
        let mut programs = programs();
        if programs.closed {
            return Err(io::Error::other("asset-host is ending"));
        }
        let child = command.spawn()?;
        let pid = Pid::from_child(&child);
        programs.running.push((pid, leads_group));
        Ok(Self {
            child,
            pid,
            leads_group,
            ended: false,
        })
    }

    /// Returns what it prints until its end, or `None` if it takes longer than `timeout`.
    fn printed_within(&mut self, timeout: Duration) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
        let (sender, receiver) = mpsc::channel();
        let (stdout, pid) = (self.child.stdout.take(), self.pid);
        // On a thread that nobody joins: a process that left the group may keep the pipe open for ever.
        thread::Builder::new().spawn(move || {
            let printed = stdout.map(read).transpose();
            // The process is not reaped here: its id is not given to another one while it may be killed.
            let ended = rustix::io::retry_on_intr(|| {
                rustix::process::waitid(
                    WaitId::Pid(pid),
                    WaitIdOptions::EXITED | WaitIdOptions::NOWAIT,
                )
            });
            let _ = sender.send(printed.and_then(|printed| {
                ended?;
                Ok(printed.unwrap_or_default())
            }));
        })?;
        match receiver.recv_timeout(timeout) {
            Ok(printed) => {
                self.ended = printed.is_ok();
                printed.map(Some)
            }
            Err(_) => Ok(None),
        }
    }

    /// Waits for its end, after which its id may belong to another process.
    fn reap(&mut self) -> io::Result<ExitStatus> {
        programs().running.retain(|(pid, _)| *pid != self.pid);
        self.child.wait()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if !self.ended {
            kill(self.pid, self.leads_group);
            let _ = self.reap();
        }
    }
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
