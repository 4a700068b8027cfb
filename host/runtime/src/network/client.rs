//! The host's own HTTP client: for the requests of components and for those to destinations.
//!
//! No redirect is followed, because nobody but the operator says where secrets and events go. Connections are
//! kept and used again. The proxy that the environment names is used (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY,
//! NO_PROXY), but never for this very machine. There are no cookies, no compression and no headers but those of
//! the request, except `Host`.
//!
//! `connect` makes connections, to judged addresses alone where that is asked for; `proxy` and `tunnel` lead
//! through a proxy, `tls` says who is trusted, `body` reads an answer within its bounds, and `fault` tells what
//! went wrong.

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::header::{HOST, PROXY_AUTHORIZATION};
use http::uri::Scheme;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::ext::on_informational;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::capture_connection;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

#[cfg(test)]
mod tests;

pub use crate::network::body::Body;
pub use crate::network::fault::{ClientError, Fault};
pub use crate::network::tls::check as check_authorities;

use crate::network::addresses::Allowed;
use crate::network::connect::{Connector, TIMEOUTS, Ways};
use crate::network::proxy::{Proxies, Variables};

/// How much of an answer's body an [`Answer`] keeps.
pub const MAX_KEPT_BODY: usize = 64 * 1024;

/// How many headers an answer may have.
pub const MOST_HEADERS: usize = 100;

/// How many interim answers (1xx) may come before an answer: more than any server has a use for, and each is read at
/// the host's expense.
pub const MAX_INTERIM: usize = 10;

/// The least buffer that hyper accepts.
const LEAST_BUFFER: usize = 8 * 1024;

/// What the head of an answer has beside its headers.
const STATUS_LINE: usize = 1024;

/// How long a connection is kept that nobody uses; shorter than most servers keep it.
const IDLE: Duration = Duration::from_secs(30);

/// Makes requests. A clone shares the connections.
#[derive(Clone)]
pub struct HttpClient {
    /// Replaced where it keeps too many connections that nobody uses: it cannot be told to close one.
    pool: Arc<Mutex<Pool>>,
    /// Permits to have a request in progress.
    requests: Arc<Semaphore>,
    ways: Arc<Ways>,
    header_bytes: usize,
    most_requests: usize,
}

type Pool = Client<Connector, Full<Bytes>>;

/// What a client is for.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// Where its connections may lead.
    pub addresses: Addresses,
    /// A PEM file of certificate authorities to trust beside the system's.
    pub ca_file: Option<PathBuf>,
    /// Whether it will be asked for https at all: only then there must be certificate authorities.
    pub https: bool,
    /// How many bytes the headers of an answer may have, each counted as a line `name: value`.
    pub response_header_bytes: usize,
    /// How many requests may be in progress at the same time, each with a connection of its own. As many connections
    /// again are kept for later requests.
    pub requests: usize,
}

/// Where connections may lead.
#[derive(Debug, Clone)]
pub enum Addresses {
    /// Anywhere: the URL is the operator's own word.
    Any,
    /// To ordinary addresses of the Internet, and to what is allowed beside them.
    Judged(Allowed),
}

/// How long one request may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For a TCP connection, the resolving of its name and a proxy's tunnel included.
    pub connect: Duration,
    /// For TLS on it.
    pub tls: Duration,
    /// For the head of an answer, once the request is on a connection.
    pub first_byte: Duration,
    /// For each next piece of an answer's body, while it is waited for.
    pub between_bytes: Duration,
    /// For all of it, from the connecting to the last byte of the answer.
    pub request: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            tls: Duration::from_secs(10),
            first_byte: Duration::from_secs(60),
            between_bytes: Duration::from_secs(30),
            request: Duration::from_secs(180),
        }
    }
}

/// A whole answer.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, or its first 64 KiB.
    pub body: Vec<u8>,
}

/// Host and port of the proxy that the environment names for https, if it names one.
///
/// # Errors
///
/// When the environment names something that cannot be used: no client could be made with it.
pub fn https_proxy() -> Result<Option<String>, ClientError> {
    let proxies = Proxies::new(Variables::from_environment())?;
    Ok(proxies.https().map(str::to_owned))
}

impl HttpClient {
    /// Makes a client.
    ///
    /// # Errors
    ///
    /// When there are no certificate authorities for https, the file of them or the proxy in the environment
    /// cannot be used, or TLS cannot be set up.
    pub fn new(options: ClientOptions) -> Result<Self, ClientError> {
        Self::with_proxies(options, Variables::from_environment())
    }

    fn with_proxies(options: ClientOptions, variables: Variables) -> Result<Self, ClientError> {
        let proxies = Proxies::new(variables)?;
        let tls = crate::network::tls::connector(
            options.ca_file.as_deref(),
            options.https || proxies.over_tls(),
        )?;
        let ways = Arc::new(Ways {
            addresses: options.addresses,
            proxies,
            tls,
            open: Arc::default(),
        });
        let header_bytes = options.response_header_bytes;
        let most_requests = options.requests.min(Semaphore::MAX_PERMITS);
        Ok(Self {
            pool: Arc::new(Mutex::new(pool(&ways, header_bytes))),
            requests: Arc::new(Semaphore::new(most_requests)),
            ways,
            header_bytes,
            most_requests,
        })
    }

    /// The connections to use for a request that has its permit. Where too many are open, those that nobody uses are
    /// closed first.
    fn pool(&self) -> Pool {
        let mut current = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        if self.ways.open() >= self.most_requests.saturating_mul(2) {
            *current = pool(&self.ways, self.header_bytes);
        }
        current.clone()
    }

    /// Waits for the permit to have a request in progress, as long as for a connection.
    async fn permit(&self, timeouts: &Timeouts) -> Result<OwnedSemaphorePermit, Fault> {
        let permit = Arc::clone(&self.requests).acquire_owned();
        let limit = || Fault::ConnectionLimit {
            most: self.most_requests,
            within: timeouts.connect,
        };
        tokio::time::timeout_at(after(timeouts.connect), permit)
            .await
            .map_err(|_| limit())?
            .map_err(|_| limit())
    }

    /// Host and port of the proxy that https goes by, as far as NO_PROXY does not say otherwise; never its name
    /// and password.
    pub fn https_proxy(&self) -> Option<&str> {
        self.ways.proxies.https()
    }

    /// Makes a request and gives its answer as soon as its head is there. The URL must be absolute; `Host` is
    /// set here. The body is given as it comes, and may have at most `most_body` bytes.
    ///
    /// # Errors
    ///
    /// When there is no answer in time, or none that is accepted.
    pub async fn open(
        &self,
        mut request: Request<Full<Bytes>>,
        timeouts: &Timeouts,
        most_body: u64,
    ) -> Result<Response<Body>, Fault> {
        let permit = self.permit(timeouts).await?;
        let end = after(timeouts.request);
        request.headers_mut().remove(HOST);
        if request.uri().scheme() == Some(&Scheme::HTTP)
            && let Some(proxy) = self.ways.proxies.intercept(request.uri())
            && let Some(authorization) = proxy.basic_auth()
        {
            let headers = request.headers_mut();
            headers.insert(PROXY_AUTHORIZATION, authorization.clone());
        }
        let too_many_interim = count_interim(&mut request);
        let mut connection = capture_connection(&mut request);
        let pool = self.pool();
        let answer = TIMEOUTS.scope(*timeouts, pool.request(request));
        // Where a kept connection turns out to be closed, the time goes on while another one is made.
        let first_byte = async {
            drop(connection.wait_for_connection_metadata().await);
            tokio::time::sleep(timeouts.first_byte).await;
        };
        let (head, incoming) = tokio::select! {
            biased;
            answer = answer => answer.map_err(|error| Fault::of_request(&error))?.into_parts(),
            () = too_many_interim.notified() => return Err(Fault::TooManyInterim),
            () = tokio::time::sleep_until(end) => return Err(Fault::RequestTimeout(timeouts.request)),
            () = first_byte => return Err(Fault::FirstByteTimeout(timeouts.first_byte)),
        };
        if length(&head.headers) > self.header_bytes {
            return Err(Fault::HeadersTooLarge);
        }
        let between_bytes = timeouts.between_bytes;
        let body = Body::new(
            incoming,
            permit,
            most_body,
            between_bytes,
            timeouts.request,
            end,
        )?;
        Ok(Response::from_parts(head, body))
    }

    /// Makes a request and reads the answer, whatever its status is; of its body only the beginning, the rest is
    /// left where it is.
    ///
    /// # Errors
    ///
    /// When there is no whole answer.
    pub async fn send(
        &self,
        request: Request<Full<Bytes>>,
        timeouts: &Timeouts,
    ) -> Result<Answer, Fault> {
        let answer = self.open(request, timeouts, u64::MAX).await?;
        let (head, mut body) = answer.into_parts();
        let (body, _) = body.read_start(MAX_KEPT_BODY).await?;
        Ok(Answer {
            status: head.status,
            headers: head.headers,
            body,
        })
    }
}

/// Connections, none of them made yet.
fn pool(ways: &Arc<Ways>, header_bytes: usize) -> Pool {
    // hyper reads somewhat more than its buffer is said to hold, so the headers are counted again.
    let buffer = header_bytes.saturating_add(STATUS_LINE).max(LEAST_BUFFER);
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .http1_max_buf_size(buffer)
        .http1_max_headers(MOST_HEADERS)
        .build(Connector(Arc::clone(ways)))
}

/// Counts the interim answers to a request, and notifies of the first one too many.
fn count_interim(request: &mut Request<Full<Bytes>>) -> Arc<Notify> {
    let too_many = Arc::new(Notify::new());
    let (seen, notify) = (AtomicUsize::new(0), Arc::clone(&too_many));
    on_informational(request, move |_| {
        if seen.fetch_add(1, Ordering::Relaxed) == MAX_INTERIM {
            notify.notify_one();
        }
    });
    too_many
}

/// How many bytes these headers are, each as a line `name: value`.
fn length(headers: &HeaderMap) -> usize {
    let lines = headers.iter();
    lines
        .map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len())
        .sum()
}

/// The time this long from now, or one that is as good as never.
pub fn after(duration: Duration) -> Instant {
    const NEVER: Duration = Duration::from_secs(86_400 * 365 * 30);
    let now = Instant::now();
    now.checked_add(duration).unwrap_or_else(|| now + NEVER)
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("HttpClient").finish_non_exhaustive()
    }
}
