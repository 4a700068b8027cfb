//! Splunk's HTTP event collector: each event in an envelope, and an answer with one code for all.

use std::cmp::Ordering;
use std::time::SystemTime;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::contract::bindings::inventory::connector::types::Event;
use crate::deliver::answer::{Item, Reply, Verdict};
use crate::deliver::batches::FRAME;
use crate::deliver::body::Fields;
use crate::deliver::retry::RetryCause;

/// From here on, the time of an event is in milliseconds: in seconds, it would be in the year 5138.
const MILLISECONDS: i64 = 100_000_000_000;

#[derive(Serialize)]
struct Envelope<'a> {
    /// In seconds since 1970. Without it, Splunk takes the time at which the event arrives.
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<f64>,
    source: &'static str,
    sourcetype: &'static str,
    event: &'a RawValue,
}

pub(super) fn body(events: &[Event]) -> serde_json::Result<Vec<u8>> {
    let length = |event: &Event| event.json.len() + FRAME;
    let mut body = Vec::with_capacity(events.iter().map(length).sum());
    for event in events {
        let time = Fields::read(event.json.as_bytes()).and_then(|event| event.get("time"));
        let envelope = Envelope {
            time: time.map(seconds),
            source: "asset-host",
            sourcetype: "ocsf:device_inventory_info",
            event: serde_json::from_str(&event.json)?,
        };
        serde_json::to_writer(&mut body, &envelope)?;
        body.push(b'\n');
    }
    Ok(body)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "times of this and the next thousand years are exact"
)]
fn seconds(time: i64) -> f64 {
    match time.abs() < MILLISECONDS {
        true => time as f64,
        false => time as f64 / 1000.0,
    }
}

/// Returns what the answer to a request with `sent` events means.
///
/// The number of the invalid event counts from 0 with code 6, but from 1 with others, as 7; so it is read with 6 alone.
/// Splunk takes the events of a request one by one, up to that one.
pub(super) fn judge(reply: &Reply, sent: usize, now: SystemTime) -> Verdict {
    let answer = Fields::read(&reply.body);
    let number = |name| answer.as_ref()?.get::<usize>(name);
    match (reply.judge_status(now), number("code")) {
        (_, Some(1..=4 | 21 | 22)) => Verdict::Failed(
            "see that the token is right and enabled in Splunk, and sent as headers = { authorization = { env = \
             \"NAME\", prefix = \"Splunk \" } } in account.NAME.deliver",
        ),
        (_, Some(7)) => Verdict::Failed("let the token write to the index in Splunk"),
        (_, Some(10 | 11 | 14)) => Verdict::Failed(
            "turn off indexer acknowledgment for this token in Splunk, or use another token without it",
        ),
        // 24 and 25 warn that a queue is nearly full.
        (Verdict::Accepted, Some(0 | 24 | 25)) => Verdict::Accepted,
        (Verdict::Accepted, Some(9)) => {
            Verdict::Retry(RetryCause::Unavailable(reply.retry_after(now)))
        }
        (Verdict::Accepted, Some(code)) => Verdict::Incomplete(format!("its `code` is {code}")),
        (Verdict::Accepted, None) => Verdict::Incomplete(
            "its body is not that of Splunk's event collector, with a `code`".to_owned(),
        ),
        (Verdict::Refused, Some(6)) => number("invalid-event-number")
            .filter(|invalid| *invalid < sent)
            .map_or(Verdict::Refused, |invalid| up_to(invalid, reply, sent)),
        (verdict, _) => verdict,
    }
}

/// Returns that the events before the invalid one were taken, and that those behind it are to be sent again at once.
fn up_to(invalid: usize, reply: &Reply, sent: usize) -> Verdict {
    let item = |index: usize| Item {
        verdict: match index.cmp(&invalid) {
            Ordering::Less => Verdict::Accepted,
            Ordering::Equal => Verdict::Refused,
            Ordering::Greater => Verdict::Retry(RetryCause::Expired),
        },
        status: reply.status,
        code: Some("6".to_owned()),
    };
    Verdict::Each((0..sent).map(item).collect())
}

#[cfg(test)]
mod tests;
