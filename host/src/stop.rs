//! The request that a run stops, passed down to everything that waits.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// The request that a run stops, shared by all clones.
#[derive(Clone, Debug)]
pub(crate) struct Stop {
    /// Cancelled when the run is asked to stop.
    pub token: CancellationToken,
    /// Cancelled when it is to stop without finishing its current page.
    abort: CancellationToken,
    /// How long the current page then has to finish.
    pub grace_period: Duration,
}

impl Stop {
    /// Returns a request that is yet to be made. Once it is, the current page has `grace_period` to finish.
    pub(crate) fn new(grace_period: Duration) -> Self {
        Self {
            token: CancellationToken::new(),
            abort: CancellationToken::new(),
            grace_period,
        }
    }

    /// Returns the request that one job stops. Making this request makes it, too.
    pub(crate) fn of_part(&self) -> Self {
        Self {
            token: self.token.child_token(),
            abort: self.abort.child_token(),
            grace_period: self.grace_period,
        }
    }

    /// Asks the run to stop at once.
    pub(crate) fn abort(&self) {
        self.abort.cancel();
        self.request();
    }

    /// Returns whether the run is to stop at once.
    pub(crate) fn is_aborted(&self) -> bool {
        self.abort.is_cancelled()
    }

    /// Asks the run to stop.
    pub(crate) fn request(&self) {
        self.token.cancel();
    }

    /// Returns whether the run is asked to stop.
    pub(crate) fn requested(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Waits until `duration` is over or the run is asked to stop, and returns whether it is.
    pub(crate) async fn sleep(&self, duration: Duration) -> bool {
        tokio::time::timeout(duration, self.wait()).await.is_ok()
    }

    /// Waits until the run is asked to stop.
    pub(crate) async fn wait(&self) {
        self.token.cancelled().await;
    }

    /// Waits until the run is asked to stop and the grace period is over, or it is to stop at once.
    pub(crate) async fn grace_period_elapsed(&self) {
        let elapsed = async {
            self.wait().await;
            tokio::time::sleep(self.grace_period).await;
        };
        tokio::select! {
            () = elapsed => {}
            () = self.abort.cancelled() => {}
        }
    }
}
