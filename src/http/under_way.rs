//! A request whose answer need not be waited for at once, by `wasi:http` itself.

use std::time::Instant;

use url::{Position, Url};
use wasi::http::outgoing_handler;
use wasi::http::types::{Fields, FutureIncomingResponse, Method, OutgoingRequest, Scheme};
use wasi::io::streams::StreamError;

use super::{Answer, Fault, HEADERS, answer, fault_of, malformed};

/// A request under way. Dropped, it is given up.
pub struct UnderWay {
    response: FutureIncomingResponse,
    sent: Instant,
}

impl UnderWay {
    /// Sends `GET url` with headers, each a name and a value.
    ///
    /// # Errors
    ///
    /// The host does not take the request.
    pub fn get(url: &Url, headers: &[(&str, &str)]) -> Result<Self, Fault> {
        let request = request(url, headers).ok_or_else(malformed)?;
        let sent = Instant::now();
        let response = outgoing_handler::handle(request, None).map_err(|code| fault_of(&code))?;
        Ok(Self { response, sent })
    }

    /// Waits for the answer.
    ///
    /// # Errors
    ///
    /// Why nothing came back.
    pub fn answer(self) -> Result<Answer, Fault> {
        self.response.subscribe().block();
        let lost = || Fault::Unreachable("the answer was lost".to_owned());
        // Ready, as it was waited for, and taken here for the first time.
        let response = self.response.get().and_then(Result::ok).ok_or_else(lost)?;
        let response = response.map_err(|code| fault_of(&code))?;
        let fields = response.headers();
        let header = |name: &str| {
            let value = fields.get(&name.to_owned()).pop()?;
            String::from_utf8(value).ok()
        };
        let body = response.consume().map_err(|()| lost())?;
        let stream = body.stream().map_err(|()| lost())?;
        let chunk = |length| match stream.blocking_read(length) {
            Ok(chunk) => Ok(Some(chunk)),
            Err(StreamError::Closed) => Ok(None),
            Err(StreamError::LastOperationFailed(_)) => Err(()),
        };
        answer(response.status(), header, chunk, self.sent)
    }
}

/// `GET url` with headers; none where something of it is no HTTP.
fn request(url: &Url, headers: &[(&str, &str)]) -> Option<OutgoingRequest> {
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
