//! The JSON body of a request.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::answer::Answer;
use crate::bindings::wasi::http::types::{IncomingBody, IncomingRequest};
use crate::bindings::wasi::io::streams::StreamError;
use crate::settings;

/// The longest body that is read. The largest endpoints have some 60 KB.
const MAX_BODY: usize = 4 << 20;

/// What a request may say; each path needs its own part.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    config: Option<Box<RawValue>>,
    cursor: Option<String>,
    record: Option<Box<RawValue>>,
    pub(crate) dialect: Option<String>,
}

/// An account, or one of its sources, whose network is open.
pub(crate) struct Account {
    pub(crate) config: String,
    pub(crate) cursor: Option<String>,
}

impl Body {
    /// Returns the account, and opens its network.
    pub(crate) fn account(self) -> Result<Account, Answer> {
        let missing = || Answer::problem(400, "body", "the body has no \"config\"");
        let config = self.config.ok_or_else(missing)?.get().to_owned();
        settings::open_network().map_err(|why| Answer::problem(500, "settings", &why))?;
        Ok(Account {
            config,
            cursor: self.cursor,
        })
    }

    /// Returns the text of the record to map: an object, or its text as a string.
    pub(crate) fn record(&self) -> Result<String, Answer> {
        let missing = || Answer::problem(400, "body", "the body has no \"record\"");
        let record = self.record.as_ref().ok_or_else(missing)?.get();
        Ok(serde_json::from_str(record).unwrap_or_else(|_| record.to_owned()))
    }
}

/// Reads the body of a request.
///
/// A page in a browser can send a form or a text to any server without asking, and JSON to one whose address its own name
/// has taken on; its requests tell their origin.
pub(crate) fn read(request: &IncomingRequest) -> Result<Body, Answer> {
    let headers = request.headers();
    if headers.has("origin") {
        let why = "the request has the header origin: it comes from a page in a browser, which is not served";
        return Err(Answer::problem(403, "origin", why));
    }
    let kinds = headers.get("content-type");
    let is_json = |kind: &Vec<u8>| kind.starts_with(b"application/json");
    if !kinds.iter().any(is_json) {
        let why = "the content type is not application/json";
        return Err(Answer::problem(415, "content-type", why));
    }
    let bytes = request.consume().ok().and_then(bytes);
    let bytes = bytes.ok_or_else(|| {
        Answer::problem(
            400,
            "body",
            "the body is longer than 4 MiB, or did not arrive",
        )
    })?;
    serde_json::from_slice(&bytes).map_err(|error| Answer::problem(400, "body", &error.to_string()))
}

fn bytes(body: IncomingBody) -> Option<Vec<u8>> {
    let stream = body.stream().ok()?;
    let mut bytes = Vec::new();
    loop {
        match stream.blocking_read(64 << 10) {
            Ok(chunk) => bytes.extend(chunk),
            Err(StreamError::Closed) => return Some(bytes),
            Err(StreamError::LastOperationFailed(_)) => return None,
        }
        if bytes.len() > MAX_BODY {
            return None;
        }
    }
}
