//! The signals that the program reacts to: SIGINT and SIGTERM end it, SIGHUP does not.

use std::io;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::warn;

use crate::config::secret_source;
use crate::stop::Stop;

/// The exit code of a process that a signal ends at once.
const ENDED_BY_SIGNAL: i32 = 130;

/// Returns what the first SIGINT or SIGTERM from now on requests. The current page then has `grace_period` to finish.
/// A second signal ends the process at once; the current page is then sent again by the next run.
///
/// # Errors
///
/// When the system does not let the process listen.
pub(crate) fn stop_on_signals(grace_period: Duration) -> io::Result<Stop> {
    let mut signals = EndSignals::listen()?;
    let stop = Stop::new(grace_period);
    let requested = stop.clone();
    tokio::spawn(async move {
        signals.next().await;
        // Requested before it is logged, so that who reads the line can rely on it.
        requested.request();
        warn!("stopping after the current page; send the signal again to stop at once");
        signals.next().await;
        end();
    });
    Ok(stop)
}

/// Lets the first SIGINT or SIGTERM from now on end the process at once, with the programs that it has started.
///
/// # Errors
///
/// When the system does not let the process listen.
pub(crate) fn end_on_signals() -> io::Result<()> {
    let mut signals = EndSignals::listen()?;
    tokio::spawn(async move {
        signals.next().await;
        end();
    });
    Ok(())
}

/// Lets no SIGHUP from now on end the process: it must not end a service. A file of events that was moved away is noticed
/// without a signal.
///
/// # Errors
///
/// When the system does not let the process listen.
pub(crate) fn ignore_hang_ups() -> io::Result<()> {
    // The handler stays for the life of the process, although nobody listens.
    signal(SignalKind::hangup()).map(drop)
}

/// SIGINT and SIGTERM.
struct EndSignals {
    interrupt: Signal,
    terminate: Signal,
}

impl EndSignals {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

fn end() {
    secret_source::kill_all();
    std::process::exit(ENDED_BY_SIGNAL);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hang_up_does_not_end_the_process() {
        ignore_hang_ups().unwrap();
        let sent = std::process::Command::new("kill")
            .args(["-HUP", &std::process::id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
    }
}
