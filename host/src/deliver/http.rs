//! Events to any intake that takes them by POST: Vector, Logstash, Splunk's HTTP event collector, and others.

use std::io::{self, Write};
use std::sync::atomic::AtomicU64;

use async_trait::async_trait;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{self, HeaderValue};
use tracing::warn;
use url::Url;

use crate::config::{self, BodyFormat, HeaderText};
use crate::contract::bindings::inventory::connector::types::Event;
use crate::deliver::batches::{Bounds, batches};
use crate::deliver::bisect::{self, BatchOutcome, Intake, Refusals, SentBatch};
use crate::deliver::destination::{Delivered, Destination, lines};
use crate::deliver::error::DeliverError;
use crate::deliver::exchange::{Exchange, Posted};
use crate::stop::Stop;

/// The `User-Agent` of requests, unless the operator sets another one.
const AGENT: &str = concat!("asset-host/", env!("CARGO_PKG_VERSION"));

/// An intake.
pub(crate) struct Http {
    exchange: Exchange,
    refusals: Refusals,
    url: Url,
    format: BodyFormat,
    gzip: bool,
    bounds: Bounds,
}

impl Http {
    /// Prepares to deliver, and reads the secrets of the headers; makes no request. With `accept_rejects`, every event
    /// that is refused alone is a reject.
    ///
    /// # Errors
    ///
    /// When a secret cannot be read or used, or the HTTP client cannot be set up.
    pub(crate) fn open(
        config: &config::Http,
        stop: &Stop,
        accept_rejects: bool,
    ) -> Result<Self, DeliverError> {
        let mut exchange = Exchange::new(
            &config.url,
            config.ca_file.as_deref(),
            config.timeouts,
            config.retry,
            stop,
        )?;
        if config.allow_plain_http {
            warn!(
                destination = exchange.place(),
                "allow_plain_http is on: events, which name machines and persons, may go unencrypted"
            );
        }
        exchange.header(header::USER_AGENT, HeaderValue::from_static(AGENT));
        let (media_type, around) = match config.format {
            BodyFormat::Ndjson => ("application/x-ndjson", 0),
            // Two brackets, and one comma less than there are events.
            BodyFormat::Array => ("application/json", 1),
        };
        exchange.header(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        if config.gzip {
            exchange.header(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        for header in &config.headers {
            let name = header.name.clone();
            match &header.text {
                HeaderText::Plain(value) => exchange.quiet_header(name, value.clone()),
                HeaderText::Secret { prefix, secret } => {
                    exchange.secret_header(name, prefix, secret)?;
                }
            }
        }
        Ok(Self {
            exchange,
            refusals: Refusals::new(accept_rejects),
            url: config.url.clone(),
            format: config.format,
            gzip: config.gzip,
            bounds: Bounds {
                events: config.batch_events,
                bytes: config.batch_bytes,
                around,
            },
        })
    }

    /// The body of a request, before it is compressed.
    fn body(&self, events: &[Event]) -> Vec<u8> {
        let events = events.iter().map(|event| event.json.as_str());
        match self.format {
            BodyFormat::Ndjson => lines(events),
            BodyFormat::Array => {
                let events: Vec<&str> = events.collect();
                format!("[{}]", events.join(",")).into_bytes()
            }
        }
    }
}

#[async_trait]
impl Destination for Http {
    async fn deliver(
        &self,
        events: &[Event],
        retries: &AtomicU64,
    ) -> Result<Delivered, DeliverError> {
        let lengths: Vec<usize> = events.iter().map(|event| event.json.len()).collect();
        let batches = batches(&lengths, self.bounds);
        bisect::deliver(self, &self.refusals, events, batches, retries).await
    }
}

#[async_trait]
impl Intake for Http {
    async fn send<'a>(
        &'a self,
        events: &'a [Event],
        retries: &'a AtomicU64,
    ) -> Result<SentBatch<'a>, DeliverError> {
        let mut body = self.body(events);
        if self.gzip {
            body = compressed(&body).map_err(|error| DeliverError::of(self.place(), error))?;
        }
        let posted = self.exchange.post(&self.url, body, events, retries).await?;
        Ok(SentBatch::Settled(match posted {
            Posted::Accepted(_) => BatchOutcome::Accepted,
            Posted::Refused(reason) => BatchOutcome::Refused(reason),
        }))
    }

    fn place(&self) -> &str {
        self.exchange.place()
    }
}

fn compressed(body: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body)?;
    encoder.finish()
}

#[cfg(test)]
mod tests;
