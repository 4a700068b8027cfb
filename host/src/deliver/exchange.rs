//! One request to a destination, made again until its fate is known.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, Method, Request, StatusCode, Uri};
use http_body_util::Full;
use hyper::body::Bytes;
use secrecy::{ExposeSecret, SecretString};
use tracing::info;
use url::Url;

use crate::config::{DeliverSecret, RequestTimeouts, Retry};
use crate::contract::bindings::inventory::connector::types::Event;
use crate::deliver::answer::{Verdict, judge};
use crate::deliver::received::{Received, receive};
use crate::deliver::retry::{Attempts, Fault, Next};
use crate::deliver::{DeliverError, words};
use crate::network::client::{self, Addresses, Answer, ClientOptions, HttpClient};
use crate::stop::Stop;

/// How many bytes the head of an answer may have.
const HEADER_BYTES: usize = 64 * 1024;

/// How many requests may be in progress at the same time: one for each of the most sources that a run collects at once.
const MAX_REQUESTS: usize = 256;

/// Makes requests of one destination.
pub(super) struct Exchange {
    client: HttpClient,
    timeouts: RequestTimeouts,
    /// What messages call the destination: its origin.
    place: String,
    /// Sent with every request.
    headers: HeaderMap,
    /// What no message may hold: secrets, and headers with them.
    secrets: Vec<SecretString>,
    retry: Retry,
    stop: Stop,
}

/// What became of a batch that was posted.
pub(super) enum Posted {
    /// It was taken; holds the answer's body.
    Accepted(Vec<u8>),
    /// It is refused as it is, for this reason.
    Refused(String),
}

impl Exchange {
    /// Makes ready to ask a destination at `url`, or below it; the authorities of `ca_file` are trusted too.
    ///
    /// # Errors
    ///
    /// When there is no way to make requests.
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
            response_header_bytes: HEADER_BYTES,
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

    /// What messages call the destination.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// Sets a header of every request.
    pub(super) fn header(&mut self, name: HeaderName, value: HeaderValue) {
        self.headers.insert(name, value);
    }

    /// Sets a header that no message may repeat, unless it is so short that messages could not be read
    /// without it.
    pub(super) fn quiet_header(&mut self, name: HeaderName, mut value: HeaderValue) {
        if let Ok(text) = value.to_str()
            && text.len() >= words::SHORT
        {
            self.secrets.push(text.into());
        }
        value.set_sensitive(true);
        self.header(name, value);
    }

    /// Sets a header whose value is `prefix` and a secret, which is read here.
    ///
    /// # Errors
    ///
    /// When the secret cannot be read, or cannot stand in a header.
    pub(super) fn secret_header(
        &mut self,
        name: HeaderName,
        prefix: &str,
        secret: &DeliverSecret,
    ) -> Result<(), DeliverError> {
        let value = secret
            .source
            .resolve()
            .map_err(|why| DeliverError::Secret {
                key: secret.key.clone(),
                why,
            })?;
        let text = SecretString::from(format!("{prefix}{}", value.expose_secret()));
        let header =
            HeaderValue::from_str(text.expose_secret()).map_err(|_| DeliverError::NotAHeader {
                key: secret.key.clone(),
            })?;
        self.secrets.push(value);
        self.secrets.push(text);
        self.quiet_header(name, header);
        Ok(())
    }

    /// Posts a body with these events until its fate is known, and adds to `retries` each request that was
    /// made again.
    ///
    /// # Errors
    ///
    /// When its fate cannot be known, or none but the operator can change it.
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
            let (fault, what) = match self.post_once(url, body.clone(), events.len()).await {
                Ok((answer, verdict)) => {
                    let what = || self.told(&answer, events);
                    match verdict {
                        Verdict::Accepted => return Ok(Posted::Accepted(answer.body)),
                        Verdict::Refused => {
                            return Ok(Posted::Refused(self.reason(&answer, events)));
                        }
                        Verdict::RateLimited(wait) => (Fault::RateLimited(Some(wait)), what()),
                        Verdict::Unavailable(wait) => (Fault::Unavailable(wait), what()),
                        Verdict::Redirected => {
                            return Err(DeliverError::Redirected { what: what() });
                        }
                        Verdict::Denied => {
                            return Err(DeliverError::Denied {
                                what: what(),
                                status: answer.status,
                            });
                        }
                        Verdict::Incomplete(why) => {
                            let what = format!("{}, but {why}", what());
                            return Err(DeliverError::Incomplete { what });
                        }
                        Verdict::TooLong => {
                            return Err(DeliverError::AnswerTooLong { what: what() });
                        }
                    }
                }
                Err(fault @ (client::Fault::Untrusted(_) | client::Fault::Tls(_))) => {
                    return Err(DeliverError::Untrusted {
                        place: self.place.clone(),
                        why: fault.to_string(),
                    });
                }
                Err(fault) => (Fault::Unavailable(None), format!("{}: {fault}", self.place)),
            };
            let elapsed = failing_since.get_or_insert_with(Instant::now).elapsed();
            let Next::Again(wait) = attempts.after(fault, &self.retry, elapsed, fastrand::f64())
            else {
                return Err(match fault {
                    Fault::RateLimited(_) => DeliverError::RateLimited { what },
                    _ => DeliverError::Unavailable { what },
                });
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

    /// Asks with the same headers, once.
    pub(super) async fn get(&self, url: &Url) -> Result<Answer, client::Fault> {
        let request = self.request(Method::GET, url, Bytes::new())?;
        self.client.send(request, self.timeouts).await
    }

    /// Posts a body with so many events, once.
    async fn post_once(
        &self,
        url: &Url,
        body: Bytes,
        sent: usize,
    ) -> Result<(Answer, Verdict), client::Fault> {
        let request = self.request(Method::POST, url, body)?;
        let timeouts = self.timeouts.into();
        let response = self.client.open(request, &timeouts, u64::MAX).await?;
        let Received {
            answer,
            completeness,
        } = receive(response, sent).await?;
        let verdict = judge(
            answer.status,
            &answer.headers,
            &answer.body,
            completeness,
            SystemTime::now(),
        );
        Ok((answer, verdict))
    }

    fn request(
        &self,
        method: Method,
        url: &Url,
        body: Bytes,
    ) -> Result<Request<Full<Bytes>>, client::Fault> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = Uri::try_from(url.as_str())
            .map_err(|_| client::Fault::Broken("its URL is not one that HTTP knows".to_owned()))?;
        *request.headers_mut() = self.headers.clone();
        Ok(request)
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

    /// What no message may hold.
    pub(super) fn secrets(&self) -> &[SecretString] {
        &self.secrets
    }

    /// A text of the destination, as far as it may be kept.
    pub(super) fn safe(&self, text: &str, events: &[Event]) -> String {
        words::safe(text, events, &self.secrets)
    }

    /// `https://intake.example.com answered 403 Forbidden (E403: No right.)`
    fn told(&self, answer: &Answer, events: &[Event]) -> String {
        format!("{} answered {}", self.place, self.reason(answer, events))
    }

    /// `403 Forbidden (E403: No right.)`
    pub(super) fn reason(&self, answer: &Answer, events: &[Event]) -> String {
        let status = named(answer.status);
        match words::of_body(&answer.body, events, &self.secrets) {
            Some(words) => format!("{status} ({words})"),
            None => status,
        }
    }
}

/// A status with the name that everyone knows it by, which is never the server's own.
fn named(status: StatusCode) -> String {
    match status.canonical_reason() {
        Some(reason) => format!("{} {reason}", status.as_u16()),
        None => status.as_u16().to_string(),
    }
}
