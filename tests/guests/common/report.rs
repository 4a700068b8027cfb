//! The results of a guest: the events and errors by which a test learns what it could do.

use serde_json::json;

use crate::{Batch, Error, Event, Explanation, Failure, Refused, get};

/// Returns an event that says what the guest could do.
pub fn event(what: &str) -> Event {
    Event {
        device: "guest".to_owned(),
        json: json!({ "device": { "uid": "guest" }, "reached": what }).to_string(),
        fingerprint: 1,
    }
}

/// Returns a complete walk with these events.
pub fn batch(events: Vec<Event>) -> Batch {
    Batch {
        events,
        rejects: Vec::new(),
        cursor: "end".to_owned(),
        mark: None,
        total: None,
        more: false,
        warnings: Vec::new(),
    }
}

/// Returns a walk that found nothing.
pub fn nothing_new() -> Batch {
    batch(Vec::new())
}

/// Returns an event without explanations.
pub fn without_reasons(event: String) -> Explanation {
    Explanation {
        event,
        values: Vec::new(),
        omitted: Vec::new(),
        unused: Vec::new(),
    }
}

/// Returns the contract's error for anything without a case of its own.
pub fn other(message: &str) -> Error {
    Error::Other(Failure {
        message: message.to_owned(),
        correlation_id: None,
    })
}

/// Tries these actions of the guest, each with a name; the sandbox should refuse all of them.
///
/// # Errors
///
/// `denied` if all were refused. If one failed for another reason, such as a server that does not respond, that error:
/// the request was allowed then. If one succeeded there is no error but an event that names it.
pub fn all_refused<T>(
    deeds: impl IntoIterator<Item = (String, Result<T, Refused>)>,
) -> Result<Batch, Error> {
    let mut reported = Vec::new();
    for (deed, tried) in deeds {
        match tried.err() {
            None => return Ok(batch(vec![event(&deed)])),
            Some(refused) if refused.is_denied() => reported.push(format!("{deed} ({refused})")),
            Some(failed) => return Err(failed.error(&deed)),
        }
    }
    Err(Error::Denied(Failure {
        message: reported.join(", "),
        correlation_id: None,
    }))
}

/// Requests these URLs with the token; see [`all_refused`].
///
/// # Errors
///
/// Those of [`all_refused`].
pub fn all_urls_refused<const N: usize>(urls: [String; N]) -> Result<Batch, Error> {
    all_refused(urls.map(|url| {
        let tried = get(&url);
        (url, tried)
    }))
}
