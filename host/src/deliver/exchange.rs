//! One request to a destination, made again until it is known whether its events were taken.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::mem;
use std::time::Instant;

use http::header::{self, HeaderValue};
use http::{HeaderMap, Method, Request, Uri};
use http_body_util::Full;
use hyper::body::Bytes;
use secrecy::{ExposeSecret, SecretString};
use tracing::{debug, info};
use url::Url;

use crate::config::{Account, HeaderText, HttpConfig, SourceName};
use crate::contract::bindings::inventory::connector::types::Event;
use crate::deliver::answer::{self, INCOMPLETE_ADVICE, Item, Reply, Verdict};
use crate::deliver::destination::Refused;
use crate::deliver::error::DeliverError;
use crate::deliver::retry::{Attempts, RetryCause};
use crate::deliver::waiting::Waiting;
use crate::network::client::{ClientOptions, HttpClient};
use crate::network::error::HttpError;
use crate::stop::Stop;

/// The `User-Agent` of requests, unless the operator sets another one.
pub(super) const AGENT: &str = concat!("asset-host/", env!("CARGO_PKG_VERSION"));

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
#[derive(Clone)]
pub(super) struct Exchange {
    pub config: HttpConfig,
    client: HttpClient,
    /// The destination's name in messages: its origin.
    pub place: String,
    /// Sent with every request.
    headers: HeaderMap,
    /// What no message may repeat: secrets, and the values of the operator's headers.
    secrets: Vec<SecretString>,
    stop: Stop,
    /// Until when it waits to try again.
    pub waiting: Waiting,
}

impl Exchange {
    /// Prepares requests to an intake, and reads the secrets of their headers.
    ///
    /// # Errors
    ///
    /// When a secret cannot be read, or cannot be sent in a header, or the HTTP client cannot be set up.
    pub(super) fn new(
        account: &Account,
        config: &HttpConfig,
        stop: &Stop,
    ) -> Result<Self, DeliverError> {
        let place = config.url.origin().ascii_serialization();
        let options = ClientOptions {
            addresses: None,
            ca_file: config.ca_file.clone(),
            https: config.url.scheme() == "https",
            response_header_bytes: MAX_HEADERS,
            requests: MAX_REQUESTS,
        };
        let client = HttpClient::new(options)
            .map_err(|why| DeliverError::Failed(format!("cannot deliver to {place}: {why}")))?;
        let media_type = config.format.media_type();
        let mut headers = HeaderMap::new();
        headers.insert(header::USER_AGENT, HeaderValue::from_static(AGENT));
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        if config.gzip {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        let mut secrets = Vec::new();
        for header in &config.headers {
            let value = match &header.text {
                HeaderText::Plain(value) => value.clone(),
                HeaderText::Secret { prefix, source } => {
                    let key = account.key("deliver", &header.key);
                    let failed = |why: &str| DeliverError::Failed(format!("{key}: {why}"));
                    let secret = source.resolve().map_err(|why| failed(&why))?;
                    let text = SecretString::from(format!("{prefix}{}", secret.expose_secret()));
                    secrets.push(secret);
                    let mut value = HeaderValue::try_from(text.expose_secret()).map_err(|_| {
                        failed(
                            "the secret holds a line break or another character that a header cannot have: take it \
                             out of the secret",
                        )
                    })?;
                    value.set_sensitive(true);
                    value
                }
            };
            secrets.extend(value.to_str().map(SecretString::from));
            headers.insert(header.name.clone(), value);
        }
        Ok(Self {
            config: config.clone(),
            client,
            place,
            headers,
            secrets,
            stop: stop.clone(),
            waiting: Waiting::default(),
        })
    }

    /// Returns the same with the URL and the headers for the events of a source.
    pub(super) fn for_source(&self, source: &SourceName<'_>) -> Self {
        let mut exchange = self.clone();
        exchange.config.url = self.config.url(source);
        for header in &self.config.headers {
            if let Some(value) = header.text.plain(source) {
                exchange
                    .secrets
                    .extend(value.to_str().map(SecretString::from));
                exchange.headers.insert(header.name.clone(), value);
            }
        }
        exchange
    }

    /// Posts events in the form that `encode` gives them until it is known of each whether it was taken, as `judge` reads
    /// the answers to so many events, and adds each repeated request to `retries`. Returns the last answer and the events
    /// that were refused, or why all were refused as they are.
    ///
    /// # Errors
    ///
    /// When it does not become known, or only the operator can change the answer.
    pub(super) async fn post(
        &self,
        events: &[Event],
        encode: impl Fn(&[Event]) -> Result<Vec<u8>, DeliverError>,
        judge: impl Fn(&Reply, usize) -> Verdict,
        retries: &mut u64,
    ) -> Result<Result<(Reply, Vec<Refused>), String>, DeliverError> {
        let mut refused = Vec::new();
        let mut pending: Vec<usize> = (0..events.len()).collect();
        let mut to_send = Cow::Borrowed(events);
        let mut body = Bytes::from(encode(&to_send)?);
        let mut attempts = Attempts::default();
        let mut failing_since = None;
        loop {
            let (cause, what) = match self
                .send(Method::POST, &self.config.url, body.clone())
                .await
            {
                Ok(reply) => {
                    let reason = || self.reason(&reply, events);
                    let what = || format!("{} answered {}", self.place, reason());
                    match judge(&reply, to_send.len()) {
                        Verdict::Accepted => return Ok(Ok((reply, refused))),
                        Verdict::Refused => return Ok(Err(reason())),
                        Verdict::Retry(cause) => (cause, what()),
                        Verdict::Each(items) => {
                            let again = self.settle(items, &mut pending, &mut refused, events)?;
                            let Some((cause, reason)) = again else {
                                let all = refused.len() == events.len();
                                return Ok(match refused.pop_if(|_| all) {
                                    Some(last) => Err(last.reason),
                                    None => Ok((reply, refused)),
                                });
                            };
                            let (left, all) = (pending.len(), events.len());
                            if left < to_send.len() {
                                attempts = Attempts::default();
                                failing_since = None;
                            }
                            let event = |index: &usize| events.get(*index).cloned();
                            to_send = pending.iter().filter_map(event).collect();
                            body = Bytes::from(encode(&to_send)?);
                            let place = &self.place;
                            (
                                cause,
                                format!("{place} answered {reason} for {left} of {all} events"),
                            )
                        }
                        Verdict::Failed(advice) => {
                            return Err(DeliverError::unconfirmed(what(), advice));
                        }
                        Verdict::Incomplete(why) => {
                            let what = format!("{}, but {why}", what());
                            return Err(DeliverError::unconfirmed(what, INCOMPLETE_ADVICE));
                        }
                    }
                }
                Err(fault @ (HttpError::Untrusted(_) | HttpError::Tls(_))) => {
                    return Err(DeliverError::unconfirmed(
                        format_args!("{}: {fault}, and nothing was sent", self.place),
                        "see that the certificate is for this name and not expired, and that this system trusts who \
                         issued it, or name the issuer in `ca_file` in account.NAME.deliver",
                    ));
                }
                Err(fault) => {
                    let what = format!("{}: {fault}", self.place);
                    (RetryCause::Unavailable(None), what)
                }
            };
            let elapsed = failing_since.get_or_insert_with(Instant::now).elapsed();
            let Some(wait) = attempts.after(cause, &self.config.retry, elapsed, fastrand::f64())
            else {
                return Err(DeliverError::unconfirmed(
                    format_args!("{what}, and trying again did not help"),
                    "see whether the destination is up and that account.NAME.deliver names it, or which limit of \
                     requests it has",
                ));
            };
            *retries += 1;
            info!(
                destination = self.place,
                "trying again in {:.1} s: {what}",
                wait.as_secs_f64()
            );
            self.waiting.begin(wait);
            if !wait.is_zero() && self.stop.sleep(wait).await {
                return Err(DeliverError::Stopped(self.place.clone()));
            }
        }
    }

    /// Reads what became of the pending events, each by its position: leaves those that are to be sent again, adds those
    /// that are `refused`, and returns why there are some to be sent again.
    fn settle(
        &self,
        items: Vec<Item>,
        pending: &mut Vec<usize>,
        refused: &mut Vec<Refused>,
        events: &[Event],
    ) -> Result<Option<(RetryCause, String)>, DeliverError> {
        let mut known = BTreeMap::new();
        let mut again = None;
        for (index, item) in mem::take(pending).into_iter().zip(items) {
            let code = item.code.filter(|code| {
                let may_keep = || self.may_keep(code, events);
                *known.entry(code.clone()).or_insert_with(may_keep)
            });
            let reason = answer::describe(item.status, code.as_deref());
            match item.verdict {
                Verdict::Accepted => {}
                Verdict::Retry(cause) => {
                    pending.push(index);
                    again = Some((cause, reason));
                }
                Verdict::Failed(advice) => {
                    let what = format_args!("{} answered {reason} for an event", self.place);
                    return Err(DeliverError::unconfirmed(what, advice));
                }
                _ => refused.push(Refused { index, reason }),
            }
        }
        Ok(again)
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
        let timeouts = self.config.timeouts.into();
        let began = Instant::now();
        let response = self.client.open(request, &timeouts, u64::MAX).await?;
        let (head, mut body) = response.into_parts();
        debug!(
            destination = self.place,
            status = head.status.as_u16(),
            seconds = began.elapsed().as_millis() as f64 / 1e3,
            "request"
        );
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

    /// Returns whether a word of an answer may be logged and stored.
    pub(super) fn may_keep(&self, word: &str, events: &[Event]) -> bool {
        answer::may_be_kept(word, events, &self.secrets)
    }

    /// Returns the status and the error code: `403 Forbidden (E403)`.
    pub(super) fn reason(&self, reply: &Reply, events: &[Event]) -> String {
        reply.reason(events, &self.secrets)
    }
}
