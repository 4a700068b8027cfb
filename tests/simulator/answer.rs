//! An answer before it is sent, and the bodies of refusals.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

/// Status, headers and body.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// Returns an answer with this JSON text.
    pub(crate) fn json(status: u16, body: Vec<u8>) -> Answer {
        Answer {
            status,
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body,
        }
    }

    /// Sets a header in place of any of that name.
    pub(crate) fn set_header(&mut self, name: &str, value: &str) {
        self.headers
            .retain(|(key, _)| !key.eq_ignore_ascii_case(name));
        self.headers.push((name.to_lowercase(), value.to_owned()));
    }

    /// Compresses the body.
    pub(crate) fn gzip(&mut self) {
        self.body = gzip(&self.body);
        self.set_header("content-encoding", "gzip");
    }

    /// Returns the head as sent by hand, with the length of the whole body.
    pub(crate) fn head(&self) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} Simulated\r\n", self.status);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("content-length: {}\r\n\r\n", self.body.len()));
        head.into_bytes()
    }
}

/// Returns the bytes, compressed fast.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    // Writing to memory does not fail; a failure would leave a body that no client can read, which a test notices.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

/// Why a request is refused.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// By the API: the standard error object with this status.
    Api { status: u16, message: String },
    /// By the token route: its own form, with this `errorCode`.
    Token {
        status: u16,
        code: &'static str,
        message: &'static str,
    },
}

impl Refusal {
    /// Returns a refusal by the API.
    pub(crate) fn api(status: u16, message: impl Into<String>) -> Refusal {
        Refusal::Api {
            status,
            message: message.into(),
        }
    }
}

/// Returns the `error` word of the standard error object. Only those of 401 and 403 are taken from captures.
pub(crate) fn error_word(status: u16) -> &'static str {
    match status {
        400 => "badRequest",
        401 => "Unauthorized",
        403 => "forbidden",
        404 => "notFound",
        405 => "methodNotAllowed",
        410 => "gone",
        414 => "uriTooLong",
        429 => "TooManyRequests",
        451 => "unavailableForLegalReasons",
        500 => "internalServerError",
        502 => "badGateway",
        503 => "serviceUnavailable",
        504 => "gatewayTimeout",
        _ => "error",
    }
}

/// Returns the standard error object of the API.
pub(crate) fn error_object(
    status: u16,
    message: &str,
    correlation: &str,
    request: &str,
    created: &str,
) -> Value {
    json!({
        "error": error_word(status),
        "message": message,
        "correlationId": correlation,
        "requestId": request,
        "code": error_word(status),
        "createdAt": created,
        "docUrl": "https://developer.example.com",
    })
}
