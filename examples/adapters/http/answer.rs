//! Answers, and which HTTP status an error of the connector is.

use adapters::{Error, MapError, retry_after, to_json};
use serde_json::json;

use crate::bindings::wasi::http::types::{
    Fields, OutgoingBody, OutgoingResponse, ResponseOutparam,
};
use crate::bindings::wasi::io::streams::OutputStream;

/// An answer in one piece.
pub(crate) struct Answer {
    status: u16,
    kind: &'static str,
    retry_after: Option<u64>,
    body: String,
}

impl Answer {
    /// Returns an answer of this JSON text.
    pub(crate) fn json(status: u16, body: String) -> Self {
        Self {
            status,
            kind: "application/json",
            retry_after: None,
            body,
        }
    }

    /// Returns an answer of these lines of JSON.
    pub(crate) fn lines(lines: &[String]) -> Self {
        let body = lines.iter().map(|line| format!("{line}\n")).collect();
        Self {
            kind: "application/x-ndjson",
            ..Self::json(200, body)
        }
    }

    /// Returns what is wrong with a request or with this server.
    pub(crate) fn problem(status: u16, error: &str, message: &str) -> Self {
        Self::json(
            status,
            json!({ "error": error, "message": message }).to_string(),
        )
    }

    /// Returns an error of the connector. Those that say something about the API and not about the request are 502.
    pub(crate) fn error(error: &Error) -> Self {
        let status = match error {
            Error::InvalidConfig(_) | Error::InvalidCursor(_) => 400,
            Error::Denied(_) => 403,
            Error::RateLimited(_) => 429,
            Error::Unavailable(_) => 503,
            Error::Unauthorized(_)
            | Error::Expired(_)
            | Error::Forbidden(_)
            | Error::Untrusted(_)
            | Error::Protocol(_)
            | Error::LimitExceeded(_) => 502,
            Error::Other(_) => 500,
        };
        Self {
            retry_after: retry_after(error),
            ..Self::json(status, to_json(error).to_string())
        }
    }

    /// Returns why a record could not be mapped.
    pub(crate) fn map_error(error: &MapError) -> Self {
        let place = json!({ "error": "map-error", "message": error.message, "line": error.line, "column": error.column });
        Self::json(422, place.to_string())
    }

    /// Returns that the connector broke its contract.
    pub(crate) fn not_json(error: &serde_json::Error) -> Self {
        Self::problem(
            502,
            "contract",
            &format!("the connector's answer is not JSON: {error}"),
        )
    }

    /// Sends the answer.
    pub(crate) fn send(self, response: ResponseOutparam) {
        let mut headers = vec![("content-type", self.kind.to_owned())];
        if let Some(seconds) = self.retry_after {
            headers.push(("retry-after", seconds.to_string()));
        }
        // If the client has gone, there is nobody to tell.
        if let Some(stream) = Stream::begin(self.status, &headers, response) {
            let _ = stream.send(self.body.as_bytes());
            stream.end();
        }
    }
}

/// The body of an answer in pieces.
pub(crate) struct Stream {
    // Dropped before the body that it belongs to.
    bytes: OutputStream,
    body: OutgoingBody,
}

impl Stream {
    /// Sends the head of an answer; `None` if the client has gone.
    pub(crate) fn begin(
        status: u16,
        headers: &[(&str, String)],
        response: ResponseOutparam,
    ) -> Option<Self> {
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone().into_bytes()));
        let fields = Fields::from_list(&headers.collect::<Vec<_>>()).ok()?;
        let outgoing = OutgoingResponse::new(fields);
        outgoing.set_status_code(status).ok()?;
        let body = outgoing.body().ok()?;
        let bytes = body.write().ok()?;
        ResponseOutparam::set(response, Ok(outgoing));
        Some(Self { bytes, body })
    }

    /// Sends bytes, as fast as the client takes them.
    pub(crate) fn send(&self, mut bytes: &[u8]) -> Option<()> {
        while !bytes.is_empty() {
            let room = usize::try_from(self.bytes.check_write().ok()?).ok()?;
            if room == 0 {
                self.bytes.subscribe().block();
                continue;
            }
            let (piece, rest) = bytes.split_at(room.min(bytes.len()));
            self.bytes.write(piece).ok()?;
            bytes = rest;
        }
        self.bytes.blocking_flush().ok()
    }

    /// Ends the answer in order.
    pub(crate) fn end(self) {
        drop(self.bytes);
        let _ = OutgoingBody::finish(self.body, None);
    }
}
