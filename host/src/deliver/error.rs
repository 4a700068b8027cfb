//! Why events were not confirmed: what happened, where, and what to do.
//!
//! A place on the network is named by its origin alone: paths and queries of an intake may be as good as
//! secrets. Words of a destination in here have been through [`super::words`]. Each message holds its cause,
//! so none is a source of the error, which would be printed twice.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use http::StatusCode;

use crate::config::secret_source::SecretError;
use crate::network::client::ClientError;
use crate::units::duration;

/// The way out where a destination rightly refuses events that nothing can be compared with.
const ACCEPT_REJECTS: &str = "If these events are to be given up, `asset-host collect --accept-rejects` rejects them, for one run";

/// Why events were not confirmed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DeliverError {
    /// The reader has gone (EPIPE).
    #[error(
        "{place} was closed by its reader: the page in hand is not confirmed and comes again in the next run"
    )]
    Closed {
        /// The destination.
        place: String,
    },
    /// There is no room, by the disk, a quota or a limit on the file's size.
    #[error(
        "no room to write to {place} ({why}): free some space, and the next run goes on from here"
    )]
    Full {
        /// The destination.
        place: String,
        /// What the system reports.
        why: io::Error,
    },
    /// The file cannot be opened or created.
    #[error("cannot open {} to append events: {why}; its folder must exist and be writable", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system reports.
        why: io::Error,
    },
    /// The file has content and its last whole line is no event, so it is not a file of events.
    #[error(
        "{} is no file of events, as its last whole line is not a JSON object or it has no whole line, and nothing \
         was written to it: name another file in account.NAME.deliver.path, or, if it holds nothing but an event that \
         an interrupted write left without its end, remove it, as that event comes again",
        path.display()
    )]
    NotEvents {
        /// The file.
        path: PathBuf,
    },
    /// The file was removed each time that a page was written to it.
    #[error(
        "{} was removed again and again while a page was written to it: the page in hand is not confirmed and comes \
         again in the next run; rename the file to rotate it, and see which program removes it",
        path.display()
    )]
    Removed {
        /// The file.
        path: PathBuf,
    },
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
    Io {
        /// The destination.
        place: String,
        /// What the system reports.
        why: io::Error,
    },
    /// A secret's source gives none.
    #[error("{key}: {why}")]
    Secret {
        /// The secret's key in the configuration.
        key: String,
        /// Why not.
        why: SecretError,
    },
    /// A secret cannot stand in a header.
    #[error(
        "{key}: the secret holds a line break or another character that a header cannot have: take it out \
         of the secret"
    )]
    NotAHeader {
        /// The secret's key in the configuration.
        key: String,
    },
    /// There is no way to make requests.
    #[error("cannot deliver to {place}: {why}")]
    Client {
        /// The destination.
        place: String,
        /// Why not.
        why: ClientError,
    },
    /// The run was asked to stop while the destination was waited for.
    #[error(
        "stopped while {place} was waited for: the page in hand is not confirmed and comes again in the next run"
    )]
    Stopped {
        /// The destination.
        place: String,
    },
    /// The destination could not be reached, or answered that it cannot now, for as long as was to be tried.
    #[error(
        "{what}, and trying again did not help: the page in hand is not confirmed and comes again in the next \
         run; see whether the destination is up, and that account.NAME.deliver names it"
    )]
    Unavailable {
        /// What the last try came to, with the destination.
        what: String,
    },
    /// The destination asked for fewer requests, again and again.
    #[error(
        "{what}, again and again: the page in hand is not confirmed and comes again in the next run; raise \
         the limit there, or send larger batches"
    )]
    RateLimited {
        /// What the last try came to, with the destination.
        what: String,
    },
    /// The destination is not who it should be.
    #[error(
        "{place}: {why}; nothing was sent. See that the certificate is for this name and not outdated, and \
         that this system trusts who issued it, or `ca_file` in account.NAME.deliver names them"
    )]
    Untrusted {
        /// The destination.
        place: String,
        /// What is wrong.
        why: String,
    },
    /// The destination refuses the request, and would refuse any other.
    #[error(
        "{what}: the page in hand is not confirmed and comes again in the next run; {}",
        advice(*status)
    )]
    Denied {
        /// What it answered, with the destination.
        what: String,
        /// The status.
        status: StatusCode,
    },
    /// The destination is somewhere else.
    #[error(
        "{what}, and a redirect is never followed: name the address itself in account.NAME.deliver; the page \
         in hand is not confirmed and comes again in the next run"
    )]
    Redirected {
        /// What it answered, with the destination.
        what: String,
    },
    /// The destination says that it took the batch, and that it did not take all of it.
    #[error(
        "{what}: the page in hand is not confirmed and comes again in the next run, although events of it may \
         have arrived already. See at the destination why it did not take all of it and mend that there, or make \
         it answer 400 or 422 instead: then the events that it does not want are found, and they alone are set \
         aside"
    )]
    Incomplete {
        /// What it answered, with the destination.
        what: String,
    },
    /// The destination answers success with a body that is too long to see whether it took everything.
    #[error(
        "{what} with a body of more than 8 MiB, which is too long to see whether it took every event: the current \
         page is not confirmed and is sent again in the next run, although its events may have arrived. Make the \
         destination answer in short, or send smaller batches"
    )]
    AnswerTooLong {
        /// What it answered, with the destination.
        what: String,
    },
    /// The destination refuses one event after the other and takes none in between.
    #[error(
        "{place} refused {count} events, one by one, and took none in between (the last: {reason}): it is more likely \
         set up for something else, or out of order, than that all of them are wrong. The current page is not \
         confirmed, none of its events is rejected, and the next run sends it again; see account.NAME.deliver and what \
         the destination expects. {ACCEPT_REJECTS}"
    )]
    RefusesAll {
        /// The destination.
        place: String,
        /// How many.
        count: usize,
        /// What it said about the last.
        reason: String,
    },
    /// The destination refuses events, and has taken none in this run that could be sent again to see whether it works.
    #[error(
        "{place} refused {count} events and has taken none in this run to compare them with (the last: {reason}), so \
         it may be out of order or set up for something else. The current page is not confirmed, none of its events is \
         rejected, and the next run sends it again; see account.NAME.deliver and what the destination expects. \
         {ACCEPT_REJECTS}"
    )]
    NothingToCompare {
        /// The destination.
        place: String,
        /// How many.
        count: usize,
        /// What it said about the last.
        reason: String,
    },
    /// The destination refuses an event that it took before.
    #[error(
        "{place} now refuses an event that it took earlier in this run ({reason}): it is out of order, or was changed \
         meanwhile. The {count} events that it refused beside that one are not rejected, the current page is not \
         confirmed, and the next run sends it again; see what has changed at the destination"
    )]
    RefusesWhatItTook {
        /// The destination.
        place: String,
        /// How many other events were refused.
        count: usize,
        /// What it said about the event.
        reason: String,
    },
    /// The platform accepted a batch, and its task did not finish in time.
    #[error(
        "{place} accepted a batch of {count} events, but its task did not finish within task_wait ({}; {why}): the \
         current page is not confirmed and is sent again in the next run. See at the platform why the task takes so \
         long or cannot be queried, or raise task_wait in account.NAME.deliver",
        duration::format(*wait)
    )]
    TaskUnfinished {
        /// The platform.
        place: String,
        /// How many events the batch has.
        count: usize,
        /// `task_wait`
        wait: Duration,
        /// What the last query gave.
        why: String,
    },
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

/// What to do about a request that is refused.
fn advice(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            "see that the key or the headers in account.NAME.deliver are right and may write there"
        }
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::GONE => {
            "see that account.NAME.deliver names the right address"
        }
        StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
            "put the name and the password for the proxy into HTTPS_PROXY"
        }
        StatusCode::UNSUPPORTED_MEDIA_TYPE | StatusCode::NOT_ACCEPTABLE => {
            "see which form of a body it takes, and set `format`, `gzip` and `headers` in \
             account.NAME.deliver to that"
        }
        _ => "see at the destination what it asks for",
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
