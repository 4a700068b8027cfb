//! The names of streams and subjects.

use crate::state::change::device_key;
use crate::text::hex::hex;

/// The name of the consumer that hands out ticks.
pub(super) const CONSUMER: &str = "replicas";

/// Returns a name as a token of a subject.
pub(super) fn token(name: &str) -> String {
    hex(&device_key(name))
}

/// Returns the name of the stream of the state.
pub(super) fn state_stream(prefix: &str) -> String {
    format!("{prefix}-state")
}

/// Returns the name of the stream of ticks.
pub(super) fn work_stream(prefix: &str) -> String {
    format!("{prefix}-work")
}

/// Returns the subject of an account's tick.
pub(super) fn tick(prefix: &str, account: &str) -> String {
    format!("{prefix}.work.{}", token(account))
}

/// The subjects of one account.
#[derive(Debug)]
pub(super) struct Subjects {
    account: String,
}

impl Subjects {
    pub(super) fn of(prefix: &str, account: &str) -> Self {
        let account = format!("{prefix}.state.{}", token(account));
        Self { account }
    }

    /// Returns the subject of the account's record.
    pub(super) fn record(&self) -> String {
        format!("{}.acc", self.account)
    }

    /// Returns the subject of a source's record.
    pub(super) fn source(&self, source: &str) -> String {
        format!("{}.cur.{}", self.account, token(source))
    }

    /// Returns the subject of a source's fingerprints.
    pub(super) fn fingerprints(&self, source: &str) -> String {
        format!("{}.fp.{}", self.account, token(source))
    }

    /// Returns the filter of the records of all sources.
    pub(super) fn sources(&self) -> String {
        format!("{}.cur.*", self.account)
    }

    /// Returns the filter of everything that is stored of the account.
    pub(super) fn all(&self) -> String {
        format!("{}.>", self.account)
    }
}
