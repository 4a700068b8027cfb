//! Where events and rejects go.
//!
//! A destination confirms: once `deliver` returns, the events are where the operator wants them, and the cursor behind
//! them may be stored.
//!
//! `file` writes lines to a file or to standard output. `http` sends them to an intake: `batches` cuts a page into
//! requests, `bisect` finds the events that are refused, `exchange` makes one request until its outcome is known,
//! `answer` judges the answer, and `body` finds in it that not everything was taken. A format of the intake
//! is a body in `http`, and a file of its own where its answers need one, as `bulk`, `hec` and `sekoia` do.

mod answer;
mod batches;
mod bisect;
mod body;
mod bulk;
mod destination;
mod error;
mod exchange;
mod file;
mod hec;
mod http;
mod line_file;
pub(crate) mod rejects;
pub(crate) mod retry;
mod sekoia;
mod stdout;
#[cfg(test)]
pub(crate) mod test_server;
pub(crate) mod waiting;

pub(crate) use self::destination::{Delivery, Refused};
pub(crate) use self::error::DeliverError;

use crate::config::{Account, DestinationConfig};
use crate::contract::bindings::inventory::connector::types::Event;
use crate::deliver::file::File;
use crate::deliver::http::Http;
use crate::deliver::waiting::Waiting;
use crate::stop::Stop;

/// What the flags of a run mean for its deliveries.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct DeliveryOptions {
    /// Whether an event that the destination refuses alone is a reject even if it takes no other event.
    pub accept_rejects: bool,
    /// Whether nothing is stored of what is delivered.
    pub preview: bool,
}

/// Takes events, one page at a time. Several sources of an account may deliver at once.
pub(crate) enum Destination {
    /// Confirms all events and keeps none: for `collect --dry-run`.
    Discard,
    File(File),
    Http(Box<Http>),
}

impl Destination {
    /// Returns until when the destination waits to try again.
    pub(crate) fn waiting(&self) -> Waiting {
        match self {
            Self::Http(http) => http.waiting(),
            Self::File(_) | Self::Discard => Waiting::default(),
        }
    }

    /// Opens the destination of an account, and reads its secrets; sends and writes nothing. Once `stop` is requested,
    /// the destination waits for answers only, not to try again.
    ///
    /// # Errors
    ///
    /// When its file cannot be opened, created or repaired, or is not a file of events; when standard output leads
    /// nowhere or to a terminal; when a secret cannot be read or used; when the HTTP client cannot be set up.
    pub(crate) fn open(
        account: &Account,
        stop: &Stop,
        options: DeliveryOptions,
    ) -> Result<Self, DeliverError> {
        Ok(match &account.deliver {
            DestinationConfig::Stdout => Self::File(stdout::open(options.preview)?),
            DestinationConfig::File { path } => Self::File(File::open(path)?),
            DestinationConfig::Http(config) => {
                let http = Http::open(account, config, stop, options.accept_rejects)?;
                Self::Http(Box::new(http))
            }
        })
    }

    /// Delivers events and returns once each of them is confirmed or refused for good. After an error some of the events
    /// may have arrived; all of them are to be delivered again.
    pub(crate) async fn deliver(&self, events: &[Event]) -> Delivery {
        let result = match self {
            Self::Http(http) => return http.deliver(events).await,
            Self::File(file) => file.deliver(events),
            Self::Discard => Ok(()),
        };
        Delivery {
            result: result.map(|()| Vec::new()),
            retries: 0,
        }
    }
}
