//! SIGINT and SIGTERM: finish the page in hand, store it, and stop.

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tracing::warn;

use crate::config::secret_source;

/// The exit code of a process that a signal ends at once.
const ENDED: i32 = 130;

/// Tells whether the run is asked to stop.
#[derive(Clone, Debug)]
pub struct Stop {
    requested: watch::Receiver<bool>,
    within: Duration,
}

impl Stop {
    /// Listens to SIGINT and SIGTERM from now on. What is in hand by then has `within` to come to its end. A
    /// second signal ends the process at once; the page in hand is then repeated by the next run.
    ///
    /// # Errors
    ///
    /// When the system does not let the process listen.
    pub fn on_signals(within: Duration) -> std::io::Result<Self> {
        let (sender, receiver) = watch::channel(false);
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::spawn(async move {
            either(&mut interrupt, &mut terminate).await;
            // Told only once it holds, so that who reads it can rely on it.
            sender.send_replace(true);
            warn!("stopping after the page in hand; once more stops at once");
            either(&mut interrupt, &mut terminate).await;
            end();
        });
        Ok(Self {
            requested: receiver,
            within,
        })
    }

    /// One that is asked to stop by the sender, which is to be kept as long as it.
    #[cfg(test)]
    pub fn by_hand() -> (watch::Sender<bool>, Self) {
        let (sender, receiver) = watch::channel(false);
        let stop = Self {
            requested: receiver,
            within: Duration::ZERO,
        };
        (sender, stop)
    }

    /// Whether the run is asked to stop.
    pub fn requested(&self) -> bool {
        *self.requested.borrow()
    }

    /// Waits until `duration` is over or the run is asked to stop; gives whether it is.
    pub async fn sleep(&self, duration: Duration) -> bool {
        tokio::time::timeout(duration, self.wait()).await.is_ok()
    }

    /// Waits until the run is asked to stop and what was in hand has had its time.
    pub async fn overdue(&self) {
        self.wait().await;
        tokio::time::sleep(self.within).await;
    }

    /// How long what is in hand has to come to its end.
    pub fn within(&self) -> Duration {
        self.within
    }

    /// Waits until the run is asked to stop.
    pub async fn wait(&self) {
        let mut requested = self.requested.clone();
        // The listener goes with the runtime only, which is the end, too.
        let _ = requested.wait_for(|stop| *stop).await;
    }
}

/// Lets the first SIGINT or SIGTERM from now on end the process at once, with the programs that it has started.
///
/// # Errors
///
/// When the system does not let the process listen.
pub(crate) fn end_on_signals() -> std::io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::spawn(async move {
        either(&mut interrupt, &mut terminate).await;
        end();
    });
    Ok(())
}

fn end() {
    secret_source::kill_all();
    std::process::exit(ENDED);
}

async fn either(interrupt: &mut Signal, terminate: &mut Signal) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
