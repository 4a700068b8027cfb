//! Egress of one connector: every request of its component passes here.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{Request, Response, request};
use http_body_util::Full;
use hyper::body::Bytes;
use tokio::sync::Semaphore;
use tokio_util::task::AbortOnDropHandle;
use tracing::{Instrument as _, debug, warn};
use url::Url;
use wasmtime_wasi_http::{Error, ForbiddenHeaderFilter, RequestOptions, WasiBody, WasiHttpHooks};

use crate::contract::hosts::normal;
use crate::contract::limits::MAX_REQUEST_BODY;
use crate::network::timeouts::HttpTimeouts;
use crate::sandbox::call::CallState;
use crate::sandbox::egress::denials::Rule;
use crate::sandbox::egress::headers;
use crate::sandbox::egress::policy::Denied;
use crate::sandbox::memory::Budget;
use crate::sandbox::rights::Rights;
use crate::text::printable::quote;

/// How many responses from where a secret may go a connector keeps at most. A component reads one after another.
pub const MAX_KEPT_RESPONSES: usize = 4;

/// How many bytes of a request's body the component may hand over before the host takes them: what the headers of a
/// response may have.
const BODY_CHUNK: usize = 64 << 10;

/// Egress of one connector. Clones share its state.
#[derive(Clone)]
pub struct Egress {
    pub(crate) rights: Arc<Rights>,
    pub(crate) call: CallState,
    /// The memory of the component, with what the host keeps for it.
    pub(crate) memory: Budget,
    pub(super) kept_responses: Arc<Semaphore>,
}

impl Egress {
    /// Returns the egress of a connector with these rights.
    pub fn new(rights: Arc<Rights>) -> Self {
        Self {
            call: CallState::default(),
            memory: Budget::new(rights.limits.memory_bytes),
            kept_responses: Arc::new(Semaphore::new(MAX_KEPT_RESPONSES)),
            rights,
        }
    }

    /// Counts a request of the current call, and returns whether it may send one more.
    fn admit(&self) -> bool {
        self.call.admit_request(self.rights.limits.requests)
    }

    /// Records a refusal: in the log, in the count, and for the component's error. `origin` is where a request was to go.
    pub(super) fn refuse(&self, origin: Option<&str>, rule: Rule, why: &dyn fmt::Display) -> Error {
        let origin = origin.map(quote);
        if self.call.admit_warning() {
            warn!(origin, %rule, "refused a request of the component: {why}");
        }
        self.rights.denials.add(rule);
        self.call.refuse(match origin {
            Some(origin) => format!("{origin}: {why}"),
            None => why.to_string(),
        });
        Error::HttpRequestDenied
    }

    /// Returns what the component gets when it asks for a secret. A name that its manifest lacks is logged, and counts as
    /// a request. A component without rights has no secrets, whatever its manifest says.
    pub fn secret(&self, name: &str) -> Option<&str> {
        let secret = self.rights.secrets.get(name);
        if secret.is_none() && self.rights.client.is_some() && self.admit() {
            let why = format!(
                "the manifest does not ask for the secret {:?}; please report this to the component's maker",
                quote(name)
            );
            self.refuse(None, Rule::Secret, &why);
        }
        secret
    }

    /// Checks a request by the name layer. Returns its URL in the form in which it is sent.
    fn check(&self, request: &Request<WasiBody>) -> Result<Url, Error> {
        let uri = request.uri();
        let refuse =
            |origin: &str, denied: Denied| self.refuse(Some(origin), denied.rule(), &denied);
        // Of an invalid URL, the host alone: the rest may hold anything.
        let url = normal(&uri.to_string())
            .ok_or_else(|| refuse(uri.host().unwrap_or("?"), Denied::Invalid))?;
        let method = request.method();
        // Before its host is logged, which may contain a placeholder.
        self.rights
            .secrets
            .check_places(&url, method, request.headers())
            .map_err(|misplaced| self.refuse(None, Rule::Secret, &misplaced))?;
        match self.rights.policy.judge(method, &url) {
            Ok(()) => Ok(url),
            Err(denied) => Err(refuse(&url.origin().ascii_serialization(), denied)),
        }
    }

    /// Returns the timeouts of a request: the component may shorten those of the account, not lengthen them.
    fn timeouts(&self, asked: Option<RequestOptions>) -> HttpTimeouts {
        let asked = asked.unwrap_or_default();
        let shorter = |asked: Option<Duration>, allowed: Duration| {
            asked.map_or(allowed, |asked| asked.min(allowed))
        };
        let allowed = self.rights.timeouts.http();
        HttpTimeouts {
            connect: shorter(asked.connect_timeout, allowed.connect),
            first_byte: shorter(asked.first_byte_timeout, allowed.first_byte),
            between_bytes: shorter(asked.between_bytes_timeout, allowed.between_bytes),
            ..allowed
        }
    }

    /// Sends a request that the name layer has allowed.
    async fn send(
        self,
        mut head: request::Parts,
        url: Url,
        body: Bytes,
        timeouts: HttpTimeouts,
    ) -> Result<Response<WasiBody>, Error> {
        let rights = &self.rights;
        let origin = url.origin().ascii_serialization();
        let substituted = rights.secrets.substitute(&url, &mut head, body);
        let body = substituted
            .map_err(|misplaced| self.refuse(Some(&origin), Rule::Secret, &misplaced))?;
        let may_hold_secret = rights.secrets.may_go_to(&url);
        if may_hold_secret {
            headers::ask_for_searchable(&mut head.headers);
        }
        headers::set_length(&mut head.headers, &head.method, &body);
        let invalid = |_| self.refuse(Some(&origin), Denied::Invalid.rule(), &Denied::Invalid);
        head.uri = url.as_str().parse().map_err(invalid)?;
        self.wait_for_rate_limit().await?;
        // A component without rights has no client, and nothing to reach.
        let client = rights.client.as_ref().ok_or(Error::HttpRequestDenied)?;
        let method = head.method.clone();
        let request = Request::from_parts(head, Full::new(body));
        let began = Instant::now();
        let opened = client
            .open(request, &timeouts, rights.limits.response_bytes)
            .await;
        let status = opened
            .as_ref()
            .ok()
            .map(|response| response.status().as_u16());
        let seconds = began.elapsed().as_millis() as f64 / 1e3;
        debug!(origin, method = %method, path = url.path(), status, seconds, "request");
        let response = opened.map_err(|error| self.withhold(&origin, &error))?;
        let mut response = if may_hold_secret {
            self.masked(&origin, response).await?
        } else {
            response.map(|body| self.read_ahead(origin, body, timeouts.request))
        };
        headers::remove_unfit(response.headers_mut());
        Ok(response)
    }

    /// Waits until the rate limit lets a request pass.
    ///
    /// A request that comes in a pause that the API asked for is not sent, and does not wait here, where it would keep
    /// a job from other accounts for as long as the pause is. The component takes it for a network that does not
    /// answer, and the host calls again once the pause is over.
    async fn wait_for_rate_limit(&self) -> Result<(), Error> {
        let limiter = &self.rights.limiter;
        let refuse_in_pause = || match limiter.paused() {
            Duration::ZERO => Ok(()),
            _ => {
                debug!("not sent: the API asked for a pause of the account's requests");
                Err(Error::ConnectionTimeout)
            }
        };
        refuse_in_pause()?;
        let wait = limiter.reserve();
        if !wait.is_zero() {
            debug!("waiting {:.1} s for the rate limit", wait.as_secs_f64());
            self.call.wait(Instant::now(), wait);
            let slept = tokio::time::sleep(wait);
            let slept = self.rights.stop.run_until_cancelled(slept).await;
            slept.ok_or(Error::ConnectionTimeout)?;
        }
        refuse_in_pause()
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
            // Each writes a line to the log, as a request does.
            if forbidden && egress.admit() {
                let name = quote(name.as_str());
                let why = format!(
                    "the header {name} is the host's or the connection's to set; please report this to the \
                     component's maker"
                );
                egress.refuse(None, Rule::Header, &why);
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
        let checked = match self.admit() {
            true => self.check(&request),
            // The call ends with that, whatever the component gets.
            false => Err(Error::HttpRequestDenied),
        };
        let sending = async move {
            let url = checked?;
            let timeouts = egress.timeouts(options);
            let (head, body) = request.into_parts();
            let (body, _charged_until_sent) = egress.collect(body, MAX_REQUEST_BODY).await?;
            egress.send(head, url, body, timeouts).await
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
