//! The tasks of a Sekoia.io platform.
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

use std::time::{Duration, Instant, SystemTime};

use http::StatusCode;
use tracing::{debug, warn};

use crate::config::SekoiaTasks;
use crate::contract::bindings::inventory::connector::types::Event;
use crate::deliver::answer::{Reply, error_code};
use crate::deliver::bisect::{Outcome, Sent, Task};
use crate::deliver::body::Fields;
use crate::deliver::error::DeliverError;
use crate::deliver::exchange::Exchange;
use crate::units::duration;

/// The pauses between two queries about a task grow to this many times the first one.
const MAX_POLL: u32 = 5;

/// Reads the answer to an accepted batch; `None` where it is not one of the platform's, or its form of an error.
pub(super) fn accepted(body: &[u8]) -> Option<Sent> {
    // Older platforms have no tasks.
    let done = Some(Sent::Settled(Ok(Vec::new())));
    if body.trim_ascii_start().is_empty() {
        return done;
    }
    let fields = Fields::read(body)?;
    let id = match fields.json("task_id") {
        None | Some("null" | "\"\"") => {
            let is_error = fields.json("code").is_some() && fields.json("message").is_some();
            return done.filter(|_| !is_error);
        }
        // Anything but a text or a number may name a task as well, but cannot be asked for.
        Some(_) => fields
            .get("task_id")
            .or_else(|| fields.get("task_id").map(|id: u64| id.to_string()))?,
    };
    Some(Sent::Pending(Task {
        id,
        accepted_at: Instant::now(),
    }))
}

/// Waits until the task that ingests these events ends.
pub(super) async fn task_outcome(
    exchange: &Exchange,
    tasks: &SekoiaTasks,
    task: Task,
    events: &[Event],
) -> Result<Outcome, DeliverError> {
    let place = &exchange.place;
    let url = tasks.url(["api", "v1", "tasks", &task.id]);
    let mut pause = tasks.poll;
    loop {
        let mut wait = pause;
        let why = match exchange.get(&url).await {
            Ok(reply) if is_hidden(reply.status) => {
                warn!(
                    destination = place,
                    "accepted a batch of {} events, but answered {} to the query about its task, so it is unknown \
                     whether it was ingested: it counts as delivered; let the API key read tasks",
                    events.len(),
                    reply.status
                );
                return Ok(Ok(Vec::new()));
            }
            Ok(reply) => match status(&reply).as_deref() {
                Some("FINISHED") => return Ok(Ok(Vec::new())),
                Some("PENDING" | "RUNNING") => "it is still pending".to_owned(),
                Some(status) => {
                    let code = Fields::read(&reply.body).and_then(|fields| error_code(&fields));
                    return Ok(Err(failure(exchange, status, code, events)));
                }
                None => {
                    let asked = reply.retry_after(SystemTime::now()).unwrap_or_default();
                    wait = wait.max(asked);
                    let reason = exchange.reason(&reply, events);
                    format!("its status is unknown: the answer is {reason}")
                }
            },
            Err(fault) => format!("its status is unknown: {fault}"),
        };
        let left = tasks.wait.saturating_sub(task.accepted_at.elapsed());
        // There is no other query in time where the platform asks for a longer wait.
        if left.is_zero() || wait > left.max(pause) {
            return Err(DeliverError::unconfirmed(
                format_args!(
                    "{place} accepted a batch of {} events, but its task did not finish within task_wait ({}; {why})",
                    events.len(),
                    duration::format(tasks.wait)
                ),
                "see at the platform why the task takes so long or cannot be queried, or raise task_wait in \
                 account.NAME.deliver",
            ));
        }
        debug!(
            destination = place,
            "querying the task again in {:.1} s: {why}",
            wait.as_secs_f64()
        );
        // The current page is finished even if the run is asked to stop.
        tokio::time::sleep(wait.min(left)).await;
        pause = next_pause(pause, tasks.poll);
    }
}

/// Returns whether the platform does not have a task, or does not show it to this key.
fn is_hidden(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND
    )
}

/// Returns the status of the task, if the answer has one.
fn status(reply: &Reply) -> Option<String> {
    let fields = Fields::read(&reply.body).filter(|_| reply.status == StatusCode::OK)?;
    fields
        .get("status")
        .filter(|status: &String| !status.is_empty())
}

/// `the task ended as FAILED (E1)`
fn failure(exchange: &Exchange, status: &str, code: Option<String>, events: &[Event]) -> String {
    let mut text = "the task failed".to_owned();
    if exchange.may_keep(status, events) {
        text = format!("the task ended as {status}");
    }
    match code.filter(|code| exchange.may_keep(code, events)) {
        Some(code) => format!("{text} ({code})"),
        None => text,
    }
}

/// Returns the pause that follows `pause`: twice as long, but not longer than five times the first.
fn next_pause(pause: Duration, first: Duration) -> Duration {
    (pause * 2).min(first * MAX_POLL)
}

#[cfg(test)]
mod tests;
