//! The way out of one connector: every request of its component passes here.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{Request, Response};
use http_body::Body as _;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::{Instrument as _, debug, warn};
use url::Url;
use wasmtime_wasi_http::{Error, ForbiddenHeaderFilter, RequestOptions, WasiBody, WasiHttpHooks};

use crate::contract::counts::{LimitExceeded, RequestCount};
use crate::contract::hosts::normal;
use crate::contract::limits::Timeouts;
use crate::contract::limits::{Limit, Limits, MAX_REQUEST_BODY};
use crate::network::client::HttpClient;
use crate::network::error::HttpError;
use crate::network::timeouts::HttpTimeouts;
use crate::sandbox::budget::Budget;
use crate::sandbox::cpu::HostTime;
use crate::sandbox::egress::ahead::Ahead;
use crate::sandbox::egress::answers::{Answers, Kept, collect_body};
use crate::sandbox::egress::charged::{Held, charged};
use crate::sandbox::egress::denials::{Denials, Rule};
use crate::sandbox::egress::policy::{Denied, Policy};
use crate::sandbox::egress::reasons::Reasons;
use crate::sandbox::egress::waits::Waits;
use crate::sandbox::egress::{faults, headers};
use crate::sandbox::rate_limit::SharedLimiter;
use crate::sandbox::rights::Rights;
use crate::sandbox::secrets::{Misplaced, Place, Secrets, Sending, Unreadable};
use crate::sandbox::warnings::Warnings;
use crate::text::printable::quote;

/// How many bytes of a request's body the component may hand over before the host takes them: what an answer's headers
/// may have.
const BODY_CHUNK: usize = 64 << 10;

/// What a URL is called that holds a secret.
const SECRET_URL: &str = "a URL with a secret in it";

/// The way out of one connector.
#[derive(Clone)]
pub struct Egress {
    client: Option<HttpClient>,
    policy: Arc<Policy>,
    timeouts: Timeouts,
    limits: Limits,
    exceeded: LimitExceeded,
    requests: RequestCount,
    secrets: Arc<Secrets>,
    denials: Denials,
    reasons: Reasons,
    limiter: SharedLimiter,
    stop: CancellationToken,
    waits: Waits,
    answers: Answers,
    memory: Budget,
    warnings: Warnings,
}

/// A request that may leave by its method and URL, with its body whole.
struct Leaving {
    head: http::request::Parts,
    url: Url,
    body: Bytes,
    /// What the body takes of the component's memory.
    held: Held,
    timeouts: HttpTimeouts,
}

impl Egress {
    /// Returns the way out of one connector. `requests` counts its requests; `exceeded` records an answer that is too
    /// large.
    pub fn new(access: &Rights, requests: RequestCount, exceeded: LimitExceeded) -> Self {
        Self {
            client: access.client.clone(),
            policy: Arc::clone(&access.policy),
            timeouts: access.timeouts,
            limits: access.limits,
            exceeded,
            requests,
            secrets: Arc::clone(&access.secrets),
            denials: access.denials.clone(),
            reasons: Reasons::default(),
            limiter: access.limiter.clone(),
            stop: access.stop.clone(),
            waits: Waits::default(),
            answers: Answers::new(&access.limits),
            memory: Budget::new(access.limits.memory_bytes),
            warnings: Warnings::default(),
        }
    }

    /// The memory of the connector's component, with what the host keeps for it.
    pub fn memory(&self) -> &Budget {
        &self.memory
    }

    /// The warnings about the current call.
    pub fn warnings(&self) -> &Warnings {
        &self.warnings
    }

    /// How long requests of the connector wait for the rate limit; a wait counts as a whole as soon as it begins.
    pub fn waits(&self) -> &Waits {
        &self.waits
    }

    /// How long the host has computed for the connector's answers, apart from its calls.
    pub fn host_time(&self) -> &HostTime {
        self.answers.host_time()
    }

    /// Returns why requests of the connector failed.
    pub fn reasons(&self) -> &Reasons {
        &self.reasons
    }

    /// Records a refused request: in the log, in the count and in the reasons.
    fn refuse(&self, origin: &str, rule: Rule, why: &dyn fmt::Display) {
        let origin = quote(origin);
        if self.warnings.admit() {
            warn!(origin, %rule, "refused a request of the component: {why}");
        }
        self.remember(rule, format!("{origin}: {why}"));
    }

    /// Tells of something else that the component may not do, which leads nowhere.
    fn refuse_use(&self, rule: Rule, why: String) {
        if self.warnings.admit() {
            warn!(%rule, "refused to the component: {why}; please report this to its maker");
        }
        self.remember(rule, why);
    }

    /// Counts a refusal, and keeps its reason for whoever asks.
    fn remember(&self, rule: Rule, why: String) {
        self.denials.add(rule);
        self.reasons.refused(why);
    }

    /// Returns what the component gets when it asks for a secret. A name that its manifest lacks is logged, and counts as
    /// a request. A component without rights has no secrets, whatever its manifest says.
    pub fn secret(&self, name: &str) -> Option<&str> {
        let secret = self.secrets.get(name);
        if secret.is_none() && self.client.is_some() && self.requests.admit().is_ok() {
            self.refuse_use(
                Rule::Secret,
                format!("the manifest does not ask for the secret {:?}", quote(name)),
            );
        }
        secret
    }

    /// The name layer: gives the URL of a request, in the form in which it is sent.
    fn admit(&self, request: &Request<WasiBody>) -> Result<Url, Error> {
        let uri = request.uri();
        let refused = |origin: &str, denied: Denied| {
            self.refuse(origin, denied.rule(), &denied);
            Error::HttpRequestDenied
        };
        // Of a URL that is none, the host alone: the rest may hold anything.
        let url = normal(&uri.to_string())
            .ok_or_else(|| refused(uri.host().unwrap_or("?"), Denied::Invalid))?;
        // Before its host is logged, which may contain a placeholder.
        if let Err(misplaced) = self.secrets.nowhere_in(&url) {
            self.refuse(SECRET_URL, Rule::Secret, &misplaced);
            return Err(Error::HttpRequestDenied);
        }
        let origin = url.origin().ascii_serialization();
        self.policy
            .judge(request.method(), &url)
            .map_err(|denied| refused(&origin, denied))?;
        Ok(url)
    }

    /// The component may ask for shorter times than the account allows, not for longer ones.
    fn timeouts(&self, asked: Option<RequestOptions>) -> HttpTimeouts {
        let asked = asked.unwrap_or_default();
        let least = |asked: Option<Duration>, allowed: Duration| {
            asked.map_or(allowed, |asked| asked.min(allowed))
        };
        let allowed = &self.timeouts;
        HttpTimeouts {
            connect: least(asked.connect_timeout, allowed.connect),
            first_byte: least(asked.first_byte_timeout, allowed.first_byte),
            between_bytes: least(asked.between_bytes_timeout, allowed.between_bytes),
            ..allowed.http()
        }
    }

    /// Every request leaves here: judged by its name, its body whole, not yet counted by the rate limit.
    async fn leave(&self, leaving: Leaving) -> Result<Response<WasiBody>, Error> {
        let Leaving {
            mut head,
            url,
            body,
            held: _until_the_answer_is_there,
            timeouts,
        } = leaving;
        let origin = url.origin().ascii_serialization();
        let Sending { body, secret } =
            self.secrets
                .substitute(&url, &mut head, body)
                .map_err(|misplaced| {
                    let origin = match misplaced {
                        Misplaced::Place {
                            place: Place::Url, ..
                        } => SECRET_URL,
                        _ => &origin,
                    };
                    self.refuse(origin, Rule::Secret, &misplaced);
                    Error::HttpRequestDenied
                })?;
        let bound = self.secrets.may_go_to(&url);
        if bound && !secret {
            headers::to_be_looked_through(&mut head.headers);
        }
        debug!(origin, method = %head.method, path = url.path(), "request");
        headers::set_length(&mut head.headers, &head.method, &body);
        head.uri = url.as_str().parse().map_err(|_| {
            self.refuse(&origin, Denied::Invalid.rule(), &Denied::Invalid);
            Error::HttpRequestDenied
        })?;
        self.wait_for_rate_limit().await?;
        // A component without rights has no client, and nothing to reach.
        let client = self.client.as_ref().ok_or(Error::HttpRequestDenied)?;
        let request = Request::from_parts(head, Full::new(body));
        let response = client
            .open(request, &timeouts, self.limits.response_bytes)
            .await
            .map_err(|fault| self.fault_before(&origin, &fault))?;
        let egress = self.clone();
        let place = origin.clone();
        let mut response = if secret || bound {
            let response = response.map(|body| {
                body.map_err(move |fault| egress.fault_before(&place, &fault))
                    .boxed_unsync()
            });
            self.masked(&origin, response).await?
        } else {
            response.map(|body| {
                // The component reads it in a call, which ends where it passes a limit.
                let in_call = move |fault| {
                    if matches!(fault, HttpError::BodyTooLarge) {
                        egress.exceeded.report(Limit::ResponseBytes);
                    }
                    egress.fault(&place, &fault)
                };
                let ahead = Ahead::of(body, &self.memory, timeouts.request);
                ahead.map_err(in_call).boxed_unsync()
            })
        };
        headers::for_component(response.headers_mut());
        Ok(response)
    }

    /// An answer from where a secret may go, as the component may have it.
    async fn masked(
        &self,
        origin: &str,
        response: Response<WasiBody>,
    ) -> Result<Response<WasiBody>, Error> {
        let (head, body) = response.into_parts();
        let (body, held) = charged(body, &self.memory, &self.reasons);
        let response = Response::from_parts(head, body);
        let masked = self.answers.masked(&self.secrets, response).await;
        let response = masked.map_err(|kept| match kept {
            Kept::Unreadable => {
                if self.warnings.admit() {
                    let origin = quote(origin);
                    warn!(
                        origin,
                        "an answer is kept from the component: {}", Unreadable
                    );
                }
                Error::HttpResponseContentCoding(None)
            }
            Kept::TooLarge => self.fault_before(origin, &HttpError::BodyTooLarge),
            Kept::TooMuchComputing => {
                self.reasons.passed(Limit::Cpu);
                Error::InternalError(None)
            }
            Kept::Broken(error) => error,
        })?;
        Ok(response.map(|body| {
            held.replace(usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX));
            let body = body.map_frame(move |frame| {
                let _until_it_is_read = &held;
                frame
            });
            body.boxed_unsync()
        }))
    }

    /// Waits until the rate limit lets a request pass.
    ///
    /// A request that comes in a pause that the API asked for is not sent, and does not wait here, where it would keep
    /// a job from other accounts for as long as the pause is. The component takes it for a network that does not
    /// answer, and the host calls again once the pause is over.
    async fn wait_for_rate_limit(&self) -> Result<(), Error> {
        self.refuse_in_pause()?;
        let wait = self.limiter.reserve();
        if wait.is_zero() {
            return Ok(());
        }
        debug!("waiting {:.1} s for the rate limit", wait.as_secs_f64());
        self.waits.add(Instant::now(), wait);
        let slept = self.stop.run_until_cancelled(tokio::time::sleep(wait));
        if slept.await.is_none() {
            // Nothing was asked for yet; the component takes it for a network that does not answer.
            return Err(Error::ConnectionTimeout);
        }
        self.refuse_in_pause()
    }

    fn refuse_in_pause(&self) -> Result<(), Error> {
        let pause = self.limiter.paused();
        if pause.is_zero() {
            return Ok(());
        }
        debug!(
            "not sent: the API asked for a pause of the account's requests, {:.1} s more",
            pause.as_secs_f64()
        );
        Err(Error::ConnectionTimeout)
    }

    /// As [`Self::fault`], before the component has the answer. Where that passes a limit, no call is stopped that
    /// happens to compute now: what it makes of another answer is good. The one is that fails by it.
    fn fault_before(&self, origin: &str, fault: &HttpError) -> Error {
        match fault {
            HttpError::BodyTooLarge => self.reasons.passed(Limit::ResponseBytes),
            HttpError::HeadersTooLarge => self.reasons.passed(Limit::ResponseHeaderBytes),
            _ => {}
        }
        self.fault(origin, fault)
    }

    /// What the component gets to know of a fault; the operator gets to know more, by the log.
    fn fault(&self, origin: &str, fault: &HttpError) -> Error {
        match faults::for_operator(fault) {
            Some(why) if self.warnings.admit() => {
                let origin = quote(origin);
                warn!(origin, "a request of the component failed: {why}");
            }
            _ => debug!(origin, "a request of the component failed: {fault}"),
        }
        if let HttpError::Prohibited { address, .. } = fault {
            let allow = format!(
                "{fault}; if that is right, `allow_addresses = [\"{address}\"]` in the account allows it"
            );
            self.refuse(origin, Rule::Address, &allow);
        }
        faults::told(fault, &self.limits)
    }
}

type Sent = (
    Response<WasiBody>,
    Box<dyn Future<Output = Result<(), Error>> + Send>,
);

impl WasiHttpHooks for Egress {
    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        let egress = self.clone();
        Arc::new(move |name| {
            let forbidden = headers::is_forbidden(name);
            // Each costs a line of the log, as a request does.
            if forbidden && egress.requests.admit().is_ok() {
                let name = quote(name.as_str());
                let why = format!("the header {name} is the host's or the connection's to set");
                egress.refuse_use(Rule::Header, why);
            }
            forbidden
        })
    }

    /// The client sets it, from the URL that was judged.
    fn set_host_header(&mut self) -> bool {
        false
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        BODY_CHUNK
    }

    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _processed: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Sent, Error>> + Send> {
        let egress = self.clone();
        let admitted = self
            .requests
            .admit()
            // The call ends with that; whatever the component is told is lost on it.
            .map_err(|_| Error::HttpRequestDenied)
            .and_then(|()| self.admit(&request));
        let sending = async move {
            let url = admitted?;
            let timeouts = egress.timeouts(options);
            let (head, body) = request.into_parts();
            // A body that breaks off is one of which the component has not written all that it announced.
            let (body, held) = charged(body, &egress.memory, &egress.reasons);
            let body = collect_body(body, MAX_REQUEST_BODY).await?;
            let leaving = Leaving {
                head,
                url,
                body,
                held,
                timeouts,
            };
            egress.leave(leaving).await
        };
        // A task that a component's call begins is first in line on the thread of that call, where nothing runs until
        // the component waits. The engine begins one with what is given here, and thereby moves this one to where other
        // threads take it: the request leaves while the component computes.
        let sending = AbortOnDropHandle::new(tokio::spawn(sending.in_current_span()));
        Box::new(async move {
            let response = sending.await.map_err(|_| Error::InternalError(None))??;
            // The client drives its connections by itself.
            let connection: Box<dyn Future<Output = Result<(), Error>> + Send> =
                Box::new(async { Ok(()) });
            Ok((response, connection))
        })
    }
}

#[cfg(test)]
mod tests;
