//! Downloads the list, and says what an answer without one means.

use url::Url;

use crate::bindings::inventory::connector::{
    secrets,
    types::{Delay, Error, Failure},
};
use crate::config::{self, Config};
use crate::http::{self, HttpError, Response};
use crate::manifest::TOKEN;
use crate::settings::FieldError;

/// What the server has answered.
#[derive(Debug)]
pub(crate) enum Fetched {
    /// The list is still the one with the given entity tag.
    Unchanged,
    /// The list, and its entity tag if it has one.
    List { body: Vec<u8>, etag: Option<String> },
}

/// Downloads the list, unless it still has this entity tag.
pub(crate) fn fetch(config: &Config, etag: Option<&str>) -> Result<Fetched, Error> {
    let Some(token) = secrets::get(TOKEN) else {
        let message = format!("the secret `{TOKEN}` is not set");
        return Err(config::invalid(vec![FieldError::new("", message)]));
    };
    let credential = format!("{} {token}", config.scheme);
    let mut headers = vec![
        (config.header.as_str(), credential.trim_start()),
        (
            "accept",
            "text/csv, application/json, application/x-ndjson, */*;q=0.5",
        ),
        ("accept-encoding", "gzip"),
        (
            "user-agent",
            concat!("asset-list/", env!("CARGO_PKG_VERSION")),
        ),
    ];
    headers.extend(etag.map(|etag| ("if-none-match", etag)));
    let url = &config.url;
    let mut response = http::get(url, &headers).map_err(|error| unanswered(url, error))?;
    // A server may send back what it was sent.
    let repeats = |id: &String| id.contains(&token) || token.contains(id.as_str());
    response.correlation_id = response.correlation_id.filter(|id| !repeats(id));
    response.etag = response.etag.filter(|etag| !etag.contains(&token));
    match response.status {
        200 => Ok(Fetched::List {
            body: response.body,
            etag: response.etag,
        }),
        304 if etag.is_some() => Ok(Fetched::Unchanged),
        _ => Err(refused(url, response)),
    }
}

/// Returns a failure without a correlation id.
pub(crate) fn failure(message: impl Into<String>) -> Failure {
    Failure {
        message: message.into(),
        correlation_id: None,
    }
}

/// Returns scheme, host and port: the only parts of a URL that a message may contain.
pub(crate) fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

fn unanswered(url: &Url, error: HttpError) -> Error {
    let at = origin(url);
    match error {
        HttpError::Unreachable(why) => Error::Unavailable(Delay {
            message: format!(
                "{at} could not be reached: {why}. Check the network, the proxy and `url`."
            ),
            correlation_id: None,
            retry_after: None,
        }),
        HttpError::Untrusted => Error::Untrusted(failure(format!(
            "{at} is not trusted: the TLS handshake failed. Check whether a proxy intercepts TLS, the host's certificate \
             authorities and its clock."
        ))),
        HttpError::Denied => Error::Denied(failure(format!(
            "The request to {at} was refused by the host. Ask its operator to allow it."
        ))),
        HttpError::TooLarge(why) => Error::LimitExceeded(failure(format!(
            "{at}: {why}. Ask for a list with fewer rows or columns."
        ))),
        HttpError::Malformed(why) => Error::Protocol(failure(format!(
            "Invalid response from {at}: {why}. Check `url`, and whether a proxy responds in its place."
        ))),
    }
}

/// Returns the error of a response that is not a list. Nothing of its body is repeated.
fn refused(url: &Url, response: Response) -> Error {
    let at = origin(url);
    let Response {
        status,
        retry_after,
        correlation_id,
        ..
    } = response;
    let failure = |message: String| Failure {
        message,
        correlation_id: correlation_id.clone(),
    };
    let delay = |message: String| Delay {
        message,
        correlation_id: correlation_id.clone(),
        retry_after,
    };
    match status {
        401 => Error::Unauthorized(failure(format!(
            "{at} does not accept the token (401). Check the secret `{TOKEN}`, and `header` and `scheme` in the config."
        ))),
        403 | 451 => Error::Forbidden(failure(format!(
            "{at} does not let this token read the list ({status}). Give it the right to read it."
        ))),
        429 => Error::RateLimited(delay(format!("{at} asks for fewer requests (429)."))),
        408 | 500..=599 => Error::Unavailable(delay(format!(
            "{at} failed ({status}). If this persists, ask its operator."
        ))),
        404 | 410 => Error::Protocol(failure(format!(
            "{at} has no list at that path ({status}). Check `url` in the config."
        ))),
        301..=303 | 307 | 308 => Error::Protocol(failure(format!(
            "{at} responded with a redirect ({status}), which is not followed. Put the URL of the list itself into `url`."
        ))),
        _ => Error::Protocol(failure(format!(
            "{at} responded with {status} in place of the list. Check `url` in the config."
        ))),
    }
}
