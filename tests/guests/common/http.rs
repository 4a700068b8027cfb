//! Requests on WASI's own interface, without a library that would correct them.

use std::fmt;

use wasi::http::outgoing_handler;
use wasi::http::types::{
    ErrorCode, Fields, HeaderError, IncomingBody, IncomingResponse, Method, OutgoingBody,
    OutgoingRequest, Scheme,
};
use wasi::io::streams::StreamError;

use crate::{Error, Failure};

/// The maximum number of bytes that WASI reads or writes at a time.
const CHUNK: usize = 4096;

/// A response.
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers whose values are text.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// Returns the first header of this name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// Why there is no response.
#[derive(Debug)]
pub enum Refused {
    /// The URL is not valid for a request.
    Url,
    /// A header is not valid for a request.
    Header(HeaderError),
    /// The host's error.
    Code(ErrorCode),
    /// The response broke off without an error.
    Broken,
}

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url => formatter.write_str("the URL does not fit into a request"),
            Self::Header(error) => write!(formatter, "header: {error:?}"),
            Self::Code(code) => write!(formatter, "{code:?}"),
            Self::Broken => formatter.write_str("the answer broke off"),
        }
    }
}

impl Refused {
    /// Returns whether the sandbox denied it.
    pub fn is_denied(&self) -> bool {
        matches!(
            self,
            Self::Header(HeaderError::Forbidden)
                | Self::Code(ErrorCode::HttpRequestDenied | ErrorCode::DestinationIpProhibited)
        )
    }

    /// Returns the contract's error for it.
    pub fn error(&self, deed: &str) -> Error {
        let failure = Failure {
            message: format!("{deed}: {self}"),
            correlation_id: None,
        };
        match self {
            refused if refused.is_denied() => Error::Denied(failure),
            Self::Code(
                ErrorCode::HttpResponseBodySize(_)
                | ErrorCode::HttpResponseHeaderSectionSize(_)
                | ErrorCode::HttpResponseHeaderSize(_),
            ) => Error::LimitExceeded(failure),
            Self::Code(
                ErrorCode::TlsProtocolError
                | ErrorCode::TlsCertificateError
                | ErrorCode::TlsAlertReceived(_),
            ) => Error::Untrusted(failure),
            _ => Error::Other(failure),
        }
    }
}

/// Tries to set a header.
///
/// # Errors
///
/// When WASI refuses it.
pub fn field(name: &str, value: &str) -> Result<(), Refused> {
    let value = value.as_bytes().to_vec();
    let list = [(name.to_owned(), value.clone())];
    Fields::from_list(&list).map_err(Refused::Header)?;
    // Each function that sets headers has a check of its own.
    let fields = Fields::new();
    let name = name.to_owned();
    fields.append(&name, &value).map_err(Refused::Header)?;
    fields.set(&name, &[value]).map_err(Refused::Header)
}

/// Sends `GET url` with a header for a token.
///
/// # Errors
///
/// When there is no response.
pub fn get(url: &str) -> Result<Answer, Refused> {
    send(
        &Method::Get,
        url,
        &[("authorization", "Bearer guest-token")],
        b"",
    )
}

/// Sends a request.
///
/// # Errors
///
/// When a part of it is not valid, or there is no response.
pub fn send(
    method: &Method,
    url: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<Answer, Refused> {
    let headers: Vec<_> = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
        .collect();
    let request = OutgoingRequest::new(Fields::from_list(&headers).map_err(Refused::Header)?);
    // Split by hand: a library would normalize the URL.
    let (scheme, rest) = url.split_once("://").ok_or(Refused::Url)?;
    let path = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(path);
    let scheme = match scheme {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other => Scheme::Other(other.to_owned()),
    };
    request.set_method(method).map_err(|()| Refused::Url)?;
    request
        .set_scheme(Some(&scheme))
        .map_err(|()| Refused::Url)?;
    request
        .set_authority(Some(authority))
        .map_err(|()| Refused::Url)?;
    request
        .set_path_with_query(Some(path))
        .map_err(|()| Refused::Url)?;

    let outgoing = request.body().map_err(|()| Refused::Broken)?;
    let answer = if body.is_empty() {
        OutgoingBody::finish(outgoing, None).map_err(Refused::Code)?;
        outgoing_handler::handle(request, None).map_err(Refused::Code)?
    } else {
        let answer = outgoing_handler::handle(request, None).map_err(Refused::Code)?;
        // The response reports what the host refuses.
        let _ = write(outgoing, body);
        answer
    };
    answer.subscribe().block();
    match answer.get() {
        Some(Ok(Ok(response))) => read(&response),
        Some(Ok(Err(code))) => Err(Refused::Code(code)),
        Some(Err(())) | None => Err(Refused::Broken),
    }
}

fn write(outgoing: OutgoingBody, body: &[u8]) -> Result<(), Refused> {
    let stream = outgoing.write().map_err(|()| Refused::Broken)?;
    for chunk in body.chunks(CHUNK) {
        stream
            .blocking_write_and_flush(chunk)
            .map_err(|_| Refused::Broken)?;
    }
    drop(stream);
    OutgoingBody::finish(outgoing, None).map_err(Refused::Code)
}

fn read(response: &IncomingResponse) -> Result<Answer, Refused> {
    let headers = response.headers().entries();
    let headers = headers
        .into_iter()
        .map(|(name, value)| (name, String::from_utf8_lossy(&value).into_owned()))
        .collect();
    let incoming = response.consume().map_err(|()| Refused::Broken)?;
    let stream = incoming.stream().map_err(|()| Refused::Broken)?;
    let mut body = Vec::new();
    loop {
        match stream.blocking_read(16 * CHUNK as u64) {
            Ok(bytes) => body.extend(bytes),
            Err(StreamError::Closed) => break,
            Err(StreamError::LastOperationFailed(error)) => {
                let code = wasi::http::types::http_error_code(&error);
                return Err(code.map_or(Refused::Broken, Refused::Code));
            }
        }
    }
    drop(stream);
    let trailers = IncomingBody::finish(incoming);
    drop(trailers);
    Ok(Answer {
        status: response.status(),
        headers,
        body,
    })
}
