//! Splunk's HTTP event collector: each event in an envelope, and an answer with one code for all.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::contract::bindings::inventory::connector::types::Event;
use crate::deliver::answer::{Reply, Verdict};
use crate::deliver::retry::RetryCause;

/// How many bytes an envelope has besides its event, at most.
pub(super) const OVERHEAD: usize = 128;

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

/// What is read of an event.
#[derive(Deserialize)]
struct Timed {
    time: i64,
}

#[derive(Deserialize)]
struct Answer {
    code: u16,
    #[serde(rename = "invalid-event-number")]
    invalid_event: Option<usize>,
}

pub(super) fn body(events: &[Event]) -> serde_json::Result<Vec<u8>> {
    let length = |event: &Event| event.json.len() + 1 + OVERHEAD;
    let mut body = Vec::with_capacity(events.iter().map(length).sum());
    for event in events {
        let timed: Option<Timed> = serde_json::from_str(&event.json).ok();
        let envelope = Envelope {
            time: timed.map(|timed| seconds(timed.time)),
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
    let answer: Option<Answer> = serde_json::from_slice(&reply.body).ok();
    let code = answer.as_ref().map(|answer| answer.code);
    match (reply.judge_status(now), code) {
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
        (Verdict::Refused, Some(6)) => answer
            .and_then(|answer| answer.invalid_event)
            .filter(|event| *event < sent)
            .map_or(Verdict::Refused, Verdict::RefusedAt),
        (verdict, _) => verdict,
    }
}

#[cfg(test)]
mod tests;
