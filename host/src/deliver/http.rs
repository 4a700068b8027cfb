//! Events to an intake that takes them by POST: Vector, Logstash, Splunk's HTTP event collector, Sekoia.io, and others.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::SystemTime;

use flate2::Compression;
use flate2::write::GzEncoder;
use tracing::warn;

use crate::config::{Account, Format, HttpConfig, SourceName};
use crate::contract::bindings::inventory::connector::types::Event;
use crate::deliver::answer::{INCOMPLETE_ADVICE, Reply, Verdict};
use crate::deliver::batches::{FRAME, batches};
use crate::deliver::bisect::{self, Intake, Outcome, Refusals, Sent, Task};
use crate::deliver::destination::{Delivery, lines};
use crate::deliver::error::DeliverError;
use crate::deliver::exchange::Exchange;
use crate::deliver::waiting::Waiting;
use crate::deliver::{bulk, hec, sekoia};
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

    /// Returns the intake for the events of a source: another one, which may refuse what this one takes, if the URL or
    /// the headers have placeholders.
    pub(super) fn for_source(self: &Arc<Self>, source: &SourceName<'_>) -> Arc<Self> {
        match self.exchange.config.has_placeholders() {
            true => Arc::new(Self {
                exchange: self.exchange.for_source(source),
                refusals: self.refusals.renewed(),
            }),
            false => Arc::clone(self),
        }
    }

    /// Delivers events in batches.
    pub(super) async fn deliver(&self, events: &[Event]) -> Delivery {
        let config = &self.exchange.config;
        let frame = match config.format {
            Format::Ndjson | Format::Array | Format::Sekoia(_) => 0,
            _ => FRAME,
        };
        let lengths = events.iter().map(|event| event.json.len() + frame);
        // Less the brackets of an array.
        let max_bytes = config.batch_bytes.saturating_sub(2);
        let batches = batches(lengths, config.batch_events, max_bytes);
        bisect::deliver(self, &self.refusals, events, batches).await
    }

    /// Returns until when it waits to try again.
    pub(super) fn waiting(&self) -> Waiting {
        self.exchange.waiting.clone()
    }
}

impl Intake for Http {
    async fn send(&self, events: &[Event], retries: &mut u64) -> Result<Sent, DeliverError> {
        let format = &self.exchange.config.format;
        let judge = |reply: &Reply, sent| judge(format, reply, sent);
        let encode = |events: &[Event]| {
            let body = body(format, events).and_then(|body| match self.exchange.config.gzip {
                true => compressed(&body),
                false => Ok(body),
            });
            body.map_err(|error| DeliverError::io(self.place(), &error))
        };
        let posted = self.exchange.post(events, encode, judge, retries).await?;
        let (reply, refused) = match posted {
            Ok(posted) => posted,
            Err(reason) => return Ok(Sent::Settled(Err(reason))),
        };
        let sent = match format {
            Format::Sekoia(_) => sekoia::accepted(&reply.body),
            _ => Some(Sent::Settled(Ok(refused))),
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
            _ => Ok(Ok(Vec::new())),
        }
    }

    fn place(&self) -> &str {
        &self.exchange.place
    }
}

/// Returns the body of a request, before it is compressed.
fn body(format: &Format, events: &[Event]) -> io::Result<Vec<u8>> {
    let array = |before: &str, after: &str| {
        let events: Vec<&str> = events.iter().map(|event| event.json.as_str()).collect();
        format!("{before}[{}]{after}", events.join(",")).into_bytes()
    };
    Ok(match format {
        Format::Array => array("", ""),
        Format::ElasticsearchBulk => bulk::body(false, events)?,
        Format::ElasticsearchBulkCreate => bulk::body(true, events)?,
        Format::SplunkHec => hec::body(events)?,
        Format::Sekoia(_) => array("{\"version\":1,\"items\":", "}"),
        Format::Ndjson => lines(events),
    })
}

fn compressed(body: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body)?;
    encoder.finish()
}

fn judge(format: &Format, reply: &Reply, sent: usize) -> Verdict {
    let now = SystemTime::now();
    match format {
        Format::ElasticsearchBulk => bulk::judge(false, reply, sent, now),
        Format::ElasticsearchBulkCreate => bulk::judge(true, reply, sent, now),
        Format::SplunkHec => hec::judge(reply, sent, now),
        Format::Ndjson | Format::Array | Format::Sekoia(_) => reply.judge(sent, now),
    }
}

#[cfg(test)]
mod tests;
