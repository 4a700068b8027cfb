//! The bulk API of Elasticsearch and OpenSearch: a line with an action before each event, and an answer with an item for
//! each.

use std::borrow::Cow;
use std::time::SystemTime;

use http::StatusCode;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::contract::bindings::inventory::connector::types::Event;
use crate::deliver::answer::{Item, Reply, Verdict, judge_status};
use crate::deliver::batches::FRAME;
use crate::deliver::body::Fields;
use crate::deliver::destination::push_line;
use crate::deliver::retry::RetryCause;
use crate::text::hex::hex;

/// The line before an event, or what became of it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Action<T> {
    /// Replaces the document with the same id.
    Index(T),
    /// Adds a document, unless there is one with the same id.
    Create(T),
}

#[derive(Serialize)]
struct Document<'a> {
    _id: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Answer {
    /// Whether an item has an error.
    #[serde(default)]
    errors: bool,
    /// The error of a server that failed as a whole, whatever the status.
    error: Option<IgnoredAny>,
    items: Vec<Action<Status>>,
}

#[derive(Deserialize)]
struct Status {
    status: u16,
    error: Option<Error>,
}

#[derive(Deserialize)]
struct Error {
    r#type: Option<String>,
}

/// Returns a body with the action `create` or `index` for each event.
pub(super) fn body(create: bool, events: &[Event]) -> serde_json::Result<Vec<u8>> {
    let length = |event: &Event| event.json.len() + FRAME;
    let mut body = Vec::with_capacity(events.iter().map(length).sum());
    for event in events {
        let _id = id(create, event);
        let action = match create {
            true => Action::Create(Document { _id }),
            false => Action::Index(Document { _id }),
        };
        serde_json::to_writer(&mut body, &action)?;
        body.push(b'\n');
        push_line(&mut body, event);
    }
    Ok(body)
}

/// Returns the id of a document, which is the same whenever the event is sent: that of the event, `metadata.uid`. Where it
/// has none, a document is replaced by the next event of its device, and one that is never replaced gets a digest.
fn id(create: bool, event: &Event) -> Cow<'_, str> {
    let uid = || {
        let metadata = Fields::read(event.json.as_bytes())?.json("metadata")?;
        Fields::read(metadata.as_bytes())?.get::<String>("uid")
    };
    match uid() {
        Some(uid) if !uid.is_empty() => Cow::Owned(uid),
        _ if create => Cow::Owned(hex(&Sha256::digest(&event.json))),
        _ => Cow::Borrowed(&event.device),
    }
}

/// Returns what the answer to a request with `sent` events means for each of them.
pub(super) fn judge(create: bool, reply: &Reply, sent: usize, now: SystemTime) -> Verdict {
    let whole = reply.judge_status(now);
    if whole != Verdict::Accepted {
        return whole;
    }
    let answer: Option<Answer> = serde_json::from_slice(&reply.body).ok();
    let retry_after = reply.retry_after(now);
    let item = |(Action::Index(item) | Action::Create(item)): Action<Status>| {
        let status = StatusCode::from_u16(item.status).ok()?;
        let verdict = match status {
            // An earlier request has added it.
            StatusCode::CONFLICT if create => Verdict::Accepted,
            // A queue of the server is full, usually for less than a second.
            StatusCode::TOO_MANY_REQUESTS => Verdict::Retry(RetryCause::Unavailable(retry_after)),
            status if status.is_success() && item.error.is_some() => return None,
            status => judge_status(status, retry_after),
        };
        let code = item.error.and_then(|error| error.r#type);
        Some(Item {
            verdict,
            status,
            code,
        })
    };
    let has_error = |item: &Item| !item.status.is_success();
    answer
        .filter(|answer| answer.error.is_none())
        .and_then(|answer| {
            let items = answer.items.into_iter().map(item);
            let items: Vec<_> = items.collect::<Option<_>>()?;
            (!answer.errors || items.iter().any(has_error)).then_some(items)
        })
        .filter(|items| items.len() == sent)
        .map_or_else(
            || {
                let why = "its body is not that of the bulk API with an item for each event";
                Verdict::Incomplete(why.to_owned())
            },
            Verdict::Each,
        )
}

#[cfg(test)]
mod tests;
