//! The signals that the program reacts to: SIGINT and SIGTERM end it, SIGHUP does not.

use std::io;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
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
    let stop = Stop::new(grace_period);
    listen(Some(stop.clone()))?;
    Ok(stop)
}

/// Lets the first SIGINT or SIGTERM from now on end the process at once, with the programs that it has started.
///
/// # Errors
///
/// When the system does not let the process listen.
pub(crate) fn end_on_signals() -> io::Result<()> {
    listen(None)
}

/// Listens to SIGINT and SIGTERM. The first one requests `stop`; the next one, or the first one without `stop`, ends the
/// process.
fn listen(mut stop: Option<Stop>) -> io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            let Some(stop) = stop.take() else {
                secret_source::kill_all();
                std::process::exit(ENDED_BY_SIGNAL);
            };
            // Requested before it is logged, so that the reader of the line can rely on it.
            stop.request();
            warn!("stopping after the current page; send the signal again to stop at once");
        }
    });
    Ok(())
}

/// Keeps SIGHUP from ending the process, as it must not end a service. A file of events that was moved away is noticed
/// without a signal.
///
/// # Errors
///
/// When the system does not let the process listen.
pub(crate) fn ignore_hang_ups() -> io::Result<()> {
    // The handler stays for the life of the process, although nobody listens.
    signal(SignalKind::hangup()).map(drop)
}
