//! A call of the component, made again where that may help.

use std::time::Instant;

use tracing::info;

use crate::bindings::inventory::connector::types::Error;
use crate::config::Account;
use crate::connector::CallError;
use crate::failure;
use crate::retry::{Attempts, Fault, Next};
use crate::run::Worker;
use crate::stop::Stop;

/// What a call came to in the end.
pub enum Answer<T> {
    /// It succeeded.
    Good(T),
    /// It failed, and another try does not help; the reason in words.
    Bad(String),
    /// The run was asked to stop while it waited.
    Stopped,
}

/// The tries of one call.
pub struct Call<'a> {
    account: &'a Account,
    stop: &'a Stop,
    attempts: Attempts,
    failing_since: Option<Instant>,
    /// How many tries there were after the first.
    pub retries: u64,
}

impl<'a> Call<'a> {
    /// A call that has not been tried yet.
    pub fn new(account: &'a Account, stop: &'a Stop) -> Self {
        Self {
            account,
            stop,
            attempts: Attempts::default(),
            failing_since: None,
            retries: 0,
        }
    }

    /// What a try came to; none where it is to be made again, once the wait for that is over. The worker rests
    /// meanwhile.
    pub async fn tried<T>(
        &mut self,
        result: Result<T, CallError<Error>>,
        worker: &mut Worker,
    ) -> Option<Answer<T>> {
        let failed = match result {
            Ok(value) => return Some(Answer::Good(value)),
            Err(failed) => failed,
        };
        let why = failure::explain(&failed, &self.account.name);
        let CallError::Told(error) = failed else {
            return Some(Answer::Bad(why));
        };
        // A stop ends waits for the rate limit with an error of their own.
        if self.stop.requested() && Fault::from(&error) != Fault::Final {
            return Some(Answer::Stopped);
        }
        let elapsed = self
            .failing_since
            .get_or_insert_with(Instant::now)
            .elapsed();
        let retry = &self.account.retry;
        let Next::Again(wait) = self.attempts.after(&error, retry, elapsed, fastrand::f64()) else {
            return Some(Answer::Bad(why));
        };
        self.retries += 1;
        info!("trying again in {:.1} s: {why}", wait.as_secs_f64());
        if !wait.is_zero() {
            worker.rest();
        }
        self.stop.sleep(wait).await.then_some(Answer::Stopped)
    }
}
