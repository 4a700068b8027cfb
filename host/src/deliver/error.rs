//! Why events were not confirmed: what happened, where, and what to do.
//!
//! A place on the network is named by its origin alone, since paths and queries of an intake may be as good as secrets.
//! Each message holds its cause, so none is a source of the error, which would be printed twice.

use std::io;
use std::path::PathBuf;

use crate::config::secret_source::SecretError;
use crate::network::error::ClientError;

/// Why events were not confirmed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DeliverError {
    /// The destination did not take the page, or it is not known whether it did.
    #[error(
        "{what}: the current page is not confirmed and is sent again in the next run; {advice}"
    )]
    Unconfirmed {
        /// What happened, with the destination.
        what: String,
        /// What the operator can do about it.
        advice: &'static str,
    },
    /// The run was asked to stop while the destination was waited for.
    #[error(
        "stopped while waiting for {place}: the current page is not confirmed and is sent again in the next run"
    )]
    Stopped { place: String },
    /// The reader has gone (EPIPE).
    #[error(
        "{place} was closed by its reader: the current page is not confirmed and is sent again in the next run"
    )]
    Closed { place: String },
    /// There is no room, by the disk, a quota or a limit on the file's size.
    #[error(
        "no room to write to {place} ({why}): free some space, and the next run continues from here"
    )]
    Full { place: String, why: io::Error },
    /// The file cannot be opened or created.
    #[error("cannot open {} to append events: {why}; its folder must exist and be writable", path.display())]
    Open { path: PathBuf, why: io::Error },
    /// The file has content and its last whole line is not an event, so it is not a file of events.
    #[error(
        "{} is not a file of events, as its last whole line is not a JSON object or it has no whole line, and nothing \
         was written to it: name another file in account.NAME.deliver.path, or, if it holds nothing but an event that \
         an interrupted write left without its end, remove it, as that event is sent again",
        path.display()
    )]
    NotEvents { path: PathBuf },
    /// Standard output leads nowhere.
    #[error(
        "standard output is closed or /dev/null, so the events would be lost: redirect it to a file or a pipe, or \
         write to = \"file\" and a path into account.NAME.deliver"
    )]
    Nowhere,
    /// Standard output is a terminal.
    #[error(
        "standard output is a terminal, which keeps no events: redirect it to a file or a pipe, write \
         to = \"file\" and a path into account.NAME.deliver, or look at some events with --limit 10, which stores \
         nothing"
    )]
    Terminal,
    /// Anything else that the system reports.
    #[error("cannot write to {place}: {why}")]
    Io { place: String, why: io::Error },
    /// A secret cannot be read.
    #[error("{key}: {why}")]
    Secret { key: String, why: SecretError },
    /// A secret cannot be sent in a header.
    #[error(
        "{key}: the secret holds a line break or another character that a header cannot have: take it out \
         of the secret"
    )]
    NotAHeader { key: String },
    /// The HTTP client cannot be set up.
    #[error("cannot deliver to {place}: {why}")]
    Client { place: String, why: ClientError },
}

impl DeliverError {
    /// Sorts what the system reports about writing to `place` by what to do about it.
    pub(super) fn of(place: impl Into<String>, why: io::Error) -> Self {
        let place = place.into();
        match why.kind() {
            io::ErrorKind::BrokenPipe => Self::Closed { place },
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => Self::Full { place, why },
            _ => Self::Io { place, why },
        }
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
            let message = DeliverError::of("events.ndjson", kind.into()).to_string();
            assert!(message.contains(part), "{message}");
            assert!(message.contains("events.ndjson"), "{message}");
        }
    }
}
