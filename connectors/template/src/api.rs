//! The vendor's API: one request, and what its answers mean.

use std::time::Duration;

use serde_json::value::RawValue;
use wasi::http::types::ErrorCode;
use wasi_http_client::Client;

use crate::bindings::inventory::connector::secrets;
use crate::bindings::inventory::connector::types::{Delay, Error, Failure};

/// Asks for the list, and returns its records, each as the JSON text that it is.
pub fn list(url: &str) -> Result<Vec<Box<RawValue>>, Error> {
    // What the host gives may be a placeholder, which it replaces on the way out: use it as it is.
    let token = secrets::get("api_token").unwrap_or_default();
    let request = Client::new()
        .get(url)
        .header("authorization", format!("Bearer {token}").as_bytes())
        .header("accept", "application/json")
        .connect_timeout(Duration::from_secs(30));
    let response = request
        .send()
        .map_err(|error| no_answer(error.downcast_ref()))?;
    let retry_after = response
        .headers()
        .get("retry-after")
        .and_then(|text| text.parse().ok());
    match response.status() {
        200 => {}
        401 => {
            return Err(Error::Unauthorized(failure(
                "the API refuses the token; set another one.",
            )));
        }
        403 => {
            return Err(Error::Forbidden(failure(
                "the token may not read devices; give it the right.",
            )));
        }
        429 => {
            return Err(Error::RateLimited(delay(
                "the API asks for fewer requests.",
                retry_after,
            )));
        }
        500..=599 => {
            return Err(Error::Unavailable(delay(
                "the API fails at the moment.",
                retry_after,
            )));
        }
        status => {
            return Err(Error::Protocol(failure(&format!(
                "the API answers with status {status}; is `url` right?"
            ))));
        }
    }
    let body = response
        .body()
        .map_err(|_| Error::Unavailable(delay("the answer broke off.", None)))?;
    // No message repeats what the API answered: it may be personal data.
    serde_json::from_slice(&body).map_err(|_| {
        Error::Protocol(failure(
            "the API's answer is not a JSON array; is `url` right?",
        ))
    })
}

/// Returns the contract's error for a request without an answer. Hosts name the same fault differently, so whatever is
/// neither refused nor about TLS may be over with the next try.
fn no_answer(code: Option<&ErrorCode>) -> Error {
    match code {
        Some(ErrorCode::HttpRequestDenied) => {
            Error::Denied(failure("the host does not allow a request to `url`."))
        }
        Some(
            ErrorCode::TlsCertificateError
            | ErrorCode::TlsProtocolError
            | ErrorCode::TlsAlertReceived(_),
        ) => Error::Untrusted(failure("the certificate of `url` is not trusted.")),
        _ => Error::Unavailable(delay("the API cannot be reached.", None)),
    }
}

pub fn failure(message: &str) -> Failure {
    Failure {
        message: message.to_owned(),
        correlation_id: None,
    }
}

fn delay(message: &str, retry_after: Option<u64>) -> Delay {
    Delay {
        message: message.to_owned(),
        correlation_id: None,
        retry_after,
    }
}
