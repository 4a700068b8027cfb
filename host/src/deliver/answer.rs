//! What an answer means for the events that were sent: pure functions of the answer.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, StatusCode, header};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Number;

use crate::contract::bindings::inventory::connector::types::Event;
use crate::deliver::body::{Fields, complaint};
use crate::deliver::retry::RetryCause;

/// How long to wait after a 429 that does not say it.
const PAUSE: Duration = Duration::from_secs(60);

/// How long an error code may be.
const MAX_CODE: usize = 64;

/// Error codes of fewer characters identify nobody and no secret, even where the request holds them as well.
const SHORT_CODE: usize = 4;

/// What to do about a success answer that does not confirm all events.
pub(super) const INCOMPLETE_ADVICE: &str = "its events may have arrived already; see at the destination why it did not take all of them, or make it answer 400 \
     or 422 instead: then the events that it does not want are found, and they alone are rejected";

/// The answer to one request.
#[derive(Debug)]
pub(super) struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// The body, or its beginning.
    pub body: Vec<u8>,
    /// Whether `body` is only the beginning.
    pub is_cut_off: bool,
}

/// What an answer means for the events that were sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// All of them were taken.
    Accepted,
    /// They are refused; others may be taken.
    Refused,
    /// They may be taken later.
    Retry(RetryCause),
    /// A success that does not confirm all of them, with the reason.
    Incomplete(String),
    /// Another attempt does not help; what the operator can do.
    Failed(&'static str),
    /// For each of them something else, in their order.
    Each(Vec<Item>),
}

/// What an answer means for one event.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Item {
    pub verdict: Verdict,
    pub status: StatusCode,
    pub code: Option<String>,
}

impl Reply {
    /// Returns what the answer to a request with `sent` events means.
    pub(super) fn judge(&self, sent: usize, now: SystemTime) -> Verdict {
        match self.judge_status(now) {
            Verdict::Accepted => self
                .complaint(sent)
                .map_or(Verdict::Accepted, Verdict::Incomplete),
            other => other,
        }
    }

    /// Returns what the status means, whatever the body says.
    pub(super) fn judge_status(&self, now: SystemTime) -> Verdict {
        judge_status(self.status, self.retry_after(now))
    }

    /// Returns what in a success answer says that not all events were taken.
    fn complaint(&self, sent: usize) -> Option<String> {
        if self.is_web_page() {
            let why =
                "its body is an HTML page: a proxy or a login page seems to answer in its place";
            return Some(why.to_owned());
        }
        if self.is_cut_off {
            let why = "its body has more than 8 MiB, which is too long to see whether every event was taken";
            return Some(why.to_owned());
        }
        complaint(&self.body, sent)
    }

    /// Returns how long `Retry-After` asks to wait, in seconds or until a date, which is compared with the answer's own
    /// `Date` where it has one.
    pub(super) fn retry_after(&self, now: SystemTime) -> Option<Duration> {
        let text = |name| self.headers.get(name)?.to_str().ok().map(str::trim);
        let date = |name| httpdate::parse_http_date(text(name)?).ok();
        let asked = text(header::RETRY_AFTER)?;
        if !asked.is_empty() && asked.bytes().all(|byte| byte.is_ascii_digit()) {
            // A number that is too large is a long time.
            return Some(Duration::from_secs(asked.parse().unwrap_or(u64::MAX)));
        }
        let now = date(header::DATE).unwrap_or(now);
        let until = date(header::RETRY_AFTER)?;
        Some(until.duration_since(now).unwrap_or_default())
    }

    /// Returns the status, and the error code of the body where it has one: `403 Forbidden (E403)`. Of a
    /// failed answer nothing else is logged or stored.
    pub(super) fn reason(&self, events: &[Event], secrets: &[SecretString]) -> String {
        let code = Fields::read(&self.body).and_then(|fields| error_code(&fields));
        let code = code.filter(|code| may_be_kept(code, events, secrets));
        describe(self.status, code.as_deref())
    }

    /// Returns whether the answer is for a browser, which no intake's is.
    fn is_web_page(&self) -> bool {
        let body = self.body.trim_ascii_start();
        let begins = |tag: &[u8]| {
            body.get(..tag.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(tag))
        };
        let kind = self.headers.get(header::CONTENT_TYPE);
        let is_html = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
        (is_html && !body.is_empty()) || begins(b"<!doctype html") || begins(b"<html")
    }
}

/// Returns what a status means for the events that it is about.
pub(super) fn judge_status(status: StatusCode, retry_after: Option<Duration>) -> Verdict {
    match status {
        status if status.is_success() => Verdict::Accepted,
        StatusCode::TOO_MANY_REQUESTS => {
            Verdict::Retry(RetryCause::RateLimited(Some(retry_after.unwrap_or(PAUSE))))
        }
        status if status == StatusCode::REQUEST_TIMEOUT || status.is_server_error() => {
            Verdict::Retry(RetryCause::Unavailable(retry_after))
        }
        StatusCode::BAD_REQUEST
        | StatusCode::PAYLOAD_TOO_LARGE
        | StatusCode::UNPROCESSABLE_ENTITY => Verdict::Refused,
        status => Verdict::Failed(advice(status)),
    }
}

/// `403 Forbidden (E403)`, with the name that everyone knows the status by, never the server's own.
pub(super) fn describe(status: StatusCode, code: Option<&str>) -> String {
    let mut text = status.as_u16().to_string();
    if let Some(name) = status.canonical_reason() {
        text = format!("{text} {name}");
    }
    match code {
        Some(code) => format!("{text} ({code})"),
        None => text,
    }
}

/// Returns the error code of an answer: its `code`, `type` or `error`, or that of the object in `error`.
pub(super) fn error_code(fields: &Fields) -> Option<String> {
    ["code", "type", "error"].into_iter().find_map(|name| {
        let json = fields.json(name)?;
        if name == "error" && json.starts_with('{') {
            return error_code(&Fields::read(json.as_bytes())?);
        }
        let number = || fields.get(name).map(|number: Number| number.to_string());
        fields
            .get(name)
            .or_else(number)
            .filter(|code: &String| is_code(code))
    })
}

fn is_code(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=MAX_CODE).contains(&text.len()) && text.bytes().all(is_part)
}

/// Returns whether a word of the answer is an error code that the request does not hold: 1 to 64 letters, digits, `.`,
/// `_` and `-`, of which four or more are no part of an event or a secret.
pub(super) fn may_be_kept(code: &str, events: &[Event], secrets: &[SecretString]) -> bool {
    let lower_case = code.to_ascii_lowercase();
    let holds = |text: &str| text.to_ascii_lowercase().contains(&lower_case);
    let repeats = |secret: &SecretString| {
        let secret = secret.expose_secret();
        let is_part = || lower_case.contains(&secret.to_ascii_lowercase());
        holds(secret) || (secret.len() >= SHORT_CODE && is_part())
    };
    is_code(code)
        && (code.len() < SHORT_CODE
            || !events.iter().any(|event| holds(&event.json)) && !secrets.iter().any(repeats))
}

/// Returns what to do about a status that no event is to blame for.
fn advice(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            "see that the key or the headers in account.NAME.deliver are right and may write there"
        }
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::GONE => {
            "see that account.NAME.deliver names the right address"
        }
        status if status.is_redirection() => {
            "a redirect is never followed, so name the address itself in account.NAME.deliver"
        }
        _ => {
            "see at the destination what it asks for, and set `format`, `gzip` and `headers` in account.NAME.deliver \
             to that"
        }
    }
}

#[cfg(test)]
mod tests;
