//! A call of the component, made again where that may help.

use std::time::{Duration, Instant};

use tracing::info;

use crate::config::Account;
use crate::contract::bindings::inventory::connector::types::Error;
use crate::deliver::retry::{Attempts, Next, RetryCause};
use crate::run::Worker;
use crate::run::failure;
use crate::sandbox::connector::CallError;
use crate::stop::Stop;

/// What a call came to in the end.
pub(crate) enum Answer<T> {
    /// It succeeded.
    Good(T),
    /// It failed, and another try does not help; the reason in words.
    Bad(String),
    /// The credentials do not carry the right to it; the reason in words.
    Forbidden(String),
    /// The run was asked to stop while it waited.
    Stopped,
}

/// The tries of one call.
pub(crate) struct Call<'a> {
    account: &'a Account,
    stop: &'a Stop,
    attempts: Attempts,
    failing_since: Option<Instant>,
    /// For how long the account has paused since then, which is not held against this source.
    paused: Duration,
    /// How many tries there were after the first.
    pub retries: u64,
}

impl<'a> Call<'a> {
    /// A call that has not been tried yet.
    pub(crate) fn new(account: &'a Account, stop: &'a Stop) -> Self {
        Self {
            account,
            stop,
            attempts: Attempts::default(),
            failing_since: None,
            paused: Duration::ZERO,
            retries: 0,
        }
    }

    /// What a try came to; none where it is to be made again, once the wait for that is over. The worker rests
    /// meanwhile.
    pub(crate) async fn tried<T>(
        &mut self,
        result: Result<T, CallError<Error>>,
        worker: &mut Worker,
    ) -> Option<Answer<T>> {
        let failed = match result {
            Ok(value) => return Some(Answer::Good(value)),
            Err(failed) => failed,
        };
        let why = failure::explain(&failed, &self.account.name);
        if let CallError::Told(Error::Forbidden(_)) = failed {
            return Some(Answer::Forbidden(why));
        }
        let mut fault = fault_of(&failed);
        // A stop ends waits for the rate limit with an error of their own.
        if self.stop.requested() && fault != RetryCause::Final {
            return Some(Answer::Stopped);
        }
        let asked_to_pause = matches!(fault, RetryCause::RateLimited(_));
        let pause = worker.paused();
        if matches!(fault, RetryCause::Unavailable(_)) && !pause.is_zero() {
            // Most likely a request that was not sent because of the pause.
            fault = RetryCause::RateLimited(Some(pause));
        }
        let waited = worker.take_waited();
        let elapsed = match self.failing_since {
            Some(since) => {
                self.paused += waited;
                since.elapsed().saturating_sub(self.paused)
            }
            None => {
                self.failing_since = Some(Instant::now());
                Duration::ZERO
            }
        };
        let retry = &self.account.retry;
        let Next::Again(wait) = self.attempts.after(fault, retry, elapsed, fastrand::f64()) else {
            return Some(Answer::Bad(why));
        };
        if asked_to_pause {
            // The API counts the requests of the whole account.
            worker.pause(wait);
        }
        self.retries += 1;
        info!("trying again in {:.1} s: {why}", wait.as_secs_f64());
        if !wait.is_zero() {
            worker.rest();
        }
        self.stop.sleep(wait).await.then_some(Answer::Stopped)
    }
}

/// What a failed try means for another one.
fn fault_of(failed: &CallError<Error>) -> RetryCause {
    match failed {
        CallError::Told(error) => RetryCause::from(error),
        CallError::Stopped(stopped) if stopped.is_timeout() => RetryCause::Unavailable(None),
        CallError::Stopped(_) => RetryCause::Final,
    }
}
