//! What a component returns, checked before anything is made of it.
//!
//! | what | rule | else |
//! |---|---|---|
//! | an event | one JSON object on one line | the source fails |
//! | an event | at most `limits.event_bytes` | it becomes a reject |
//! | a device's id | 1 byte to 1 KiB | the source fails |
//! | a page | at most `limits.batch_bytes` of text, a reject counted as [`MIN_REJECT`] bytes at least; its cursor at most [`MAX_CURSOR_BYTES`] | the source fails |
//! | reasons for an event | values are JSON, paths are JSON Pointers, a rule is on one line | there is no event |
//! | a walk | goes on with another cursor, or brings something | the source fails |
//! | a page of sources | at most 1,000, each with a config that is a JSON object; goes on with another `next` | the listing fails |
//! | the manifest | at most 1 MiB | the component is not used |
//! | messages, reasons, warnings, names, marks | [`MESSAGE`], [`NAME`] | cut |
//! | the warnings of a page | [`WARNINGS`] | the others are left out |
//!
//! Nothing of a page that breaks a rule for which the source fails is delivered, and the cursor stays. No content of it
//! is told: it may be personal data.

use std::fmt;

use memchr::memchr2;
use serde::de::IgnoredAny;

use crate::contract::bindings::inventory::connector::types::{
    Account, Batch, Delay, Error, Event, Explanation, Failure, MapError, Reject, SourcesPage,
};
use crate::contract::limits::{Limit, Limits, MAX_CURSOR_BYTES};
use crate::contract::stopped::Stopped;
use crate::text::printable::printable;
use crate::units::quantity;

pub mod reasons;

pub use crate::contract::check::reasons::ReasonAt;

/// A message or a reason is cut to this, in bytes: more is no sentence that a person reads.
pub const MESSAGE: usize = 2000;

/// A name, a mark, a field or a correlation id is cut to this, in bytes.
pub const NAME: usize = 500;

/// The longest id of a device or a source, in bytes: the state keeps them.
pub const ID: usize = 1 << 10;

/// The longest manifest, in bytes: a hundred times the one of Sophos.
pub const MANIFEST: usize = 1 << 20;

/// The most sources of one page: ten times what the API of Sophos lists at most.
pub const SOURCES: usize = 1000;

/// The most warnings of one page that are logged.
pub const WARNINGS: usize = 10;

/// What a reject counts as at least, in bytes: it makes a line of the rejects file with the time, the account and the
/// source, however little the component says of it.
pub const MIN_REJECT: usize = 256;

/// How many fields of a config, or notes about an account, are told.
const ENTRIES: usize = 50;

/// Where an event stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventAt {
    /// Its number in the page, from 1.
    number: usize,
    /// Its device's id, fit for a terminal and cut.
    device: String,
}

impl fmt::Display for EventAt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, device } = self;
        write!(formatter, "event {number} of the page, device {device:?}")
    }
}

/// A rule of the contract that a component broke.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Breach {
    /// An event is no JSON object.
    #[error("{0}, is not one JSON object")]
    NotAnObject(EventAt),
    /// An event is on several lines.
    #[error("{0}, has a line break in its text")]
    LineBreak(EventAt),
    /// A device's id is empty or too long.
    #[error("event {0} of the page has no device id, or one of more than 1 KiB")]
    Device(usize),
    /// A walk stands still.
    #[error(
        "the walk is to go on with the very cursor that the page was asked for with, which would go on for ever"
    )]
    WalkStandsStill,
    /// A listing stands still, or goes in a circle.
    #[error("its list of sources goes in a circle, which would go on for ever")]
    ListInACircle,
    /// A listing has too many pages, or too much in them.
    #[error("it lists more than 10,000 pages of sources, or more than 512 MiB of them")]
    ListTooLong,
    /// A page of sources is too long.
    #[error("it lists {0} sources on one page; {SOURCES} are the most")]
    TooManySources(usize),
    /// A source's id is empty or too long.
    #[error("source {0} of the page has no id, or one of more than 1 KiB")]
    SourceId(usize),
    /// A source's config is none.
    #[error("the config of source {0} of the page is not one JSON object")]
    SourceConfig(usize),
    /// The manifest is too long.
    #[error("its manifest has {}; {} are the most", quantity::bytes(*.0 as u64), quantity::bytes(MANIFEST as u64))]
    Manifest(usize),
    /// What a record was mapped to is no JSON object on one line.
    #[error("what it made of the record is not one JSON object on one line")]
    Mapped,
    /// A value of an explanation is no JSON.
    #[error("a value of {0} is not one JSON value")]
    ValueNotJson(ReasonAt),
    /// A path or a pointer of an explanation is none.
    #[error("a path of {0} is not a JSON Pointer (RFC 6901)")]
    NotAPointer(ReasonAt),
    /// A rule of an explanation is on several lines.
    #[error("the rule of {0} has a line break")]
    RuleLineBreak(ReasonAt),
}

/// Checks a page that was asked for with `cursor`, makes rejects of the events that are too large, and cuts its texts
/// for people.
///
/// # Errors
///
/// The limit that it passes or the rule that it breaks.
pub fn batch(batch: &mut Batch, cursor: Option<&str>, limits: &Limits) -> Result<(), Stopped> {
    within(Limit::CursorBytes, batch.cursor.len(), MAX_CURSOR_BYTES)?;
    let events = batch.events.iter();
    let events = events.map(|event| event.json.len() + event.device.len());
    let rejects = batch.rejects.iter();
    let rejects = rejects.map(|reject| {
        let length = reject.reason.len() + reject.id.as_ref().map_or(0, String::len);
        length.max(MIN_REJECT)
    });
    let mark = batch.mark.as_ref().map_or(0, String::len);
    let warnings = batch.warnings.iter().map(String::len);
    let texts = events.chain(rejects).chain(warnings);
    let texts = texts.chain([batch.cursor.len(), mark]);
    let total = texts.fold(0, usize::saturating_add);
    within(Limit::BatchBytes, total, limits.batch_bytes)?;
    for (index, event) in batch.events.iter().enumerate() {
        self::event(event, index + 1)?;
    }
    reject_large_events(batch, limits);
    if batch.more && cursor == Some(batch.cursor.as_str()) {
        return Err(Breach::WalkStandsStill.into());
    }
    for reject in &mut batch.rejects {
        cut(&mut reject.reason, MESSAGE);
        cut_some(reject.id.as_mut(), ID);
    }
    cut_some(batch.mark.as_mut(), NAME);
    batch.warnings.truncate(WARNINGS);
    for warning in &mut batch.warnings {
        cut(warning, MESSAGE);
    }
    Ok(())
}

/// One large record must not keep a source from being collected, so its event is a reject like any other.
fn reject_large_events(batch: &mut Batch, limits: &Limits) {
    let large = batch
        .events
        .extract_if(.., |event| event.json.len() > limits.event_bytes);
    batch.rejects.extend(large.map(|event| Reject {
        reason: format!(
            "the event is larger ({}) than `limits.event_bytes` ({}) allows; raise it to have such events delivered",
            quantity::bytes(event.json.len() as u64),
            quantity::bytes(limits.event_bytes as u64)
        ),
        id: Some(event.device),
    }));
}

fn event(event: &Event, number: usize) -> Result<(), Breach> {
    if !is_id(&event.device) {
        return Err(Breach::Device(number));
    }
    let at = || {
        let device: String = printable(&event.device).chars().take(100).collect();
        EventAt { number, device }
    };
    if has_line_break(&event.json) {
        return Err(Breach::LineBreak(at()));
    }
    if !is_object(&event.json) {
        return Err(Breach::NotAnObject(at()));
    }
    Ok(())
}

/// Checks a page of sources that was asked for with `next`, and cuts its texts for people.
///
/// # Errors
///
/// The limit that it passes or the rule that it breaks.
pub fn sources(page: &mut SourcesPage, next: Option<&str>, limits: &Limits) -> Result<(), Stopped> {
    let following = page.next.as_deref();
    let length = following.map_or(0, str::len);
    within(Limit::CursorBytes, length, MAX_CURSOR_BYTES)?;
    if page.sources.len() > SOURCES {
        return Err(Breach::TooManySources(page.sources.len()).into());
    }
    let texts = page.sources.iter().map(|source| {
        let (Ok(config) | Err(config)) = &source.config;
        source.id.len() + source.name.len() + config.len()
    });
    let total = texts.fold(length, usize::saturating_add);
    within(Limit::BatchBytes, total, limits.batch_bytes)?;
    if following.is_some() && following == next {
        return Err(Breach::ListInACircle.into());
    }
    for (index, source) in page.sources.iter_mut().enumerate() {
        if !is_id(&source.id) {
            return Err(Breach::SourceId(index + 1).into());
        }
        match &mut source.config {
            Ok(config) if is_object(config) => {}
            Ok(_) => return Err(Breach::SourceConfig(index + 1).into()),
            Err(reason) => cut(reason, MESSAGE),
        }
        cut(&mut source.name, NAME);
    }
    Ok(())
}

/// Checks what a record was mapped to: an event by itself.
///
/// # Errors
///
/// When it is larger than a page may be, or no event.
pub fn mapped(event: &str, limits: &Limits) -> Result<(), Stopped> {
    within(Limit::BatchBytes, event.len(), limits.batch_bytes)?;
    if has_line_break(event) || !is_object(event) {
        return Err(Breach::Mapped.into());
    }
    Ok(())
}

/// Checks an event with the reasons for its values.
///
/// # Errors
///
/// When all of its texts together are larger than a page may be, the event is none, or a reason is not what the contract
/// says.
pub fn explanation(explanation: &Explanation, limits: &Limits) -> Result<(), Stopped> {
    let values = explanation
        .values
        .iter()
        .chain(&explanation.omitted)
        .flat_map(|value| {
            let sources = value.sources.iter();
            let sources = sources.map(|source| source.pointer.len() + source.value_json.len());
            sources.chain([value.path.len() + value.value_json.len() + value.rule.len()])
        });
    let texts = values.chain(explanation.unused.iter().map(String::len));
    let total = texts.fold(explanation.event.len(), usize::saturating_add);
    within(Limit::BatchBytes, total, limits.batch_bytes)?;
    mapped(&explanation.event, limits)?;
    Ok(reasons::check(explanation)?)
}

/// Checks the text of a manifest.
///
/// # Errors
///
/// When it is too long.
pub fn manifest(text: &str) -> Result<(), Stopped> {
    if text.len() > MANIFEST {
        return Err(Breach::Manifest(text.len()).into());
    }
    Ok(())
}

/// Cuts what is told about an account.
pub fn account(account: &mut Account) {
    cut(&mut account.id, NAME);
    cut(&mut account.kind, NAME);
    cut_some(account.name.as_mut(), NAME);
    account.notes.truncate(ENTRIES);
    for note in &mut account.notes {
        cut(note, MESSAGE);
    }
}

/// Cuts the messages of an error.
pub fn error(error: &mut Error) {
    match error {
        Error::InvalidConfig(errors) => {
            errors.truncate(ENTRIES);
            for error in errors {
                cut(&mut error.field, NAME);
                cut(&mut error.message, MESSAGE);
            }
        }
        Error::RateLimited(Delay {
            message,
            correlation_id,
            ..
        })
        | Error::Unavailable(Delay {
            message,
            correlation_id,
            ..
        })
        | Error::Unauthorized(Failure {
            message,
            correlation_id,
        })
        | Error::Expired(Failure {
            message,
            correlation_id,
        })
        | Error::Forbidden(Failure {
            message,
            correlation_id,
        })
        | Error::Untrusted(Failure {
            message,
            correlation_id,
        })
        | Error::InvalidCursor(Failure {
            message,
            correlation_id,
        })
        | Error::Protocol(Failure {
            message,
            correlation_id,
        })
        | Error::LimitExceeded(Failure {
            message,
            correlation_id,
        })
        | Error::Denied(Failure {
            message,
            correlation_id,
        })
        | Error::Other(Failure {
            message,
            correlation_id,
        }) => {
            cut(message, MESSAGE);
            cut_some(correlation_id.as_mut(), NAME);
        }
    }
}

/// Where an error keeps the id under which the vendor's support finds the request; none where it has no such place.
pub fn correlation_id(error: &mut Error) -> Option<&mut Option<String>> {
    match error {
        Error::InvalidConfig(_) => None,
        Error::RateLimited(delay) | Error::Unavailable(delay) => Some(&mut delay.correlation_id),
        Error::Unauthorized(failure)
        | Error::Expired(failure)
        | Error::Forbidden(failure)
        | Error::Untrusted(failure)
        | Error::InvalidCursor(failure)
        | Error::Protocol(failure)
        | Error::LimitExceeded(failure)
        | Error::Denied(failure)
        | Error::Other(failure) => Some(&mut failure.correlation_id),
    }
}

/// Cuts the message of a record that could not be mapped.
pub fn map_error(error: &mut MapError) {
    cut(&mut error.message, MESSAGE);
}

/// Whether an error is about no record: it is in what `explain` got beside it, a dialect or a config.
pub fn is_about_dialect(error: &MapError) -> bool {
    error.line == 0
}

fn within(limit: Limit, length: usize, most: usize) -> Result<(), Stopped> {
    if length <= most {
        return Ok(());
    }
    Err(Stopped::Passed {
        limit,
        allowed: quantity::bytes(most as u64),
    })
}

fn is_id(text: &str) -> bool {
    (1..=ID).contains(&text.len())
}

fn has_line_break(text: &str) -> bool {
    memchr2(b'\n', b'\r', text.as_bytes()).is_some()
}

/// Whether a text is one JSON object. Nothing is kept of it, and no nesting is too deep.
fn is_object(text: &str) -> bool {
    text.trim_start().starts_with('{') && is_json(text)
}

/// Whether a text is one JSON value; as [`is_object`].
fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

fn cut_some(text: Option<&mut String>, longest: usize) {
    if let Some(text) = text {
        cut(text, longest);
    }
}

/// Cuts a text to so many bytes, and says so by three dots.
fn cut(text: &mut String, longest: usize) {
    if text.len() > longest {
        text.truncate(text.floor_char_boundary(longest));
        text.push('…');
        text.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests;
