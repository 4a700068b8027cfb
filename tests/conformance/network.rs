//! The requests of a component: recorded, then answered by the server or by a fault.

use std::mem::take;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use url::{Origin, Url};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use crate::server::Server;

/// A word that each invented body has, and that no message may repeat.
pub(crate) const BODY_CANARY: &str = "body-canary-7d1e";

/// What goes wrong with a response.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// A response with this status and body takes the place of the server's.
    Answer(u16, String),
    /// The connection breaks before a response.
    Broken,
    /// The first record of the first list in a JSON response becomes a number.
    MalformedRecord,
}

/// A request that the component sent.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    /// Where to.
    pub(crate) url: Url,
    /// The headers and the body.
    pub(crate) text: String,
    /// The body of the response.
    pub(crate) answer: String,
}

impl Sent {
    pub(crate) fn origin(&self) -> Origin {
        self.url.origin()
    }
}

#[derive(Default)]
struct State {
    sent: Vec<Sent>,
    secrets_read: usize,
    /// The fault of all requests from the one of this number on.
    fault: Option<(usize, Fault)>,
    malformed: bool,
}

/// The network of a component. Clones share it.
#[derive(Clone)]
pub(crate) struct Network {
    server: Arc<Server>,
    client: Client<HttpConnector, Full<Bytes>>,
    state: Arc<Mutex<State>>,
}

impl Network {
    pub(crate) fn new(server: Server) -> Self {
        Self {
            server: Arc::new(server),
            client: Client::builder(TokioExecutor::new()).build_http(),
            state: Arc::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts that the component asked for a secret.
    pub(crate) fn count_secret(&self) {
        self.state().secrets_read += 1;
    }

    /// Returns and forgets the requests so far.
    pub(crate) fn take_sent(&self) -> Vec<Sent> {
        take(&mut self.state().sent)
    }

    /// Returns and forgets how often the component asked for a secret.
    pub(crate) fn take_secrets_read(&self) -> usize {
        take(&mut self.state().secrets_read)
    }

    /// Lets a fault happen to all requests after the first `after`; `None` ends it. Returns whether a record was made
    /// malformed by the fault before.
    pub(crate) fn set_fault(&self, fault: Option<(usize, Fault)>) -> bool {
        let mut state = self.state();
        state.fault = fault;
        take(&mut state.malformed)
    }

    fn due_fault(&self) -> Option<Fault> {
        match &mut self.state().fault {
            Some((0, fault)) => Some(fault.clone()),
            Some((left, _)) => {
                *left -= 1;
                None
            }
            None => None,
        }
    }

    async fn answer(self, request: Request<WasiBody>) -> Result<Response<Bytes>, Error> {
        let (mut head, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let url = Url::parse(&head.uri.to_string()).map_err(|_| Error::HttpRequestUriInvalid)?;
        let text = format!("{:?} {}", head.headers, String::from_utf8_lossy(&body));
        let fault = self.due_fault();
        let is_ours = Url::parse(self.server.url()).is_ok_and(|ours| ours.origin() == url.origin());
        let answer = match &fault {
            Some(Fault::Broken) => Err(Error::ConnectionTerminated),
            Some(Fault::Answer(status, body)) => Ok(invented(*status, body)),
            _ if is_ours && self.server.is_process() => {
                // So that the bodies of responses can be read here.
                head.headers.remove(header::ACCEPT_ENCODING);
                let sent = self
                    .client
                    .request(Request::from_parts(head, Full::new(body)));
                let (head, body) = sent
                    .await
                    .map_err(|_| Error::ConnectionRefused)?
                    .into_parts();
                let body = body
                    .collect()
                    .await
                    .map_err(|_| Error::ConnectionTerminated)?;
                Ok(Response::from_parts(head, body.to_bytes()))
            }
            _ if is_ours => Ok(self.server.file(url.path(), &head.headers)),
            _ => Ok(invented(404, "")),
        };
        let answer = match (fault, answer) {
            (Some(Fault::MalformedRecord), Ok(answer)) => Ok(self.with_malformed(answer)),
            (_, answer) => answer,
        };
        let received = answer
            .as_ref()
            .map(|answer| String::from_utf8_lossy(answer.body()).into_owned());
        self.state().sent.push(Sent {
            url,
            text,
            answer: received.unwrap_or_default(),
        });
        answer
    }

    /// Makes a number of the first record of a list in a JSON response.
    fn with_malformed(&self, answer: Response<Bytes>) -> Response<Bytes> {
        let (mut head, body) = answer.into_parts();
        let Ok(mut json) = serde_json::from_slice::<Value>(&body) else {
            return Response::from_parts(head, body);
        };
        let Some(first) = first_list(&mut json).and_then(|list| list.first_mut()) else {
            return Response::from_parts(head, body);
        };
        *first = 17.into();
        self.state().malformed = true;
        head.headers.remove(header::CONTENT_LENGTH);
        head.headers.remove(header::ETAG);
        Response::from_parts(head, json.to_string().into())
    }
}

/// Returns the first list of at least two objects in a JSON value.
pub(crate) fn first_list(json: &mut Value) -> Option<&mut Vec<Value>> {
    let is_list = |list: &Vec<Value>| list.len() > 1 && list.iter().all(Value::is_object);
    match json {
        Value::Array(list) => match is_list(list) {
            true => Some(list),
            false => list.iter_mut().find_map(first_list),
        },
        Value::Object(fields) => fields.values_mut().find_map(first_list),
        _ => None,
    }
}

fn invented(status: u16, body: &str) -> Response<Bytes> {
    let mut answer = Response::new(Bytes::from(body.to_owned()));
    *answer.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    answer
}

type Answered = (
    Response<WasiBody>,
    Box<dyn Future<Output = Result<(), Error>> + Send>,
);

impl WasiHttpHooks for Network {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        _options: Option<RequestOptions>,
        _processed: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Answered, Error>> + Send> {
        let answer = self.clone().answer(request);
        Box::new(async move {
            let body = |body| {
                Full::new(body)
                    .map_err(|never| match never {})
                    .boxed_unsync()
            };
            let connection: Box<dyn Future<Output = Result<(), Error>> + Send> =
                Box::new(async { Ok(()) });
            Ok((answer.await?.map(body), connection))
        })
    }
}
