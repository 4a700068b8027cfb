//! Requests: a `GET` whose response can be taken later, and a form.
//!
//! A `POST` goes through `wasi-http-client`, which only this module uses, with a guard against its limits (0.2.1): a
//! request body of more than 4,096 bytes traps the instance, `headers()` replaces what `header()` set before, a
//! response header that is not UTF-8 fails the request, of a repeated header only the last value is kept, and neither
//! size nor encoding of a response is checked. A `GET` uses `wasi:http` itself: `wasi-http-client` waits for each
//! response, and passes request options, which wasmtime 48 keeps until the instance ends, so that it cannot send many.

use std::time::Instant;

use url::{Position, Url};
use wasi::http::outgoing_handler;
use wasi::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, Method, OutgoingRequest, Scheme,
};
use wasi::io::streams::StreamError;
use wasi_http_client::Client;

use crate::http::error::HttpError;
use crate::http::response::{Response, read};

/// The longest form body that `wasi-http-client` writes without a trap.
const MAX_FORM_BYTES: usize = 4096;

/// Headers of every request.
const HEADERS: [(&str, &str); 3] = [
    ("accept", "application/json"),
    ("accept-encoding", "gzip"),
    (
        "user-agent",
        concat!("sophos-assets/", env!("CARGO_PKG_VERSION")),
    ),
];

/// Sends `GET url` with headers, each a name and a value, and waits for the response.
pub(crate) fn get(url: &Url, headers: &[(&str, &str)]) -> Result<Response, HttpError> {
    PendingRequest::get(url, headers)?.response()
}

/// Sends `POST url` with an `application/x-www-form-urlencoded` body.
pub(crate) fn post_form(url: &Url, form: &[(&str, &str)]) -> Result<Response, HttpError> {
    let body = form_urlencoded(form);
    if body.len() > MAX_FORM_BYTES {
        return Err(HttpError::TooLarge(
            "the form is longer than the 4,096 bytes that can be sent",
        ));
    }
    let length = body.len().to_string();
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("content-length", length.as_str()),
    ];
    let mut request = Client::new().post(url.as_str()).body(body.as_bytes());
    for (name, value) in headers.iter().chain(&HEADERS) {
        request = request.header(*name, *value);
    }
    let sent = Instant::now();
    let response = request.send().map_err(|error| {
        let code = error.downcast_ref::<ErrorCode>();
        code.map_or(HttpError::INVALID, HttpError::from)
    })?;
    let header = |name: &str| response.headers().get(name).cloned();
    let chunk = |length| response.chunk(length).map_err(drop);
    read(response.status(), header, chunk, sent)
}

fn form_urlencoded(form: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish()
}

/// A request whose response may still be on its way. Dropping it cancels the request.
pub(crate) struct PendingRequest {
    response: FutureIncomingResponse,
    sent: Instant,
}

impl PendingRequest {
    /// Sends `GET url` with headers, each a name and a value.
    pub(crate) fn get(url: &Url, headers: &[(&str, &str)]) -> Result<Self, HttpError> {
        let request = get_request(url, headers).ok_or(HttpError::INVALID)?;
        let sent = Instant::now();
        let response =
            outgoing_handler::handle(request, None).map_err(|code| HttpError::from(&code))?;
        Ok(Self { response, sent })
    }

    /// Waits for the response.
    pub(crate) fn response(self) -> Result<Response, HttpError> {
        self.response.subscribe().block();
        const LOST: HttpError = HttpError::Unreachable("the response was lost");
        // Ready, as it was waited for, and taken here for the first time.
        let response = self.response.get().and_then(Result::ok).ok_or(LOST)?;
        let response = response.map_err(|code| HttpError::from(&code))?;
        let fields = response.headers();
        let header = |name: &str| {
            let value = fields.get(&name.to_owned()).pop()?;
            String::from_utf8(value).ok()
        };
        let body = response.consume().map_err(|()| LOST)?;
        let stream = body.stream().map_err(|()| LOST)?;
        let chunk = |length| match stream.blocking_read(length) {
            Ok(chunk) => Ok(Some(chunk)),
            Err(StreamError::Closed) => Ok(None),
            Err(StreamError::LastOperationFailed(_)) => Err(()),
        };
        read(response.status(), header, chunk, self.sent)
    }
}

/// Returns `GET url` with headers; `None` if a part of it is not valid HTTP.
fn get_request(url: &Url, headers: &[(&str, &str)]) -> Option<OutgoingRequest> {
    let fields = Fields::new();
    for (name, value) in headers.iter().chain(&HEADERS) {
        let value = value.as_bytes().to_vec();
        fields.append(&(*name).to_owned(), &value).ok()?;
    }
    let scheme = match url.scheme() {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other => Scheme::Other(other.to_owned()),
    };
    let path = &url[Position::BeforePath..Position::AfterQuery];
    let request = OutgoingRequest::new(fields);
    request.set_method(&Method::Get).ok()?;
    request.set_scheme(Some(&scheme)).ok()?;
    request.set_authority(Some(url.authority())).ok()?;
    request.set_path_with_query(Some(path)).ok()?;
    Some(request)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_percent_encoded() {
        assert_eq!(
            form_urlencoded(&[("client_secret", "a+b/c=d&e %")]),
            "client_secret=a%2Bb%2Fc%3Dd%26e+%25"
        );
    }
}
