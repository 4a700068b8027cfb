//! The meaning of an error response, and what the user should do about it.
//!
//! The status decides; of a response's texts, messages repeat only its ids and error codes, and only if they look like
//! such and contain no part of a token or secret.

use serde::Deserialize;
use url::Url;

use crate::bindings::inventory::connector::types::{Delay, Error, Failure};
use crate::http::{HttpError, Response};
use crate::sophos::confidential;

/// The place where a tenant's credentials are managed, for messages.
pub(crate) const CREDENTIALS_PAGE: &str =
    "Sophos Central Admin > Global Settings > API Credentials Management";

/// The same if the level of the credential above tenants is not known.
pub(crate) const PARENTS_CREDENTIALS_PAGE: &str =
    "Settings & Policies > API Credentials Management in Sophos Central Partner or Enterprise";

/// The error object of Sophos Central's APIs, and that of its token endpoint.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ErrorBody {
    correlation_id: Option<String>,
    tracking_id: Option<String>,
    error_code: Option<String>,
}

/// The body of an error response: the correlation id, and the token endpoint's error code.
pub(crate) struct Clues {
    /// The id by which Sophos' support finds the request.
    pub(crate) correlation_id: Option<String>,
    /// Such as `oauth.invalid_client_secret`.
    pub(crate) error_code: Option<String>,
}

impl Clues {
    /// Reads a response's body, as far as it is an error object.
    pub(crate) fn of(answer: &Response) -> Self {
        let body: ErrorBody = serde_json::from_slice(&answer.body).unwrap_or_default();
        Self {
            correlation_id: body
                .correlation_id
                .or(body.tracking_id)
                .filter(|id| is_id(id)),
            error_code: body.error_code.filter(|code| is_error_code(code)),
        }
    }
}

/// Returns whether a text looks like a correlation id.
fn is_id(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (8..=64).contains(&text.len()) && text.bytes().all(allowed) && !confidential::is_in(text)
}

/// Returns whether a text looks like an error code, as `oauth.invalid_client_secret`. Without digits it is not a
/// secret.
fn is_error_code(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphabetic() || b"-_.".contains(&byte);
    (1..=64).contains(&text.len()) && text.bytes().all(allowed) && !confidential::is_in(text)
}

/// Returns a failure without a correlation id.
pub(crate) fn failure(message: impl Into<String>) -> Failure {
    Failure {
        message: message.into(),
        correlation_id: None,
    }
}

/// Returns the contract's error for a request to `url` that got no response.
pub(crate) fn unanswered(url: &Url, error: HttpError) -> Error {
    let at = origin(url);
    match error {
        HttpError::Unreachable(why) => Error::Unavailable(Delay {
            message: format!(
                "{at} could not be reached: {why}. Check the network, the proxy and the URL."
            ),
            correlation_id: None,
            retry_after: None,
        }),
        HttpError::Untrusted(why) => Error::Untrusted(failure(format!(
            "{at} is not trusted: {why}. Check whether a proxy intercepts TLS, the host's certificate \
             authorities and its clock."
        ))),
        HttpError::Denied(why) => Error::Denied(failure(format!(
            "The request to {at} was refused: {why}. Ask the operator of the host to allow it."
        ))),
        HttpError::TooLarge(why) => Error::LimitExceeded(failure(format!(
            "{at}: {why}. If it is a page of endpoints, set a smaller `page_size`."
        ))),
        HttpError::Malformed(why) => Error::Protocol(failure(format!(
            "Invalid response from {at}: {why}. Check the URL in the configuration, and whether a proxy responds in its place."
        ))),
    }
}

/// Returns the error of an API response whose status is not 200. `purpose` ends the sentence "may not …".
pub(crate) fn refused(url: &Url, answer: &Response, purpose: &str) -> Error {
    let at = origin(url);
    let status = answer.status;
    let correlation_id = Clues::of(answer).correlation_id;
    let failure = |message: String| Failure {
        message,
        correlation_id: correlation_id.clone(),
    };
    let delay = |message: String| Delay {
        message,
        correlation_id: correlation_id.clone(),
        retry_after: answer.retry_after,
    };
    match status {
        401 => token_refused(url, answer, CREDENTIALS_PAGE),
        403 => Error::Forbidden(failure(format!(
            "The credential may not {purpose} ({at} responded with 403). Give it the role Service Principal \
             ReadOnly: {CREDENTIALS_PAGE}."
        ))),
        451 => Error::Forbidden(failure(format!(
            "{at} refuses to serve this account for legal reasons (451). Ask Sophos' support."
        ))),
        429 => Error::RateLimited(delay(format!(
            "{at} asks for fewer requests (429). Other tools that use the same account count towards the limit."
        ))),
        408 | 500..=599 => Error::Unavailable(delay(format!(
            "{at} failed ({status}). If this persists, ask Sophos' support."
        ))),
        301..=303 | 307 | 308 => Error::Protocol(failure(format!(
            "{at} responded with a redirect ({status}), which is not followed. Check the URL in the \
             configuration."
        ))),
        _ => Error::Protocol(failure(format!(
            "{at} responded with {status} to a request to {purpose}. Check the URL in the configuration."
        ))),
    }
}

/// Returns the error for a new token that the API rejects (401), as opposed to an expired session. `credentials_page`
/// is the place where the credential is managed.
pub(crate) fn token_refused(url: &Url, answer: &Response, credentials_page: &str) -> Error {
    Error::Unauthorized(Failure {
        message: format!(
            "{} does not accept the access token that was just issued (401). The credential may have been \
             deleted or have expired: see {credentials_page}.",
            origin(url)
        ),
        correlation_id: Clues::of(answer).correlation_id,
    })
}

/// Returns scheme, host and port: the only parts of a URL that a message may contain.
pub(crate) fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::http::Response;
    use crate::sophos::confidential;

    fn clues(name: &str, text: &str) -> Clues {
        Clues::of(&Response {
            status: 403,
            body: json!({ name: text }).to_string().into_bytes(),
            date: None,
            retry_after: None,
            duration: Duration::ZERO,
        })
    }

    #[test]
    fn an_id_has_8_to_64_letters_digits_and_hyphens() {
        let longest = "a".repeat(64);
        let too_long = "a".repeat(65);
        for (text, is_id) in [
            ("3f0f2c7e-2a1d-4b7c-9a55-0d9b6a1c2e01", true),
            ("1234567", false),
            ("12345678", true),
            (longest.as_str(), true),
            (too_long.as_str(), false),
            ("with.a.dot", false),
            ("with_underscore", false),
            ("with a space", false),
            ("tab\tand\nline", false),
            ("", false),
        ] {
            for name in ["correlationId", "trackingId"] {
                let found = clues(name, text).correlation_id;
                assert_eq!(found.as_deref(), is_id.then_some(text), "{text:?}");
            }
        }
    }

    #[test]
    fn neither_an_id_nor_a_code_repeats_a_token() {
        confidential::remember("Header-of-the-token.payload-of-the-token.c2ln");
        for text in [
            "Header-of-the-token",
            "header-of-the-token",
            "id-payload-of-the-token-id",
            "Header-of-the-token.payload-of-the-token.c2ln",
        ] {
            for name in ["correlationId", "trackingId"] {
                assert_eq!(clues(name, text).correlation_id, None, "{text}");
            }
            assert_eq!(clues("errorCode", text).error_code, None, "{text}");
        }
        let code = clues("errorCode", "oauth.invalid_client_secret").error_code;
        assert_eq!(code.as_deref(), Some("oauth.invalid_client_secret"));
    }
}
