//! A call of the component, repeated while that may help.

use std::time::{Duration, Instant};

use tracing::info;

use crate::contract::bindings::inventory::connector::types::Error;
use crate::deliver::retry::{Attempts, RetryCause};
use crate::run::context::AccountJob;
use crate::run::failure::describe_error;
use crate::run::halt::Halt;
use crate::run::pool::Worker;
use crate::run::progress::LineProgress;
use crate::sandbox::connector::CallError;

/// The tries of one call.
#[derive(Default)]
pub(super) struct Tries {
    attempts: Attempts,
    /// When the call failed for the first time, and how long the worker had waited for pauses by then.
    failing_since: Option<(Instant, Duration)>,
}

impl Tries {
    /// Waits until a failed call may be repeated, and counts it as a retry of the worker, whose job other sources use
    /// meanwhile.
    ///
    /// # Errors
    ///
    /// When another call would not help, or the run is asked to stop.
    pub(super) async fn wait_after(
        &mut self,
        error: CallError<Error>,
        worker: &mut Worker,
        job: &AccountJob,
        line: &LineProgress,
    ) -> Result<(), Halt> {
        let (stop, account) = (&job.settings.stop, &job.ready.account);
        let mut why = describe_error(&error, &account.name);
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
            "the API asked for a pause of the account's requests".clone_into(&mut why);
        }
        let (since, waited) = *self
            .failing_since
            .get_or_insert((Instant::now(), worker.waited));
        // Pauses of the account do not count against this source.
        let elapsed = since.elapsed().saturating_sub(worker.waited - waited);
        let next = self
            .attempts
            .after(cause, &account.retry, elapsed, fastrand::f64());
        let Some(wait) = next else {
            return Err(Halt::Failed(why));
        };
        if asked_to_pause {
            // The API counts the requests of the whole account.
            worker.pause(wait);
        } else if pause.is_zero() {
            line.waits.call.begin(wait);
        }
        worker.retries += 1;
        info!("trying again in {:.1} s: {why}", wait.as_secs_f64());
        job.postpone(wait)?;
        if !wait.is_zero() {
            worker.rest();
        }
        match stop.sleep(wait).await {
            true => Err(Halt::Stopped),
            false => Ok(()),
        }
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
