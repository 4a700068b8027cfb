//! Errors of a connector, for people and for programs.

use serde_json::{Map, Value, json};

use crate::bindings::inventory::connector::types::{Delay, Error, Failure, FieldError};

/// The parts of an error.
enum Parts<'a> {
    Fields(&'a [FieldError]),
    Failure(&'a Failure),
    Delay(&'a Delay),
}

/// Returns an error's name in the contract and its parts.
fn parts(error: &Error) -> (&'static str, Parts<'_>) {
    match error {
        Error::InvalidConfig(fields) => ("invalid-config", Parts::Fields(fields)),
        Error::Unauthorized(failure) => ("unauthorized", Parts::Failure(failure)),
        Error::Expired(failure) => ("expired", Parts::Failure(failure)),
        Error::Forbidden(failure) => ("forbidden", Parts::Failure(failure)),
        Error::RateLimited(delay) => ("rate-limited", Parts::Delay(delay)),
        Error::Unavailable(delay) => ("unavailable", Parts::Delay(delay)),
        Error::Untrusted(failure) => ("untrusted", Parts::Failure(failure)),
        Error::InvalidCursor(failure) => ("invalid-cursor", Parts::Failure(failure)),
        Error::Protocol(failure) => ("protocol", Parts::Failure(failure)),
        Error::LimitExceeded(failure) => ("limit-exceeded", Parts::Failure(failure)),
        Error::Denied(failure) => ("denied", Parts::Failure(failure)),
        Error::Other(failure) => ("other", Parts::Failure(failure)),
    }
}

/// Returns how many seconds the API asks to wait.
pub fn retry_after(error: &Error) -> Option<u64> {
    match error {
        Error::RateLimited(delay) | Error::Unavailable(delay) => delay.retry_after,
        _ => None,
    }
}

/// Returns the message and the correlation id of an error that is not about fields.
fn message<'a>(parts: &Parts<'a>) -> Option<(&'a str, Option<&'a str>)> {
    match parts {
        Parts::Fields(_) => None,
        Parts::Failure(failure) => Some((&failure.message, failure.correlation_id.as_deref())),
        Parts::Delay(delay) => Some((&delay.message, delay.correlation_id.as_deref())),
    }
}

/// Returns an error as a sentence for people, such as `unauthorized: …`.
pub fn to_text(error: &Error) -> String {
    let (kind, parts) = parts(error);
    let fields = match &parts {
        Parts::Fields(fields) => *fields,
        _ => &[],
    };
    let field = |fault: &FieldError| {
        let place = match fault.field.as_str() {
            "" => "the config",
            pointer => pointer,
        };
        format!("{place}: {}", fault.message)
    };
    let text = match message(&parts) {
        Some((message, Some(id))) => format!("{message} (correlation id {id})"),
        Some((message, None)) => message.to_owned(),
        None => fields.iter().map(field).collect::<Vec<_>>().join("; "),
    };
    format!("{kind}: {text}")
}

/// Returns an error as a JSON object with the names of the contract.
pub fn to_json(error: &Error) -> Value {
    let (kind, parts) = parts(error);
    let mut object = Map::new();
    object.insert("error".into(), kind.into());
    if let Some((message, id)) = message(&parts) {
        object.insert("message".into(), message.into());
        object.insert("correlation_id".into(), id.into());
    }
    if let Parts::Fields(fields) = parts {
        let fields = fields
            .iter()
            .map(|field| json!({ "field": field.field, "message": field.message }));
        object.insert("fields".into(), fields.collect());
    }
    if let Some(seconds) = retry_after(error) {
        object.insert("retry_after".into(), seconds.into());
    }
    Value::Object(object)
}
