//! The names of streams and subjects.

use crate::state::change::device_key;
use crate::text::hex::hex;

/// The name of the consumer that hands out ticks.
pub(super) const CONSUMER: &str = "replicas";

/// Returns the name of an account or a source as a token of a subject.
pub(super) fn token(name: &str) -> String {
    hex(&device_key(name))
}

/// Returns the name of the stream of the state.
pub(super) fn state(prefix: &str) -> String {
    format!("{prefix}-state")
}

/// Returns the name of the stream of ticks.
pub(super) fn work(prefix: &str) -> String {
    format!("{prefix}-work")
}

/// Returns what the subjects of an account's state begin with.
pub(super) fn account(prefix: &str, account: &str) -> String {
    format!("{prefix}.state.{}", token(account))
}

/// Returns the subject of an account's tick.
pub(super) fn tick(prefix: &str, account: &str) -> String {
    format!("{prefix}.work.{}", token(account))
}
