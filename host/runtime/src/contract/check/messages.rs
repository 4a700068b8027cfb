//! Texts of a component for people, cut to a length that a person reads.

use crate::contract::bindings::inventory::connector::types::{Account, Error, MapError};
use crate::contract::check::text::{MAX_MESSAGE, MAX_NAME, cut};

/// The most fields of a config, or notes about an account, that are reported.
pub(super) const MAX_ENTRIES: usize = 50;

/// Cuts what is reported of an account.
pub fn account(account: &mut Account) {
    let names = [&mut account.id, &mut account.kind].into_iter();
    for name in names.chain(&mut account.name) {
        cut(name, MAX_NAME);
    }
    account.notes.truncate(MAX_ENTRIES);
    for note in &mut account.notes {
        cut(note, MAX_MESSAGE);
    }
}

/// Cuts the messages of an error.
pub fn error(error: &mut Error) {
    if let Error::InvalidConfig(fields) = error {
        fields.truncate(MAX_ENTRIES);
        for error in fields {
            cut(&mut error.field, MAX_NAME);
            cut(&mut error.message, MAX_MESSAGE);
        }
    } else if let Some((message, correlation_id)) = parts(error) {
        cut(message, MAX_MESSAGE);
        if let Some(id) = correlation_id {
            cut(id, MAX_NAME);
        }
    }
}

/// Cuts the message of a record that could not be mapped.
pub fn map_error(error: &mut MapError) {
    cut(&mut error.message, MAX_MESSAGE);
}

/// Returns where an error keeps the id under which the vendor's support finds the request, if it has such a place.
pub fn correlation_id(error: &mut Error) -> Option<&mut Option<String>> {
    parts(error).map(|(_, id)| id)
}

/// Returns the message and the correlation id of an error; `None` for one with a message for each field.
fn parts(error: &mut Error) -> Option<(&mut String, &mut Option<String>)> {
    match error {
        Error::InvalidConfig(_) => None,
        Error::RateLimited(delay) | Error::Unavailable(delay) => {
            Some((&mut delay.message, &mut delay.correlation_id))
        }
        Error::Unauthorized(failure)
        | Error::Expired(failure)
        | Error::Forbidden(failure)
        | Error::Untrusted(failure)
        | Error::InvalidCursor(failure)
        | Error::Protocol(failure)
        | Error::LimitExceeded(failure)
        | Error::Denied(failure)
        | Error::Other(failure) => Some((&mut failure.message, &mut failure.correlation_id)),
    }
}
