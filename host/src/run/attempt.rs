//! A call of the component, repeated while that may help.

use std::time::{Duration, Instant};

use tracing::info;

use crate::contract::bindings::inventory::connector::types::Error;
use crate::deliver::retry::{Attempts, Next, RetryCause};
use crate::run::context::AccountJob;
use crate::run::failure::describe_error;
use crate::run::halt::Halt;
use crate::run::pool::Worker;
use crate::sandbox::connector::{CallError, Connector};

/// The tries of one call.
pub(crate) struct Tries<'a> {
    job: &'a AccountJob,
    /// Counts the tries after the first.
    retries: &'a mut u64,
    attempts: Attempts,
    failing_since: Option<Instant>,
    /// How long the account has paused since then, which does not count against this source.
    paused: Duration,
}

impl<'a> Tries<'a> {
    /// Returns the tries of a call, which add to `retries` at once, also if the call is dropped.
    pub(crate) fn new(job: &'a AccountJob, retries: &'a mut u64) -> Self {
        Self {
            job,
            retries,
            attempts: Attempts::default(),
            failing_since: None,
            paused: Duration::ZERO,
        }
    }

    /// Waits for the connector to make the next try with.
    pub(crate) async fn connector<'w>(
        &self,
        worker: &'w mut Worker,
    ) -> Result<&'w mut Connector, Halt> {
        let connector = worker.connector().await;
        // The wait may have been long.
        match self.job.settings.stop.requested() {
            true => Err(Halt::Stopped),
            false => Ok(connector),
        }
    }

    /// Waits until the call may be tried again, or returns why not. The worker rests meanwhile.
    pub(crate) async fn wait_after(
        &mut self,
        error: CallError<Error>,
        worker: &mut Worker,
    ) -> Result<(), Halt> {
        let (stop, account) = (&self.job.settings.stop, &self.job.ready.account);
        let why = describe_error(&error, &account.name);
        if let CallError::Told(Error::Forbidden(_)) = error {
            return Err(Halt::Forbidden(why));
        }
        let mut cause = cause_of(&error);
        // A stop ends waits for the rate limit with an error of their own.
        if stop.requested() && cause != RetryCause::Final {
            return Err(Halt::Stopped);
        }
        let asked_to_pause = matches!(cause, RetryCause::RateLimited(_));
        let pause = worker.paused();
        if matches!(cause, RetryCause::Unavailable(_)) && !pause.is_zero() {
            // Most likely a request that was not sent because of the pause.
            cause = RetryCause::RateLimited(Some(pause));
        }
        let elapsed = self.elapsed(worker.take_waited());
        let next = self
            .attempts
            .after(cause, &account.retry, elapsed, fastrand::f64());
        let Next::Again(wait) = next else {
            return Err(Halt::Failed(why));
        };
        if asked_to_pause {
            // The API counts the requests of the whole account.
            worker.pause(wait);
        }
        *self.retries += 1;
        info!("trying again in {:.1} s: {why}", wait.as_secs_f64());
        if !wait.is_zero() {
            worker.rest();
        }
        match stop.sleep(wait).await {
            true => Err(Halt::Stopped),
            false => Ok(()),
        }
    }

    /// Returns how long the call has failed, without pauses of the account; the last one took `waited`.
    fn elapsed(&mut self, waited: Duration) -> Duration {
        let Some(since) = self.failing_since else {
            self.failing_since = Some(Instant::now());
            return Duration::ZERO;
        };
        self.paused += waited;
        since.elapsed().saturating_sub(self.paused)
    }
}

/// Returns what a failed call means for another try.
fn cause_of(error: &CallError<Error>) -> RetryCause {
    match error {
        CallError::Told(error) => RetryCause::from(error),
        CallError::Stopped(stopped) if stopped.is_timeout() => RetryCause::Unavailable(None),
        CallError::Stopped(_) => RetryCause::Final,
    }
}
