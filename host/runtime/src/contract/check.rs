//! What a component returns, checked before it is used.
//!
//! | what | rule | otherwise |
//! |---|---|---|
//! | an event | one JSON object on one line | the source fails |
//! | an event | at most `limits.event_bytes` | it becomes a reject |
//! | a device's id | 1 byte to 1 KiB | the source fails |
//! | a page | at most `limits.batch_bytes` of text, a reject counted as [`MIN_REJECT`] bytes at least; its cursor at most [`MAX_CURSOR_BYTES`] | the source fails |
//! | reasons for an event | values are JSON, paths are JSON Pointers, a rule is on one line | there is no event |
//! | a walk | goes on with another cursor, or ends | the source fails |
//! | a page of sources | at most 1,000, each with a config that is a JSON object; goes on with another `next` | the listing fails |
//! | messages, reasons, warnings, names, marks | [`text::MAX_MESSAGE`], [`text::MAX_NAME`] | cut |
//! | the warnings of a page | [`MAX_PAGE_WARNINGS`] | the others are left out |
//!
//! Nothing of a page that violates a rule for which the source fails is delivered, and the cursor stays. No message
//! repeats its content: it may be personal data.

use crate::contract::bindings::inventory::connector::types::{
    Batch, Event, MapError, Reject, SourcesPage,
};
use crate::contract::check::text::{
    MAX_ID, MAX_MESSAGE, MAX_NAME, cut, has_line_break, is_id, is_object,
};
use crate::contract::limits::{Limit, Limits, MAX_CURSOR_BYTES};
use crate::contract::stopped::Stopped;
use crate::text::printable::printable;
use crate::units::quantity;

pub mod explanation;
pub mod messages;
pub mod text;

pub use crate::contract::check::explanation::{explanation, mapped};
pub use crate::contract::check::messages::{account, correlation_id, error, map_error};

/// The most sources of one page: ten times what a page of an API usually has.
pub const MAX_SOURCES: usize = 1000;

/// The most warnings of one page that are logged.
pub const MAX_PAGE_WARNINGS: usize = 10;

/// What a reject counts as at least, in bytes: however little the component says of it, it becomes a line of the rejects
/// file with the time, the account and the source.
pub const MIN_REJECT: usize = 256;

/// Checks a page that was requested with `cursor`, makes rejects of the events that are too large, and cuts its texts for
/// people.
///
/// # Errors
///
/// The limit that the page exceeds, or the rule that it violates.
pub fn batch(batch: &mut Batch, cursor: Option<&str>, limits: &Limits) -> Result<(), Stopped> {
    Stopped::check_size(Limit::CursorBytes, batch.cursor.len(), MAX_CURSOR_BYTES)?;
    Stopped::check_size(Limit::BatchBytes, size(batch), limits.batch_bytes)?;
    for (index, event) in batch.events.iter().enumerate() {
        check_event(event, index + 1)?;
    }
    reject_large_events(batch, limits);
    if batch.more && cursor == Some(batch.cursor.as_str()) {
        let violation = "a page is to be followed by itself, as it returns the cursor that it was \
                         requested with, and the walk would never end";
        return Err(Stopped::violation(violation));
    }
    for reject in &mut batch.rejects {
        cut(&mut reject.reason, MAX_MESSAGE);
        if let Some(id) = &mut reject.id {
            cut(id, MAX_ID);
        }
    }
    if let Some(mark) = &mut batch.mark {
        cut(mark, MAX_NAME);
    }
    batch.warnings.truncate(MAX_PAGE_WARNINGS);
    for warning in &mut batch.warnings {
        cut(warning, MAX_MESSAGE);
    }
    Ok(())
}

/// Returns the size of a page's texts in bytes.
fn size(batch: &Batch) -> usize {
    let events = batch.events.iter();
    let events = events.map(|event| event.json.len() + event.device.len());
    let rejects = batch.rejects.iter();
    let rejects = rejects.map(|reject| {
        let length = reject.reason.len() + reject.id.as_ref().map_or(0, String::len);
        length.max(MIN_REJECT)
    });
    let texts = batch.warnings.iter().chain(&batch.mark).map(String::len);
    let texts = events.chain(rejects).chain(texts);
    texts.fold(batch.cursor.len(), usize::saturating_add)
}

/// Makes rejects of large events: one large record must not keep a source from being collected.
fn reject_large_events(batch: &mut Batch, limits: &Limits) {
    let large = batch
        .events
        .extract_if(.., |event| event.json.len() > limits.event_bytes);
    batch.rejects.extend(large.map(|event| Reject {
        reason: format!(
            "the event has {}, more than `limits.event_bytes` ({}) allows; raise it to have such events delivered",
            quantity::bytes(event.json.len() as u64),
            quantity::bytes(limits.event_bytes as u64)
        ),
        id: Some(event.device),
    }));
}

fn check_event(event: &Event, number: usize) -> Result<(), Stopped> {
    let rule = if !is_id(&event.device) {
        let violation =
            format!("event {number} of the page has no device id, or one of more than 1 KiB");
        return Err(Stopped::violation(violation));
    } else if has_line_break(&event.json) {
        "has a line break in its text"
    } else if !is_object(&event.json) {
        "is not one JSON object"
    } else {
        return Ok(());
    };
    let device: String = printable(&event.device).chars().take(100).collect();
    let violation = format!("event {number} of the page, device {device:?}, {rule}");
    Err(Stopped::violation(violation))
}

/// Checks a page of sources that was requested with `next`, and cuts its texts for people.
///
/// # Errors
///
/// The limit that the page exceeds, or the rule that it violates.
pub fn sources(page: &mut SourcesPage, next: Option<&str>, limits: &Limits) -> Result<(), Stopped> {
    let following = page.next.as_deref();
    let length = following.map_or(0, str::len);
    Stopped::check_size(Limit::CursorBytes, length, MAX_CURSOR_BYTES)?;
    let count = page.sources.len();
    if count > MAX_SOURCES {
        let violation =
            format!("it lists {count} sources on one page, and {MAX_SOURCES} are allowed");
        return Err(Stopped::violation(violation));
    }
    let texts = page.sources.iter().map(|source| {
        let (Ok(config) | Err(config)) = &source.config;
        source.id.len() + source.name.len() + config.len()
    });
    let total = texts.fold(length, usize::saturating_add);
    Stopped::check_size(Limit::BatchBytes, total, limits.batch_bytes)?;
    if following.is_some() && following == next {
        return Err(Stopped::SOURCES_IN_A_CIRCLE);
    }
    for (index, source) in page.sources.iter_mut().enumerate() {
        let number = index + 1;
        if !is_id(&source.id) {
            let violation =
                format!("source {number} of the page has no id, or one of more than 1 KiB");
            return Err(Stopped::violation(violation));
        }
        match &mut source.config {
            Ok(config) if is_object(config) => {}
            Ok(_) => {
                let violation =
                    format!("the config of source {number} of the page is not one JSON object");
                return Err(Stopped::violation(violation));
            }
            Err(reason) => cut(reason, MAX_MESSAGE),
        }
        cut(&mut source.name, MAX_NAME);
    }
    Ok(())
}

/// Returns whether an error concerns what `explain` got beside the record: a dialect or a config.
pub fn is_about_dialect(error: &MapError) -> bool {
    error.line == 0
}

#[cfg(test)]
mod tests;
