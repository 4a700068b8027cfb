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
    /// Whether all events are confirmed and none is kept: for `--dry-run`.
    pub discard: bool,
}

/// Where the events of an account go; what its sources share is set up once.
pub(crate) struct Receiver {
    /// The table that names it, for messages.
    key: String,
    stop: Stop,
    kind: Kind,
}

enum Kind {
    Discard,
    Stdout(Arc<File>),
    File(FileConfig),
    Http(Arc<Http>),
}

impl Receiver {
    /// Returns until when the destination waits to try again.
    pub(crate) fn waiting(&self) -> Waiting {
        match &self.kind {
            Kind::Http(http) => http.waiting(),
            _ => Waiting::default(),
        }
    }

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
        let key = format!("account.{}.deliver", account.name);
        let kind = match &account.deliver {
            _ if options.discard => Kind::Discard,
            DestinationConfig::Stdout => {
                let file = stdout::open(options.preview);
                Kind::Stdout(file.map_err(|why| why.at(&key))?)
            }
            DestinationConfig::File(config) => {
                file::check_folder(&config.folder()).map_err(|why| why.at(&key))?;
                Kind::File(config.clone())
            }
            DestinationConfig::Http(config) => {
                let http = Http::open(account, config, stop, options.accept_rejects)?;
                Kind::Http(Arc::new(http))
            }
        };
        let stop = stop.clone();
        Ok(Self { key, stop, kind })
    }

    /// Returns the destination of a source of the account. Its file is opened at the first event, and closed once no
    /// source of this process delivers to it.
    pub(crate) fn for_source(&self, source: &SourceName<'_>) -> Destination {
        let file = match &self.kind {
            Kind::Discard => return Destination::Discard,
            Kind::Http(http) => return Destination::Http(http.for_source(source)),
            Kind::Stdout(file) => Arc::clone(file),
            Kind::File(config) => {
                let path = config.path(source);
                file::shared(&path, || File::new(&path, &config.folder()))
            }
        };
        Destination::File {
            key: self.key.clone(),
            stop: self.stop.clone(),
            file,
        }
    }
}

/// Takes the events of a source, one page at a time.
pub(crate) enum Destination {
    /// Confirms all events and keeps none.
    Discard,
    File {
        /// The table that names it, for messages.
        key: String,
        stop: Stop,
        file: Arc<File>,
    },
    Http(Arc<Http>),
}

impl Destination {
    /// Delivers events and returns once each of them is confirmed or refused for good. After an error some of the events
    /// may have arrived; all of them are to be delivered again.
    pub(crate) async fn deliver(&self, events: &[Event]) -> Delivery {
        let result = match self {
            Self::Http(http) => return http.deliver(events).await,
            Self::File { key, stop, file } => {
                let delivered = file.deliver(events, stop).await;
                delivered.map_err(|why| why.at(key))
            }
            Self::Discard => Ok(()),
        };
        Delivery {
            result: result.map(|()| Vec::new()),
            retries: 0,
        }
    }
}
