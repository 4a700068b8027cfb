//! Events to the asset connector of a Sekoia.io platform.
//!
//! The platform only accepts a batch at first, and ingests it afterwards in a task. Where the answer names that
//! task, the batch is confirmed once the task has ended well. (Source: sekoia-automation-sdk 1.27.0 on PyPI,
//! `asset_connector`, whose own connector goes on before the task ends.)
//!
//! The batches of a page are handed over one behind the other, and then their tasks are waited for: each has
//! `task_wait` from when it was accepted.
//!
//! A task is pending while its status is `PENDING` or `RUNNING`, and has failed with any status but `FINISHED`. An
//! answer that does not tell the status, whatever the reason, is no news: the task is queried again until `task_wait`
//! is over. A task that has not finished by then leaves the page unconfirmed. To send it again harms nobody, since the
//! platform updates assets by their ids. Only where the platform has no such task, or does not let this key see it, does
//! the batch count as delivered, with a warning: no query would ever tell more.

use std::ops::Range;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant, SystemTime};

use async_trait::async_trait;
use http::StatusCode;
use http::header::{self, HeaderValue};
use serde_json::Value;
use tracing::{debug, warn};
use url::Url;

use crate::config;
use crate::contract::bindings::inventory::connector::types::Event;
use crate::deliver::answer::{fields, retry_after};
use crate::deliver::batches::{Bounds, batches};
use crate::deliver::bisect::{self, Handed, Intake, Refusals, Sent};
use crate::deliver::exchange::{Exchange, Posted};
use crate::deliver::{DeliverError, Delivered, Destination, words};
use crate::network::client::Answer;
use crate::stop::Stop;

/// The pauses between two questions about a task grow to this many times the first.
const LONGEST_POLL: u32 = 5;

/// The asset connector of a Sekoia.io platform.
pub(crate) struct Sekoia {
    exchange: Exchange,
    refusals: Refusals,
    /// Where batches go.
    url: Url,
    /// Below which the tasks are.
    base: Url,
    batch: usize,
    task_wait: Duration,
    task_poll: Duration,
}

/// A task that ingests a batch.
pub(super) struct Task {
    /// The platform's id of it.
    id: String,
    /// When the batch was accepted.
    accepted_at: Instant,
}

/// What the answer to a query about a task says.
#[derive(Debug, PartialEq, Eq)]
enum Status {
    /// The batch is ingested.
    Finished,
    /// The task goes on.
    Pending,
    /// It has ended otherwise; holds what the answer says about it.
    Failed(String),
    /// The platform does not show the task to this key, or does not have it.
    Hidden,
    /// The answer does not tell the status.
    Unreadable,
}

impl Sekoia {
    /// Makes ready to deliver, and reads the key. Nothing is asked for. With `accept_rejects`, every event that is
    /// refused alone is a reject.
    ///
    /// # Errors
    ///
    /// When the key cannot be read or used, or there is no way to make requests.
    pub(crate) fn open(
        config: &config::Sekoia,
        stop: &Stop,
        accept_rejects: bool,
    ) -> Result<Self, DeliverError> {
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
            refusals: Refusals::new(accept_rejects),
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

    /// Waits until a task ends.
    async fn ended(&self, task: Task, events: &[Event]) -> Result<Sent, DeliverError> {
        let url = below(&self.base, ["api", "v1", "tasks", &task.id]);
        let mut pause = self.task_poll;
        loop {
            let (wait, why) = match self.exchange.get(&url).await {
                Ok(answer) => match status(&answer) {
                    Status::Finished => return Ok(Sent::Accepted),
                    Status::Failed(said) => {
                        return Ok(Sent::Refused(self.exchange.safe(&said, events)));
                    }
                    Status::Hidden => {
                        warn!(
                            destination = self.exchange.place(),
                            "accepted a batch of {} events, but answered {} to the query about its task, so whether it \
                             was ingested stays unknown: it counts as delivered; let the API key read tasks",
                            events.len(),
                            answer.status
                        );
                        return Ok(Sent::Accepted);
                    }
                    Status::Pending => (pause, "it is still pending".to_owned()),
                    Status::Unreadable => {
                        let asked = retry_after(&answer.headers, SystemTime::now());
                        let reason = self.exchange.reason(&answer, events);
                        let why = format!("its status is unknown: the answer is {reason}");
                        (pause.max(asked.unwrap_or_default()), why)
                    }
                },
                Err(fault) => (pause, format!("its status is unknown: {fault}")),
            };
            let left = self.task_wait.saturating_sub(task.accepted_at.elapsed());
            // There is no other query in time where the platform asks for a longer wait.
            if left.is_zero() || wait > left.max(pause) {
                return Err(DeliverError::TaskUnfinished {
                    place: self.exchange.place().to_owned(),
                    count: events.len(),
                    wait: self.task_wait,
                    why,
                });
            }
            debug!(
                destination = self.exchange.place(),
                "querying the task again in {:.1} s: {why}",
                wait.as_secs_f64()
            );
            // The current page is finished even if the run is asked to stop.
            tokio::time::sleep(wait.min(left)).await;
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
        bisect::deliver(self, &self.refusals, events, batches, retries).await
    }
}

#[async_trait]
impl Intake for Sekoia {
    type Task = Task;

    async fn hand_over(
        &self,
        events: &[Event],
        retries: &AtomicU64,
    ) -> Result<Handed<Task>, DeliverError> {
        let posted = self
            .exchange
            .post(&self.url, body(events), events, retries)
            .await?;
        match posted {
            Posted::Refused(reason) => Ok(Handed::Settled(Sent::Refused(reason))),
            Posted::Accepted(answer) => match accepted(&answer) {
                Some(Accepted::Task(id)) => Ok(Handed::Pending(Task {
                    id,
                    accepted_at: Instant::now(),
                })),
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

    async fn fate(&self, task: Task, events: &[Event]) -> Result<Sent, DeliverError> {
        self.ended(task, events).await
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

/// Reads the answer to a query about a task.
fn status(answer: &Answer) -> Status {
    match answer.status {
        StatusCode::OK => {}
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => {
            return Status::Hidden;
        }
        _ => return Status::Unreadable,
    }
    let fields = fields(&answer.body);
    match fields.get("status").and_then(Value::as_str) {
        Some("FINISHED") => Status::Finished,
        Some("PENDING" | "RUNNING") => Status::Pending,
        None | Some("") => Status::Unreadable,
        Some(status) => {
            let error = match fields.get("error") {
                Some(Value::String(error)) => Some(error.clone()),
                Some(Value::Object(error)) => words::said(error),
                _ => None,
            };
            let error = error.map(|error| format!(": {error}")).unwrap_or_default();
            Status::Failed(format!("the task ended as {status}{error}"))
        }
    }
}

/// The pause after one of `pause`: twice as long, and not longer than five of the first.
fn next_pause(pause: Duration, first: Duration) -> Duration {
    (pause * 2).min(first * LONGEST_POLL)
}

#[cfg(test)]
mod tests;
