//! The bulk API of Elasticsearch and OpenSearch: a line with an action before each event, and an answer with an item for
//! each.
//!
//! An event is confirmed, tried again, refused or a failure by the status of its item, as a whole answer is by its own.
//! One that is refused while others are taken is a reject: the server has told so of this event alone.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::SystemTime;

use http::StatusCode;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::config::Format;
use crate::contract::bindings::inventory::connector::types::Event;
use crate::deliver::answer::{INCOMPLETE_ADVICE, Reply, Verdict, describe, judge_status};
use crate::deliver::bisect::{BatchRefused, Outcome};
use crate::deliver::destination::{Refused, push_line};
use crate::deliver::error::DeliverError;
use crate::deliver::exchange::{Exchange, Tries};
use crate::deliver::retry::RetryCause;
use crate::text::hex::hex;

/// What the server does with events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// Replaces the document with the same id.
    Index,
    /// Adds a document, unless there is one with the same id.
    Create,
}

impl Action {
    /// Returns the action of a format, if it is one of the bulk API.
    pub(super) fn of(format: &Format) -> Option<Self> {
        match format {
            Format::ElasticsearchBulk => Some(Self::Index),
            Format::ElasticsearchBulkCreate => Some(Self::Create),
            _ => None,
        }
    }
}

/// The line before an event, or an item of an answer.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Line<T> {
    Index(T),
    Create(T),
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "_id")]
    id: Cow<'a, str>,
}

/// What is read of an event.
#[derive(Deserialize)]
struct Identified<'a> {
    #[serde(borrow)]
    metadata: Metadata<'a>,
}

#[derive(Deserialize)]
struct Metadata<'a> {
    #[serde(borrow)]
    uid: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Answer {
    items: Vec<Line<Item>>,
}

#[derive(Deserialize)]
struct Item {
    status: u16,
    error: Option<ItemError>,
}

#[derive(Deserialize)]
struct ItemError {
    #[serde(rename = "type")]
    kind: Option<String>,
}

/// Returns how many bytes the line before an event has, but for ids that are unusually long.
pub(super) fn overhead(event: &Event) -> usize {
    24 + event.device.len().max(64)
}

/// Sends a batch until it is known of each event whether it was taken.
pub(super) async fn send(
    exchange: &Exchange,
    action: Action,
    events: &[Event],
    tries: &mut Tries<'_>,
) -> Result<Outcome, DeliverError> {
    let place = &exchange.place;
    let mut refused = Vec::new();
    let mut pending: Vec<usize> = (0..events.len()).collect();
    let mut to_send = Cow::Borrowed(events);
    loop {
        let body = body(action, &to_send).map_err(|why| DeliverError::io(place, &why.into()))?;
        let judge = |reply: &Reply| reply.judge_status(SystemTime::now());
        let reply = match exchange.post(body, &to_send, judge, tries).await? {
            Ok(reply) => reply,
            Err(batch) if pending.len() == events.len() => return Ok(Err(batch)),
            Err(BatchRefused { reason, .. }) => {
                return Err(DeliverError::unconfirmed(
                    format_args!(
                        "{place} answered {reason} to events that it had asked to send again"
                    ),
                    "see at the destination why it refuses what it could not take before",
                ));
            }
        };
        let items = items(&reply, to_send.len()).ok_or_else(|| {
            DeliverError::unconfirmed(
                format_args!(
                    "{place} answered {}, but its body is not that of the bulk API with an item for each event",
                    describe(reply.status, None)
                ),
                INCOMPLETE_ADVICE,
            )
        })?;
        let mut may_keep = BTreeMap::new();
        let mut again = Vec::new();
        let mut why = None;
        for (index, (status, error)) in pending.into_iter().zip(items) {
            let error = error.filter(|error| {
                *may_keep
                    .entry(error.clone())
                    .or_insert_with(|| exchange.may_keep(error, &to_send))
            });
            let reason = || describe(status, error.as_deref());
            match judge_item(action, status, &reply) {
                Verdict::Accepted => {}
                Verdict::Retry(cause) => {
                    again.push(index);
                    why = Some((cause, reason()));
                }
                Verdict::Failed(advice) => {
                    return Err(DeliverError::unconfirmed(
                        format_args!("{place} answered {} for an event", reason()),
                        advice,
                    ));
                }
                _ => {
                    let reason = reason();
                    refused.push(Refused { index, reason });
                }
            }
        }
        let Some((cause, reason)) = why else {
            break;
        };
        let (count, all) = (again.len(), events.len());
        let what = format!("{place} answered {reason} for {count} of {all} events");
        exchange.wait(cause, &what, tries).await?;
        let event = |index: &usize| events.get(*index).cloned();
        to_send = again.iter().filter_map(event).collect();
        pending = again;
    }
    if refused.len() < events.len() {
        return Ok(Ok(refused));
    }
    let reason = refused.pop().map(|one| one.reason).unwrap_or_default();
    Ok(Err(BatchRefused { reason, at: None }))
}

/// Returns what the status of an item means for its event.
fn judge_item(action: Action, status: StatusCode, reply: &Reply) -> Verdict {
    let retry_after = reply.retry_after(SystemTime::now());
    match status {
        // An earlier delivery has added it.
        StatusCode::CONFLICT if action == Action::Create => Verdict::Accepted,
        // A queue of the server is full, usually for less than a second.
        StatusCode::TOO_MANY_REQUESTS => Verdict::Retry(RetryCause::Unavailable(retry_after)),
        status => judge_status(status, retry_after),
    }
}

/// Returns status and error type of each item, if the answer has the form of the API and as many items as events were
/// `sent`.
fn items(reply: &Reply, sent: usize) -> Option<Vec<(StatusCode, Option<String>)>> {
    let answer: Answer = serde_json::from_slice(&reply.body).ok()?;
    let items = answer.items.into_iter().map(|line| {
        let (Line::Index(item) | Line::Create(item)) = line;
        let error = item.error.and_then(|error| error.kind);
        Some((StatusCode::from_u16(item.status).ok()?, error))
    });
    let items: Vec<_> = items.collect::<Option<_>>()?;
    (items.len() == sent).then_some(items)
}

fn body(action: Action, events: &[Event]) -> serde_json::Result<Vec<u8>> {
    let length = |event: &Event| event.json.len() + 1 + overhead(event);
    let mut body = Vec::with_capacity(events.iter().map(length).sum());
    for event in events {
        let document = Document {
            id: id(action, event),
        };
        let line = match action {
            Action::Index => Line::Index(document),
            Action::Create => Line::Create(document),
        };
        serde_json::to_writer(&mut body, &line)?;
        body.push(b'\n');
        push_line(&mut body, event);
    }
    Ok(body)
}

/// Returns the id of a document, which is the same whenever the event is sent: that of the event, `metadata.uid`. Where it
/// has none, a document is replaced by the next event of its device, and one that is never replaced gets a digest.
fn id(action: Action, event: &Event) -> Cow<'_, str> {
    match serde_json::from_str::<Identified<'_>>(&event.json) {
        Ok(identified) if !identified.metadata.uid.is_empty() => identified.metadata.uid,
        _ => match action {
            Action::Index => Cow::Borrowed(&event.device),
            Action::Create => Cow::Owned(hex(&Sha256::digest(&event.json))),
        },
    }
}

#[cfg(test)]
mod tests;
