//! A call of a connector, repeated while that may help.

use std::thread;
use std::time::{Duration, Instant};

use crate::bindings::inventory::connector::types::Error;

const FIRST_DELAY: Duration = Duration::from_millis(500);
const MAX_DELAY: Duration = Duration::from_secs(60);

/// The longest that an API may ask to wait, all waits together.
const MAX_ASKED: Duration = Duration::from_secs(60 * 60);

/// How long to wait for an API that does not answer, and whom to tell.
#[derive(Clone, Copy)]
pub struct Patience {
    /// How long a call is repeated while the API is unavailable; with zero no call waits.
    pub total: Duration,
    /// Takes a sentence about each wait.
    pub report: fn(&str),
}

impl Patience {
    /// Calls until it succeeds, or until another call would not help.
    ///
    /// # Errors
    ///
    /// The error of the last call.
    pub fn call<T>(&self, mut call: impl FnMut() -> Result<T, Error>) -> Result<T, Error> {
        let begun = Instant::now();
        let (mut delay, mut asked, mut expired) = (FIRST_DELAY, Duration::ZERO, false);
        loop {
            let error = match call() {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let wait = match &error {
                // A new session begins with the next call.
                Error::Expired(_) if !expired => {
                    expired = true;
                    continue;
                }
                Error::RateLimited(delayed) if delayed.retry_after.is_some() => {
                    // Never without a pause: an API may ask for 0 seconds.
                    let wait = seconds(delayed.retry_after).max(FIRST_DELAY);
                    asked = asked.saturating_add(wait);
                    (asked <= MAX_ASKED && !self.total.is_zero()).then_some(wait)
                }
                Error::RateLimited(delayed) | Error::Unavailable(delayed) => {
                    let wait = seconds(delayed.retry_after).max(delay);
                    delay = (delay * 2).min(MAX_DELAY);
                    let spent = begun.elapsed().saturating_sub(asked);
                    (spent.saturating_add(wait) <= self.total).then_some(wait)
                }
                _ => None,
            };
            let Some(wait) = wait else {
                return Err(error);
            };
            let why = crate::to_text(&error);
            (self.report)(&format!(
                "trying again in {:.1} s: {why}",
                wait.as_secs_f64()
            ));
            thread::sleep(wait);
        }
    }
}

fn seconds(retry_after: Option<u64>) -> Duration {
    Duration::from_secs(retry_after.unwrap_or(0))
}
