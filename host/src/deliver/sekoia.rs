//! Events to the asset connector of a Sekoia.io platform.
//!
//! The platform only accepts a batch at first, and ingests it afterwards in a task. Where the answer names that
//! task, the batch is confirmed once the task has ended well. (Source: sekoia-automation-sdk 1.27.0 on PyPI,
//! `asset_connector`, whose own connector goes on before the task ends.)
//!
//! The batches of a page are handed over one behind the other, and then their tasks are waited for: each has
//! `task_wait` from when it was accepted.
//!
//! A task that cannot be asked about, or that does not end in time, is no reason to send again what was
//! accepted: a platform that is behind would only get more to do. Its batch counts as delivered, with a warning.

use std::ops::Range;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use http::StatusCode;
use http::header::{self, HeaderValue};
use serde_json::Value;
use tracing::warn;
use url::Url;

use super::answer::fields;
use super::batches::{Bounds, batches};
use super::exchange::{Exchange, Posted};
use super::halving::{self, Intake, Record, Sent};
use super::{DeliverError, Delivered, Destination, words};
use crate::bindings::inventory::connector::types::Event;
use crate::config;
use crate::duration;
use crate::http_client::Answer;
use crate::stop::Stop;

/// The pauses between two questions about a task grow to this many times the first.
const LONGEST_POLL: u32 = 5;

/// The asset connector of a Sekoia.io platform.
pub struct Sekoia {
    exchange: Exchange,
    record: Record,
    /// Where batches go.
    url: Url,
    /// Below which the tasks are.
    base: Url,
    batch: usize,
    task_wait: Duration,
    task_poll: Duration,
}

/// A batch that the platform was given.
pub(super) enum Handed {
    /// Its fate is known.
    Settled(Sent),
    /// It was accepted, and is ingested once this task has ended well.
    Task {
        /// The platform's id of the task.
        id: String,
        /// When it was accepted.
        began: Instant,
    },
}

/// Where a task stands.
#[derive(Debug, PartialEq, Eq)]
enum Task {
    /// It has ended well.
    Finished,
    /// It goes on, or its answer cannot be read.
    Running,
    /// It has ended otherwise; holds what is said about it.
    Failed(String),
    /// There is no telling.
    Unknown,
}

impl Sekoia {
    /// Makes ready to deliver, and reads the key. Nothing is asked for.
    ///
    /// # Errors
    ///
    /// When the key cannot be read or used, or there is no way to make requests.
    pub fn open(config: &config::Sekoia, stop: &Stop) -> Result<Self, DeliverError> {
        let mut exchange = Exchange::new(
            &config.base,
            config.ca_file.as_deref(),
            config.timeouts,
            config.retry,
            stop,
        )?;
        exchange.secret_header(header::AUTHORIZATION, "Bearer ", &config.api_key)?;
        exchange.header(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        if let Ok(agent) =
            HeaderValue::from_str(&format!("sekoiaio-asset-connector-{}", config.uuid))
        {
            exchange.header(header::USER_AGENT, agent);
        }
        let connector = ["api", "v2", "asset-management", "asset-connector"];
        Ok(Self {
            exchange,
            record: Record::default(),
            url: below(
                &config.base,
                connector.into_iter().chain([config.uuid.as_str()]),
            ),
            base: config.base.clone(),
            batch: config.batch,
            task_wait: config.task_wait,
            task_poll: config.task_poll,
        })
    }

    /// Waits until a task ends that began at this time.
    async fn ended(&self, id: &str, began: Instant, events: &[Event]) -> Sent {
        let url = below(&self.base, ["api", "v1", "tasks", id]);
        let mut pause = self.task_poll;
        loop {
            let unanswered = match self.exchange.get(&url).await {
                Ok(answer) => match task(&answer) {
                    Task::Finished => return Sent::Accepted,
                    Task::Failed(said) => {
                        return Sent::Refused(self.exchange.safe(&said, events));
                    }
                    Task::Unknown => {
                        warn!(
                            destination = self.exchange.place(),
                            "a batch of {} events was accepted, and {} answers the question whether it was \
                             ingested: it counts as delivered",
                            events.len(),
                            answer.status
                        );
                        return Sent::Accepted;
                    }
                    Task::Running => None,
                },
                Err(fault) => Some(fault.to_string()),
            };
            let left = self.task_wait.saturating_sub(began.elapsed());
            if left.is_zero() {
                warn!(
                    destination = self.exchange.place(),
                    "a batch of {} events was accepted, and after {} it is not known to be ingested ({}): it \
                     counts as delivered; task_wait in account.NAME.deliver tells how long to wait",
                    events.len(),
                    duration::format(self.task_wait),
                    unanswered.as_deref().unwrap_or("its task has not ended")
                );
                return Sent::Accepted;
            }
            // The page in hand is to be finished, also where the run is asked to stop.
            tokio::time::sleep(pause.min(left)).await;
            pause = next_pause(pause, self.task_poll);
        }
    }
}

#[async_trait]
impl Destination for Sekoia {
    async fn deliver(
        &self,
        events: &[Event],
        retries: &AtomicU64,
    ) -> Result<Delivered, DeliverError> {
        let bounds = Bounds {
            events: self.batch,
            bytes: usize::MAX,
            around: 0,
        };
        let batches: Vec<Range<usize>> = batches(&vec![0; events.len()], bounds);
        halving::deliver(self, &self.record, events, batches, retries).await
    }
}

#[async_trait]
impl Intake for Sekoia {
    type Handed = Handed;

    async fn hand_over(
        &self,
        events: &[Event],
        retries: &AtomicU64,
    ) -> Result<Handed, DeliverError> {
        let posted = self
            .exchange
            .post(&self.url, body(events), events, retries)
            .await?;
        match posted {
            Posted::Refused(reason) => Ok(Handed::Settled(Sent::Refused(reason))),
            Posted::Accepted(answer) => match accepted(&answer) {
                Some(Accepted::Task(id)) => Ok(Handed::Task {
                    id,
                    began: Instant::now(),
                }),
                // Older platforms have no tasks.
                Some(Accepted::Done) => Ok(Handed::Settled(Sent::Accepted)),
                None => {
                    let said = words::of_body(&answer, events, self.exchange.secrets());
                    let said = said.unwrap_or_else(|| "no JSON object".to_owned());
                    let what = format!(
                        "{} accepted with an answer that is none: {said}",
                        self.place()
                    );
                    Err(DeliverError::Incomplete { what })
                }
            },
        }
    }

    async fn fate(&self, handed: Handed, events: &[Event]) -> Result<Sent, DeliverError> {
        Ok(match handed {
            Handed::Settled(sent) => sent,
            Handed::Task { id, began } => self.ended(&id, began, events).await,
        })
    }

    fn place(&self) -> &str {
        self.exchange.place()
    }
}

/// What accepting a batch came to.
#[derive(Debug, PartialEq, Eq)]
enum Accepted {
    /// It is ingested.
    Done,
    /// It is ingested once this task has ended well.
    Task(String),
}

/// Reads the answer to an accepted batch; none where it is not one of the platform, or its form of an error.
fn accepted(body: &[u8]) -> Option<Accepted> {
    let body = body.trim_ascii_start();
    if body.is_empty() {
        return Some(Accepted::Done);
    }
    let fields = fields(body);
    match fields.get("task_id") {
        Some(Value::String(id)) if !id.is_empty() => Some(Accepted::Task(id.clone())),
        Some(Value::Number(id)) if id.is_u64() => Some(Accepted::Task(id.to_string())),
        // Something that may well name a task, and cannot be asked about.
        Some(id) if !matches!(id, Value::Null | Value::String(_)) => None,
        _ if !body.starts_with(b"{") => None,
        _ if fields.contains_key("code") && fields.contains_key("message") => None,
        _ => Some(Accepted::Done),
    }
}

/// The URL with these segments behind its path; whatever they hold, each stays one segment.
fn below<'a>(base: &Url, segments: impl IntoIterator<Item = &'a str>) -> Url {
    let mut url = base.clone();
    // Only URLs of other schemes have no path.
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

/// The body of a request: the events as they are, one behind the other.
fn body(events: &[Event]) -> Vec<u8> {
    let items: Vec<&str> = events.iter().map(|event| event.json.as_str()).collect();
    format!("{{\"version\":1,\"items\":[{}]}}", items.join(",")).into_bytes()
}

/// What an answer tells about a task.
fn task(answer: &Answer) -> Task {
    if answer.status != StatusCode::OK {
        return Task::Unknown;
    }
    let fields = fields(&answer.body);
    let Some(status) = fields.get("status").and_then(Value::as_str) else {
        return Task::Running;
    };
    match status {
        "FINISHED" => Task::Finished,
        "PENDING" | "RUNNING" => Task::Running,
        status => {
            let error = match fields.get("error") {
                Some(Value::String(error)) => Some(error.clone()),
                Some(Value::Object(error)) => words::said(error),
                _ => None,
            };
            let error = error.map(|error| format!(": {error}")).unwrap_or_default();
            Task::Failed(format!("the task ended as {status}{error}"))
        }
    }
}

/// The pause after one of `pause`: twice as long, and not longer than five of the first.
fn next_pause(pause: Duration, first: Duration) -> Duration {
    (pause * 2).min(first * LONGEST_POLL)
}

#[cfg(test)]
mod tests;
