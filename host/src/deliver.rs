//! Where events and rejects go: one file for each kind of destination.
//!
//! A destination confirms: once `deliver` returns, the events are where the operator wants them, and the
//! cursor behind them may be stored.
//!
//! What `sekoia` and `http` have in common: `batches` cuts a page into requests, `bisect` sends them and finds
//! the events that are refused, `exchange` makes one request until its outcome is known, `answer` judges the answer, and
//! `complaint` finds in its body that not everything was taken.

use std::sync::Arc;

mod answer;
mod batches;
mod bisect;
mod complaint;
mod destination;
mod error;
mod exchange;
mod fields;
mod file;
mod http;
mod line_file;
pub(crate) mod rejects;
mod reopen_signal;
pub(crate) mod retry;
mod sekoia;
mod stdout;
#[cfg(test)]
pub(crate) mod test_server;

pub(crate) use self::destination::{Delivered, Destination, Discard};
pub(crate) use self::error::DeliverError;
pub(crate) use self::reopen_signal::ReopenSignal;

use self::file::File;
use self::http::Http;
use self::sekoia::Sekoia;
use self::stdout::Stdout;

use crate::config;
use crate::stop::Stop;

/// What the flags of a run mean for its deliveries.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct DeliveryOptions {
    /// Whether an event that the destination refuses alone is a reject even if it takes no other event.
    pub accept_rejects: bool,
    /// Whether nothing is stored of what is delivered.
    pub preview: bool,
}

/// Opens the destination of an account, and reads its secrets; sends and writes nothing. A file is opened again after
/// each `reopen` signal. Once `stop` is requested, the destination waits for answers only, not to try again.
///
/// # Errors
///
/// When its file cannot be opened, created or repaired, or is not a file of events; when standard output leads nowhere
/// or to a terminal; when a secret cannot be read or used; when the HTTP client cannot be set up.
pub(crate) fn open(
    destination: &config::Destination,
    reopen: &ReopenSignal,
    stop: &Stop,
    options: DeliveryOptions,
) -> Result<Arc<dyn Destination>, DeliverError> {
    Ok(match destination {
        config::Destination::Stdout => Arc::new(Stdout::open(options.preview)?),
        config::Destination::File { path } => Arc::new(File::open(path, reopen.clone())?),
        config::Destination::Sekoia(sekoia) => {
            Arc::new(Sekoia::open(sekoia, stop, options.accept_rejects)?)
        }
        config::Destination::Http(http) => {
            Arc::new(Http::open(http, stop, options.accept_rejects)?)
        }
    })
}
