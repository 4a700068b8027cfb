//! One request to a destination, made again until it is known whether its events were taken.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, Method, Request, Uri};
use http_body_util::Full;
use hyper::body::Bytes;
use secrecy::{ExposeSecret, SecretString};
use tracing::info;
use url::Url;

use crate::config::{DeliverSecret, RequestTimeouts, Retry};
use crate::contract::bindings::inventory::connector::types::Event;
use crate::deliver::answer::{self, Reply, Verdict};
use crate::deliver::error::DeliverError;
use crate::deliver::retry::{Attempts, Next, RetryCause};
use crate::network::client::{Addresses, ClientOptions, HttpClient};
use crate::network::error::HttpError;
use crate::stop::Stop;

/// How many bytes the headers of an answer may have.
const MAX_HEADERS: usize = 64 * 1024;

/// How long the body of a success answer may be.
const MAX_BODY: usize = 8 * 1024 * 1024;

/// How many bytes of the body of another answer are read: its error code is at the beginning.
const MAX_ERROR_BODY: usize = 64 * 1024;

/// How many requests may be in progress at the same time: one for each of the most sources that a run collects in
/// parallel.
const MAX_REQUESTS: usize = 256;

/// Makes requests to one destination.
pub(super) struct Exchange {
    client: HttpClient,
    timeouts: RequestTimeouts,
    /// The destination's name in messages: its origin.
    place: String,
    /// Sent with every request.
    headers: HeaderMap,
    /// What no message may repeat: secrets, and the values of the operator's headers.
    secrets: Vec<SecretString>,
    retry: Retry,
    stop: Stop,
}

/// What became of a batch that was posted.
pub(super) enum Posted {
    /// It was taken, with this answer.
    Accepted(Reply),
    /// It is refused as it is, for this reason.
    Refused(String),
}

impl Exchange {
    /// Prepares requests to a destination at `url`, or below it; the authorities of `ca_file` are trusted too.
    ///
    /// # Errors
    ///
    /// When the HTTP client cannot be set up.
    pub(super) fn new(
        url: &Url,
        ca_file: Option<&Path>,
        timeouts: RequestTimeouts,
        retry: Retry,
        stop: &Stop,
    ) -> Result<Self, DeliverError> {
        let place = url.origin().ascii_serialization();
        let options = ClientOptions {
            addresses: Addresses::Any,
            ca_file: ca_file.map(Path::to_owned),
            https: url.scheme() == "https",
            response_header_bytes: MAX_HEADERS,
            requests: MAX_REQUESTS,
        };
        let client = HttpClient::new(options).map_err(|why| DeliverError::Client {
            place: place.clone(),
            why,
        })?;
        Ok(Self {
            client,
            timeouts,
            place,
            headers: HeaderMap::new(),
            secrets: Vec::new(),
            retry,
            stop: stop.clone(),
        })
    }

    /// The destination's name in messages.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// Sets a header of every request.
    pub(super) fn header(&mut self, name: HeaderName, value: HeaderValue) {
        self.headers.insert(name, value);
    }

    /// Sets a header that no message may repeat.
    pub(super) fn quiet_header(&mut self, name: HeaderName, mut value: HeaderValue) {
        if let Ok(text) = value.to_str() {
            self.secrets.push(text.into());
        }
        value.set_sensitive(true);
        self.header(name, value);
    }

    /// Sets a header whose value is `prefix` and a secret, which is read here.
    ///
    /// # Errors
    ///
    /// When the secret cannot be read, or cannot be sent in a header.
    pub(super) fn secret_header(
        &mut self,
        name: HeaderName,
        prefix: &str,
        secret: &DeliverSecret,
    ) -> Result<(), DeliverError> {
        let key = || secret.key.clone();
        let value = secret
            .source
            .resolve()
            .map_err(|why| DeliverError::Secret { key: key(), why })?;
        let text = format!("{prefix}{}", value.expose_secret());
        let header = HeaderValue::try_from(SecretString::from(text).expose_secret())
            .map_err(|_| DeliverError::NotAHeader { key: key() })?;
        self.secrets.push(value);
        self.quiet_header(name, header);
        Ok(())
    }

    /// Posts a body with these events until it is known whether they were taken, and adds each repeated request to
    /// `retries`.
    ///
    /// # Errors
    ///
    /// When it does not become known, or only the operator can change the answer.
    pub(super) async fn post(
        &self,
        url: &Url,
        body: Vec<u8>,
        events: &[Event],
        retries: &AtomicU64,
    ) -> Result<Posted, DeliverError> {
        let body = Bytes::from(body);
        let mut attempts = Attempts::default();
        let mut failing_since = None;
        loop {
            let (cause, what) = match self.send(Method::POST, url, body.clone()).await {
                Ok(reply) => match reply.judge(events.len(), SystemTime::now()) {
                    Verdict::Accepted => return Ok(Posted::Accepted(reply)),
                    Verdict::Refused => return Ok(Posted::Refused(self.reason(&reply, events))),
                    Verdict::Retry(cause) => (cause, self.describe(&reply, events)),
                    Verdict::Failed { why, advice } => {
                        let why = why.map(|why| format!(", but {why}")).unwrap_or_default();
                        let what = format!("{}{why}", self.describe(&reply, events));
                        return Err(DeliverError::Unconfirmed { what, advice });
                    }
                },
                Err(fault @ (HttpError::Untrusted(_) | HttpError::Tls(_))) => {
                    return Err(DeliverError::Unconfirmed {
                        what: format!("{}: {fault}, and nothing was sent", self.place),
                        advice: "see that the certificate is for this name and not expired, and that this system \
                                 trusts who issued it, or name the issuer in `ca_file` in account.NAME.deliver",
                    });
                }
                Err(fault) => (
                    RetryCause::Unavailable(None),
                    format!("{}: {fault}", self.place),
                ),
            };
            let elapsed = failing_since.get_or_insert_with(Instant::now).elapsed();
            let Next::Again(wait) = attempts.after(cause, &self.retry, elapsed, fastrand::f64())
            else {
                return Err(given_up(cause, what));
            };
            retries.fetch_add(1, Ordering::Relaxed);
            info!(
                destination = self.place,
                "trying again in {:.1} s: {what}",
                wait.as_secs_f64()
            );
            self.wait(wait).await?;
        }
    }

    /// Makes a GET request with the same headers, once.
    pub(super) async fn get(&self, url: &Url) -> Result<Reply, HttpError> {
        self.send(Method::GET, url, Bytes::new()).await
    }

    async fn send(&self, method: Method, url: &Url, body: Bytes) -> Result<Reply, HttpError> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = Uri::try_from(url.as_str())
            .map_err(|_| HttpError::Broken("its URL is not a valid HTTP URL".to_owned()))?;
        *request.headers_mut() = self.headers.clone();
        let timeouts = self.timeouts.into();
        let response = self.client.open(request, &timeouts, u64::MAX).await?;
        let (head, mut body) = response.into_parts();
        let most = match head.status.is_success() {
            true => MAX_BODY,
            false => MAX_ERROR_BODY,
        };
        let (body, rest) = body.read_start(most).await?;
        Ok(Reply {
            status: head.status,
            headers: head.headers,
            body,
            is_cut_off: !rest.is_empty(),
        })
    }

    /// Waits; fails at once when the run is asked to stop.
    async fn wait(&self, duration: Duration) -> Result<(), DeliverError> {
        if self.stop.sleep(duration).await {
            return Err(DeliverError::Stopped {
                place: self.place.clone(),
            });
        }
        Ok(())
    }

    /// Whether a word of an answer may be logged and stored.
    pub(super) fn may_keep(&self, word: &str, events: &[Event]) -> bool {
        answer::may_be_kept(word, events, &self.secrets)
    }

    /// `403 Forbidden (E403)`
    pub(super) fn reason(&self, reply: &Reply, events: &[Event]) -> String {
        reply.reason(events, &self.secrets)
    }

    /// `https://intake.example.com answered 403 Forbidden (E403)`
    fn describe(&self, reply: &Reply, events: &[Event]) -> String {
        format!("{} answered {}", self.place, self.reason(reply, events))
    }
}

fn given_up(cause: RetryCause, what: String) -> DeliverError {
    match cause {
        RetryCause::RateLimited(_) => DeliverError::Unconfirmed {
            what: format!("{what}, again and again"),
            advice: "raise the limit there, or send larger batches",
        },
        _ => DeliverError::Unconfirmed {
            what: format!("{what}, and trying again did not help"),
            advice: "see whether the destination is up, and that account.NAME.deliver names it",
        },
    }
}
