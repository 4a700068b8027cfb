//! SIGINT and SIGTERM: finish the page in hand, store it, and stop.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tracing::warn;

/// Tells whether the run is asked to stop.
#[derive(Clone)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Listens to SIGINT and SIGTERM from now on. A second one ends the process at once; the page in hand
    /// is then repeated by the next run.
    ///
    /// # Errors
    ///
    /// When the system does not let the process listen.
    pub fn on_signals() -> std::io::Result<Self> {
        let (sender, receiver) = watch::channel(false);
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::spawn(async move {
            either(&mut interrupt, &mut terminate).await;
            // Told only once it holds, so that who reads it can rely on it.
            sender.send_replace(true);
            warn!("stopping after the page in hand; once more stops at once");
            either(&mut interrupt, &mut terminate).await;
            std::process::exit(130);
        });
        Ok(Self(receiver))
    }

    /// One that is asked to stop by the sender, which is to be kept as long as it.
    #[cfg(test)]
    pub fn by_hand() -> (watch::Sender<bool>, Self) {
        let (sender, receiver) = watch::channel(false);
        (sender, Self(receiver))
    }

    /// Whether the run is asked to stop.
    pub fn requested(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until `duration` is over or the run is asked to stop; gives whether it is.
    pub async fn sleep(&self, duration: std::time::Duration) -> bool {
        let mut receiver = self.0.clone();
        let stopped = receiver.wait_for(|stop| *stop);
        tokio::time::timeout(duration, stopped).await.is_ok()
    }
}

async fn either(interrupt: &mut Signal, terminate: &mut Signal) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
