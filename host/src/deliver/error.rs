//! Why events were not confirmed: what happened, where, and what to do.
//!
//! A place on the network is named by its origin alone, since paths and queries of an intake may be as good as secrets.

use std::fmt::Display;
use std::io;

use crate::network::error::cannot_open;

/// What follows from a page that is not confirmed.
const NOT_CONFIRMED: &str = "the current page is not confirmed and is sent again in the next run";

/// Why events were not confirmed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DeliverError {
    /// The run was asked to stop while the destination was waited for.
    #[error("stopped while waiting for {0}: {NOT_CONFIRMED}")]
    Stopped(String),
    /// Anything else, as a sentence with the place and what to do.
    #[error("{0}")]
    Failed(String),
}

impl DeliverError {
    /// Returns the error of a destination that did not take the page, or of which it is not known whether it did.
    pub(super) fn unconfirmed(what: impl Display, advice: &str) -> Self {
        Self::Failed(format!("{what}: {NOT_CONFIRMED}; {advice}"))
    }

    /// Returns what the system reports about writing to `place`, with what to do about it.
    pub(super) fn io(place: impl Display, why: &io::Error) -> Self {
        Self::Failed(match why.kind() {
            io::ErrorKind::BrokenPipe => {
                format!("{place} was closed by its reader: {NOT_CONFIRMED}")
            }
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => format!(
                "no room to write to {place} ({why}): free some space, and the next run continues from here"
            ),
            _ => format!(
                "cannot write to {place}: {}",
                cannot_open(why, "; check what is there, its permissions and its disk")
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_sorted_by_what_to_do() {
        for (kind, part) in [
            (io::ErrorKind::BrokenPipe, "closed by its reader"),
            (io::ErrorKind::StorageFull, "free some space"),
            (io::ErrorKind::QuotaExceeded, "free some space"),
            (io::ErrorKind::FileTooLarge, "free some space"),
            (io::ErrorKind::Other, "cannot write to events.ndjson"),
        ] {
            let message = DeliverError::io("events.ndjson", &kind.into()).to_string();
            assert!(message.contains(part), "{message}");
            assert!(message.contains("events.ndjson"), "{message}");
        }
    }

    #[test]
    fn too_many_open_files_are_no_reason_to_look_at_the_disk() {
        for limit in [rustix::io::Errno::MFILE, rustix::io::Errno::NFILE] {
            let message = DeliverError::io("events.ndjson", &limit.into()).to_string();
            assert!(
                message.contains("ulimit -n") && message.contains("LimitNOFILE"),
                "{message}"
            );
            assert!(!message.contains("permissions"), "{message}");
        }
    }
}
