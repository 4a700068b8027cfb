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

use std::sync::Arc;

use crate::config::{Account, DestinationConfig, FileConfig, SourceName};
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

/// Where the events of an account go; what its sources share is set up once.
pub(crate) enum Receiver {
    /// Nowhere: for `collect --dry-run`.
    Discard,
    Stdout(Arc<File>),
    Files(FileConfig, Stop),
    Http(Arc<Http>),
}

impl Receiver {
    /// Checks the destination of an account, and reads its secrets; opens no file, and sends and writes nothing. Once `stop`
    /// is requested, the destination waits for answers only, not to try again.
    ///
    /// # Errors
    ///
    /// When the folder of its files is missing; when standard output leads nowhere or to a terminal; when a secret cannot
    /// be read or used; when the HTTP client cannot be set up.
    pub(crate) fn open(
        account: &Account,
        stop: &Stop,
        options: DeliveryOptions,
    ) -> Result<Self, DeliverError> {
        Ok(match &account.deliver {
            DestinationConfig::Stdout => Self::Stdout(stdout::open(options.preview)?),
            DestinationConfig::File(files) => {
                file::check_folder(&files.folder(), &account.key("deliver", "path"))?;
                Self::Files(files.clone(), stop.clone())
            }
            DestinationConfig::Http(config) => {
                let http = Http::open(account, config, stop, options.accept_rejects)?;
                Self::Http(Arc::new(http))
            }
        })
    }

    /// Returns the destination of a source of the account. Its file is opened at the first event, and closed once no
    /// source of this process delivers to it.
    pub(crate) fn for_source(&self, source: &SourceName<'_>) -> Destination {
        match self {
            Self::Discard => Destination::Discard,
            Self::Stdout(file) => Destination::File(Arc::clone(file)),
            Self::Files(files, stop) => {
                let new = |path| File::new(path, files.folder(), Some(stop.clone()));
                Destination::File(file::shared(files.path(source), new))
            }
            Self::Http(http) => Destination::Http(http.for_source(source)),
        }
    }

    /// Returns until when the destination waits to try again.
    pub(crate) fn waiting(&self) -> Waiting {
        match self {
            Self::Http(http) => http.waiting(),
            _ => Waiting::default(),
        }
    }
}

/// Takes the events of a source, one page at a time.
pub(crate) enum Destination {
    /// Confirms all events and keeps none.
    Discard,
    File(Arc<File>),
    Http(Arc<Http>),
}

impl Destination {
    /// Delivers events and returns once each of them is confirmed or refused for good. After an error some of the events
    /// may have arrived; all of them are to be delivered again.
    pub(crate) async fn deliver(&self, events: &[Event]) -> Delivery {
        let result = match self {
            Self::Http(http) => return http.deliver(events).await,
            Self::File(file) => file.deliver(events).await,
            Self::Discard => Ok(()),
        };
        Delivery {
            result: result.map(|()| Vec::new()),
            retries: 0,
        }
    }
}
