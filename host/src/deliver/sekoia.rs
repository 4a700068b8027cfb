//! Events to the asset connector of a Sekoia.io platform.
//!
//! The platform accepts a batch at first, and ingests it afterwards in a task. If its answer names that task, the batch
//! is confirmed once the task has finished. (Source: sekoia-automation-sdk 1.27.0 on PyPI, `asset_connector`, whose own
//! connector continues before the task ends.) Each task has `task_wait` from when its batch was accepted.
//!
//! A task is pending while its status is `PENDING` or `RUNNING`, and has failed with any status but `FINISHED`. An
//! answer without a status, whatever the reason, says nothing about the task, which is queried again until `task_wait`
//! is over. A task that has not finished by then leaves the page unconfirmed. Sending it again is harmless, since the
//! platform updates assets by their ids. Only if the platform does not have the task, or does not let this key see it,
//! does the batch count as delivered, with a warning, because no query would ever tell more.

use std::ops::Range;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant, SystemTime};

use async_trait::async_trait;
use http::StatusCode;
use http::header::{self, HeaderValue};
use tracing::{debug, warn};
use url::Url;

use crate::config;
use crate::contract::bindings::inventory::connector::types::Event;
use crate::deliver::answer::{INCOMPLETE_ADVICE, Reply, error_code};
use crate::deliver::batches::{Bounds, batches};
use crate::deliver::bisect::{self, BatchOutcome, Intake, Refusals, SentBatch};
use crate::deliver::destination::{Delivered, Destination};
use crate::deliver::error::DeliverError;
use crate::deliver::exchange::{Exchange, Posted};
use crate::deliver::fields::Fields;
use crate::stop::Stop;
use crate::units::duration;

/// The pauses between two queries about a task grow to this many times the first one.
const MAX_POLL: u32 = 5;

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

/// What the answer to a query about a task says.
#[derive(Debug, PartialEq, Eq)]
enum Status {
    /// The batch is ingested.
    Finished,
    /// The task is not done yet.
    Pending,
    /// It has ended otherwise.
    Failed {
        status: String,
        code: Option<String>,
    },
    /// The platform does not show the task to this key, or does not have it.
    Hidden,
    /// The answer has no status.
    Unreadable,
}

impl Sekoia {
    /// Prepares to deliver, and reads the key; makes no request. With `accept_rejects`, every event that is refused alone
    /// is a reject.
    ///
    /// # Errors
    ///
    /// When the key cannot be read or used, or the HTTP client cannot be set up.
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

    /// Waits until the task that ingests these events ends.
    async fn task_outcome(
        &self,
        id: String,
        accepted_at: Instant,
        events: &[Event],
    ) -> Result<BatchOutcome, DeliverError> {
        let url = below(&self.base, ["api", "v1", "tasks", &id]);
        let mut pause = self.task_poll;
        loop {
            let (wait, why) = match self.exchange.get(&url).await {
                Ok(reply) => match status(&reply) {
                    Status::Finished => return Ok(BatchOutcome::Accepted),
                    Status::Failed { status, code } => {
                        return Ok(BatchOutcome::Refused(self.failure(&status, code, events)));
                    }
                    Status::Hidden => {
                        warn!(
                            destination = self.place(),
                            "accepted a batch of {} events, but answered {} to the query about its task, so it is \
                             unknown whether it was ingested: it counts as delivered; let the API key read tasks",
                            events.len(),
                            reply.status
                        );
                        return Ok(BatchOutcome::Accepted);
                    }
                    Status::Pending => (pause, "it is still pending".to_owned()),
                    Status::Unreadable => {
                        let asked = reply.retry_after(SystemTime::now()).unwrap_or_default();
                        let reason = self.exchange.reason(&reply, events);
                        let why = format!("its status is unknown: the answer is {reason}");
                        (pause.max(asked), why)
                    }
                },
                Err(fault) => (pause, format!("its status is unknown: {fault}")),
            };
            let left = self.task_wait.saturating_sub(accepted_at.elapsed());
            // There is no other query in time where the platform asks for a longer wait.
            if left.is_zero() || wait > left.max(pause) {
                return Err(DeliverError::Unconfirmed {
                    what: format!(
                        "{} accepted a batch of {} events, but its task did not finish within task_wait ({}; {why})",
                        self.place(),
                        events.len(),
                        duration::format(self.task_wait)
                    ),
                    advice: "see at the platform why the task takes so long or cannot be queried, or raise task_wait \
                             in account.NAME.deliver",
                });
            }
            debug!(
                destination = self.place(),
                "querying the task again in {:.1} s: {why}",
                wait.as_secs_f64()
            );
            // The current page is finished even if the run is asked to stop.
            tokio::time::sleep(wait.min(left)).await;
            pause = next_pause(pause, self.task_poll);
        }
    }

    /// `the task ended as FAILED (E1)`
    fn failure(&self, status: &str, code: Option<String>, events: &[Event]) -> String {
        let keep = |word: &&str| self.exchange.may_keep(word, events);
        let status = Some(status).filter(keep);
        let status = status.unwrap_or("something else than FINISHED");
        match code.as_deref().filter(keep) {
            Some(code) => format!("the task ended as {status} ({code})"),
            None => format!("the task ended as {status}"),
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
    async fn send<'a>(
        &'a self,
        events: &'a [Event],
        retries: &'a AtomicU64,
    ) -> Result<SentBatch<'a>, DeliverError> {
        let posted = self.exchange.post(&self.url, body(events), events, retries);
        let reply = match posted.await? {
            Posted::Refused(reason) => {
                return Ok(SentBatch::Settled(BatchOutcome::Refused(reason)));
            }
            Posted::Accepted(reply) => reply,
        };
        match accepted(&reply.body) {
            Some(Accepted::Task(id)) => {
                let task = self.task_outcome(id, Instant::now(), events);
                Ok(SentBatch::Pending(Box::pin(task)))
            }
            // Older platforms have no tasks.
            Some(Accepted::Done) => Ok(SentBatch::Settled(BatchOutcome::Accepted)),
            None => Err(DeliverError::Unconfirmed {
                what: format!(
                    "{} answered {}, but its body is not the JSON object that the platform answers with",
                    self.place(),
                    self.exchange.reason(&reply, events)
                ),
                advice: INCOMPLETE_ADVICE,
            }),
        }
    }

    fn place(&self) -> &str {
        self.exchange.place()
    }
}

/// How the platform accepted a batch.
#[derive(Debug, PartialEq, Eq)]
enum Accepted {
    /// It is ingested.
    Done,
    /// It is ingested once this task has finished.
    Task(String),
}

/// Reads the answer to an accepted batch; `None` where it is not one of the platform's, or its form of an error.
fn accepted(body: &[u8]) -> Option<Accepted> {
    let body = body.trim_ascii_start();
    if body.is_empty() {
        return Some(Accepted::Done);
    }
    let fields = Fields::read(body);
    match fields.json("task_id") {
        None | Some("null" | "\"\"") => {
            let is_error = fields.json("code").is_some() && fields.json("message").is_some();
            (body.starts_with(b"{") && !is_error).then_some(Accepted::Done)
        }
        // Anything but a text or a number may name a task as well, but cannot be asked for.
        Some(_) => {
            let number = || fields.get("task_id").map(|id: u64| id.to_string());
            let id = fields.get("task_id").or_else(number);
            id.map(Accepted::Task)
        }
    }
}

/// Appends segments to the path of a URL; whatever they hold, each stays one segment.
fn below<'a>(base: &Url, segments: impl IntoIterator<Item = &'a str>) -> Url {
    let mut url = base.clone();
    // Only URLs of other schemes have no path.
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

/// Returns the body of a request with these events.
fn body(events: &[Event]) -> Vec<u8> {
    let items: Vec<&str> = events.iter().map(|event| event.json.as_str()).collect();
    format!("{{\"version\":1,\"items\":[{}]}}", items.join(",")).into_bytes()
}

/// Reads the answer to a query about a task.
fn status(answer: &Reply) -> Status {
    match answer.status {
        StatusCode::OK => {}
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => {
            return Status::Hidden;
        }
        _ => return Status::Unreadable,
    }
    let fields = Fields::read(&answer.body);
    let status: Option<String> = fields.get("status");
    match status.as_deref() {
        Some("FINISHED") => Status::Finished,
        Some("PENDING" | "RUNNING") => Status::Pending,
        None | Some("") => Status::Unreadable,
        Some(status) => Status::Failed {
            status: status.to_owned(),
            code: error_code(&fields),
        },
    }
}

/// Returns the pause that follows `pause`: twice as long, but not longer than five times the first.
fn next_pause(pause: Duration, first: Duration) -> Duration {
    (pause * 2).min(first * MAX_POLL)
}

#[cfg(test)]
mod tests;
