//! The requests of a component: recorded, then answered by the server or by a fault.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::mem::take;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
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
    /// JSON responses at this path have one record more.
    NewRecord {
        /// The path of the URL.
        path: String,
        /// Where the list stands in the response.
        pointer: String,
        /// The record.
        record: Value,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer(status, body) => {
                let begin: String = body.chars().take(60).collect();
                let bytes = body.len();
                write!(formatter, "the answer {status} {begin:?} of {bytes} bytes")
            }
            Self::Broken => formatter.write_str("a broken connection"),
            Self::MalformedRecord => formatter.write_str("a malformed record"),
            Self::NewRecord { .. } => formatter.write_str("a new record"),
        }
    }
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
    /// The names and values of the secrets that the component has asked for.
    secrets: BTreeMap<String, String>,
    /// Which secret was in what it returned, and from which call.
    leaks: BTreeSet<String>,
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

    /// Remembers that the component asked for a secret.
    pub(crate) fn secret_was_read(&self, name: &str, value: &str) {
        let mut state = self.state();
        state.secrets_read += 1;
        state.secrets.insert(name.to_owned(), value.to_owned());
    }

    /// Looks for secrets in what a call returned.
    pub(crate) fn returned(&self, call: &str, returned: &impl fmt::Debug) {
        let text = format!("{returned:?}");
        let state = &mut *self.state();
        for (name, value) in &state.secrets {
            if text.contains(value) || derived(value).iter().any(|form| text.contains(form)) {
                let leak = format!("the secret {name} is in what {call} returned");
                state.leaks.insert(leak);
            }
        }
    }

    /// Returns which secret was in what the component returned.
    pub(crate) fn leaks(&self) -> BTreeSet<String> {
        self.state().leaks.clone()
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
        if matches!(fault, Some(Fault::NewRecord { .. })) {
            head.headers.remove(header::IF_NONE_MATCH);
        }
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
            (
                Some(Fault::NewRecord {
                    path,
                    pointer,
                    record,
                }),
                Ok(answer),
            ) if path == url.path() => Ok(with_new(answer, &pointer, record)),
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

/// Returns what base64 makes of a secret, wherever it stands in the encoded text, and its hexadecimal digits.
pub(crate) fn derived(secret: &str) -> Vec<String> {
    let mut forms: Vec<String> = (0..3)
        .map(|before| {
            let mut bytes = vec![0; before];
            bytes.extend(secret.bytes());
            let text = BASE64.encode(&bytes);
            // The first digits and the last ones depend on what stands beside the secret.
            let whole = text.get(before.div_ceil(3) * 4..bytes.len() / 3 * 4);
            whole.unwrap_or_default().to_owned()
        })
        .collect();
    forms.extend(
        forms
            .clone()
            .iter()
            .map(|form| form.replace('+', "-").replace('/', "_")),
    );
    forms.push(secret.bytes().map(|byte| format!("{byte:02x}")).collect());
    // A short one may be there by accident.
    forms.retain(|form| form.len() >= 8);
    forms
}

/// Adds a record to the list in a JSON response.
fn with_new(answer: Response<Bytes>, pointer: &str, record: Value) -> Response<Bytes> {
    let (mut head, body) = answer.into_parts();
    let mut json = serde_json::from_slice::<Value>(&body).unwrap_or_default();
    let Some(list) = json.pointer_mut(pointer).and_then(Value::as_array_mut) else {
        return Response::from_parts(head, body);
    };
    list.push(record);
    head.headers.remove(header::CONTENT_LENGTH);
    head.headers.remove(header::ETAG);
    Response::from_parts(head, json.to_string().into())
}

/// Returns the first list of at least two objects in a JSON value.
pub(crate) fn first_list(json: &mut Value) -> Option<&mut Vec<Value>> {
    let pointer = list_pointer(json)?;
    json.pointer_mut(&pointer)?.as_array_mut()
}

/// Returns where the first list of at least two objects stands in a JSON value.
pub(crate) fn list_pointer(json: &Value) -> Option<String> {
    let below = |key: &str, value| {
        let key = key.replace('~', "~0").replace('/', "~1");
        list_pointer(value).map(|rest| format!("/{key}{rest}"))
    };
    match json {
        Value::Array(list) if list.len() > 1 && list.iter().all(Value::is_object) => {
            Some(String::new())
        }
        Value::Array(list) => {
            let mut numbered = list.iter().enumerate();
            numbered.find_map(|(index, value)| below(&index.to_string(), value))
        }
        Value::Object(fields) => fields.iter().find_map(|(key, value)| below(key, value)),
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
