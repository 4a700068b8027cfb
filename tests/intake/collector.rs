//! What Splunk's HTTP event collector requires of a request, and how it answers.
//!
//! The codes follow Splunk's page on troubleshooting the collector. That the events before an invalid one are taken, and
//! that `invalid-event-number` counts from 0 with code 6, follows moby/moby#35862 and
//! splunk/splunk-connect-for-kubernetes#565.

use serde_json::{Value, json};

use super::options::Options;
use super::sekoia::Refusal;
use crate::answer::Answer;
use crate::request::Request;

/// Checks a request, and returns the events in its envelopes.
pub(crate) fn judge(options: &Options, request: &Request) -> Result<Vec<Value>, Refusal> {
    let refuse = |status, text: &str| Err((status, text.to_owned()));
    if request.method != "POST" {
        return refuse(405, "Method Not Allowed");
    }
    match request.header("authorization") {
        None => return refuse(401, "Token is required"),
        Some(value) => match value.strip_prefix("Splunk ") {
            None => return refuse(401, "Invalid authorization"),
            Some(token) if token != options.api_key => return refuse(403, "Invalid token"),
            Some(_) => {}
        },
    }
    let envelopes: Result<Vec<Value>, _> = serde_json::Deserializer::from_slice(&request.body)
        .into_iter()
        .collect();
    let Ok(envelopes) = envelopes else {
        return refuse(400, "Invalid data format");
    };
    if envelopes.is_empty() {
        return refuse(400, "No data");
    }
    let fits = |envelope: &Value| {
        envelope["time"].is_number()
            && envelope["source"] == "asset-host"
            && envelope["sourcetype"] == "ocsf:device_inventory_info"
    };
    if !envelopes.iter().all(fits) {
        return refuse(400, "Invalid data format");
    }
    let event = |mut one: Value| one.get_mut("event").map(Value::take);
    Ok(envelopes.into_iter().filter_map(event).collect())
}

/// Returns the answer if all events were taken, or those before the first invalid one.
pub(crate) fn answer(invalid: Option<usize>) -> Answer {
    let (status, body) = match invalid {
        None => (200, json!({"text": "Success", "code": 0})),
        Some(number) => (
            400,
            json!({"text": "Invalid data format", "code": 6, "invalid-event-number": number}),
        ),
    };
    Answer::json(status, body.to_string().into_bytes())
}

/// Returns the answer to a request of which no event was taken.
pub(crate) fn refuse((status, text): Refusal) -> Answer {
    let code = match text.as_str() {
        "Token is required" => 2,
        "Invalid authorization" => 3,
        "Invalid token" => 4,
        "No data" => 5,
        "Invalid data format" => 6,
        _ => 404,
    };
    let body = json!({"text": text, "code": code});
    Answer::json(status, body.to_string().into_bytes())
}
