//! The signals that the program reacts to: SIGINT and SIGTERM end it, SIGHUP makes it open its file of events again.

use std::io;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::warn;

use crate::config::secret_source;
use crate::deliver::ReopenSignal;
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

/// Returns what each SIGHUP from now on sends, until the runtime ends. From then on a SIGHUP no longer ends the process.
///
/// # Errors
///
/// When the system does not let the process listen.
pub(crate) fn reopen_on_hang_up() -> io::Result<ReopenSignal> {
    let mut hang_ups = signal(SignalKind::hangup())?;
    let reopen = ReopenSignal::default();
    let sent = reopen.clone();
    tokio::spawn(async move {
        while hang_ups.recv().await.is_some() {
            sent.send();
        }
    });
    Ok(reopen)
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

    #[tokio::test(flavor = "multi_thread")]
    async fn a_hang_up_does_not_end_the_process_and_sends_the_reopen_signal() {
        let reopen = reopen_on_hang_up().unwrap();
        let sent = std::process::Command::new("kill")
            .args(["-HUP", &std::process::id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
        while reopen.count() == 0 {
            tokio::task::yield_now().await;
        }
    }
}
