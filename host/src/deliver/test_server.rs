//! A server on loopback, for the tests of this room: records each request and returns the response that a test chooses.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{HeaderMap, Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::config::secret_source::SecretSource;
use crate::config::{Account, DestinationConfig, HttpConfig, RequestTimeouts, Retry};
use crate::contract::bindings::inventory::connector::types::Event;
use crate::deliver::destination::Refused;
use crate::deliver::error::DeliverError;
use crate::deliver::http::Http;
use crate::stop::Stop;

/// Quick enough for a test, and long enough for a machine that is busy.
pub(crate) const TIMEOUTS: RequestTimeouts = RequestTimeouts {
    connect: Duration::from_secs(10),
    answer: Duration::from_secs(10),
};

/// Two tries or more, at once.
pub(crate) const RETRY: Retry = Retry {
    total: Duration::from_secs(10),
    first: Duration::from_nanos(1),
    most: Duration::from_nanos(1),
};

/// What the server got.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub method: Method,
    pub path: String,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Seen {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

pub(crate) struct Server {
    pub origin: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    /// Responds to each request with what `answer` returns for it and its number, from 0.
    pub(crate) async fn start(
        answer: impl Fn(&Seen, usize) -> Response<String> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (answer, noted) = (Arc::new(answer), Arc::clone(&seen));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (answer, noted) = (Arc::clone(&answer), Arc::clone(&noted));
                let service = service_fn(move |request: Request<Incoming>| {
                    let (answer, noted) = (Arc::clone(&answer), Arc::clone(&noted));
                    async move {
                        let (head, body) = request.into_parts();
                        let request = Seen {
                            method: head.method,
                            path: head.uri.to_string(),
                            headers: head.headers,
                            body: body.collect().await.unwrap().to_bytes().to_vec(),
                        };
                        let number = {
                            let mut noted = noted.lock().unwrap();
                            noted.push(request.clone());
                            noted.len() - 1
                        };
                        let answer = answer(&request, number);
                        Ok::<_, Infallible>(answer.map(|body| Full::new(Bytes::from(body))))
                    }
                });
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service),
                );
            }
        });
        Self { origin, seen }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

pub(crate) fn answer(status: u16, body: &str) -> Response<String> {
    Response::builder()
        .status(status)
        .body(body.to_owned())
        .unwrap()
}

/// Events whose hostnames are `host-0000` and so on.
pub(crate) fn events(count: usize) -> Vec<Event> {
    (0..count)
        .map(|number| Event {
            device: format!("device-{number}"),
            json: format!("{{\"hostname\":\"host-{number:04}\"}}"),
            fingerprint: 0,
        })
        .collect()
}

/// A command that prints a secret.
pub(crate) fn secret(value: &str) -> SecretSource {
    SecretSource::Command {
        argv: vec!["printf".into(), value.into()],
        timeout: Duration::from_secs(30),
    }
}

/// An account that delivers to an intake.
pub(crate) fn account(config: &HttpConfig) -> Account {
    Account {
        deliver: DestinationConfig::Http(Box::new(config.clone())),
        ..crate::config::fit::tests::account(serde_json::json!({}), &[])
    }
}

/// Opens an intake.
pub(crate) fn open(config: &HttpConfig, stop: &Stop) -> Result<Http, DeliverError> {
    Http::open(&account(config), config, stop, false)
}

/// Delivers so many events to an intake in a run of its own.
pub(crate) async fn deliver(
    config: &HttpConfig,
    count: usize,
) -> Result<Vec<Refused>, DeliverError> {
    let http = open(config, &Stop::new(Duration::ZERO)).unwrap();
    http.deliver(&events(count)).await.result
}
