//! Events to an intake that takes them by POST: Vector, Logstash, Splunk's HTTP event collector, Sekoia.io, and others.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use tracing::warn;

use crate::config::{Account, Format, HttpConfig};
use crate::contract::bindings::inventory::connector::types::Event;
use crate::deliver::answer::INCOMPLETE_ADVICE;
use crate::deliver::batches::batches;
use crate::deliver::bisect::{self, Intake, Outcome, Refusals, Sent, Task};
use crate::deliver::destination::{Delivery, lines};
use crate::deliver::error::DeliverError;
use crate::deliver::exchange::Exchange;
use crate::deliver::sekoia;
use crate::stop::Stop;

/// An intake.
pub(crate) struct Http {
    exchange: Exchange,
    refusals: Refusals,
}

impl Http {
    /// Prepares to deliver, and reads the secrets of the headers; makes no request. With `accept_rejects`, every event
    /// that is refused alone is a reject.
    ///
    /// # Errors
    ///
    /// When a secret cannot be read or used, or the HTTP client cannot be set up.
    pub(super) fn open(
        account: &Account,
        config: &HttpConfig,
        stop: &Stop,
        accept_rejects: bool,
    ) -> Result<Self, DeliverError> {
        let exchange = Exchange::new(account, config, stop)?;
        if config.allow_plain_http && config.url.scheme() == "http" {
            warn!(
                destination = exchange.place,
                "allow_plain_http is on: events, which name machines and persons, may go unencrypted"
            );
        }
        Ok(Self {
            exchange,
            refusals: Refusals::new(accept_rejects),
        })
    }

    /// Delivers events in batches.
    pub(super) async fn deliver(&self, events: &[Event]) -> Delivery {
        let lengths = events.iter().map(|event| event.json.len());
        let config = &self.exchange.config;
        // Less the brackets of an array.
        let max_bytes = config.batch_bytes.saturating_sub(2);
        let batches = batches(lengths, config.batch_events, max_bytes);
        bisect::deliver(self, &self.refusals, events, batches).await
    }
}

impl Intake for Http {
    async fn send(&self, events: &[Event], retries: &mut u64) -> Result<Sent, DeliverError> {
        let config = &self.exchange.config;
        let mut body = body(&config.format, events);
        if config.gzip {
            body = compressed(&body).map_err(|error| DeliverError::io(self.place(), &error))?;
        }
        let reply = match self.exchange.post(body, events, retries).await? {
            Ok(reply) => reply,
            Err(reason) => return Ok(Sent::Settled(Err(reason))),
        };
        let sent = match config.format {
            Format::Ndjson | Format::Array => Some(Sent::Settled(Ok(()))),
            Format::Sekoia(_) => sekoia::accepted(&reply.body),
        };
        sent.ok_or_else(|| {
            DeliverError::unconfirmed(
                format_args!(
                    "{} answered {}, but its body is not the JSON object that the platform answers with",
                    self.place(),
                    self.exchange.reason(&reply, events)
                ),
                INCOMPLETE_ADVICE,
            )
        })
    }

    async fn task_outcome(&self, task: Task, events: &[Event]) -> Result<Outcome, DeliverError> {
        match &self.exchange.config.format {
            Format::Sekoia(tasks) => {
                sekoia::task_outcome(&self.exchange, tasks, task, events).await
            }
            Format::Ndjson | Format::Array => Ok(Ok(())),
        }
    }

    fn place(&self) -> &str {
        &self.exchange.place
    }
}

/// Returns the body of a request, before it is compressed.
fn body(format: &Format, events: &[Event]) -> Vec<u8> {
    let array = |before: &str, after: &str| {
        let events: Vec<&str> = events.iter().map(|event| event.json.as_str()).collect();
        format!("{before}[{}]{after}", events.join(",")).into_bytes()
    };
    match format {
        Format::Ndjson => lines(events),
        Format::Array => array("", ""),
        Format::Sekoia(_) => array("{\"version\":1,\"items\":", "}"),
    }
}

fn compressed(body: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body)?;
    encoder.finish()
}

#[cfg(test)]
mod tests;
