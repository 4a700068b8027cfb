//! The host's own HTTP client: for the requests of components and for those to destinations.
//!
//! No redirect is followed, because only the operator says where secrets and events go. Connections are kept and used
//! again. The proxy that the environment names is used, but never for this machine. There are no cookies, no compression
//! and no headers but those of the request, except `Host`.
//!
//! `dialer` makes connections, only to allowed addresses where that is asked for; `proxy` and `tunnel` lead through a
//! proxy, `tls` says which servers are trusted, `body` reads a response within its bounds, and `error` says what failed.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::header::{HOST, PROXY_AUTHORIZATION};
use http::{HeaderMap, Request, Response};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::ext::on_informational;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::capture_connection;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, sleep_until, timeout};

#[cfg(test)]
mod tests;

use crate::network::addresses::AllowedAddresses;
use crate::network::body::Body;
use crate::network::dialer::{DialService, Dialer, TIMEOUTS};
use crate::network::error::{ClientError, HttpError, MAX_INTERIM};
use crate::network::proxy::Proxies;
use crate::network::timeouts::{HttpTimeouts, deadline};
use crate::network::tls;
use crate::network::uri::is_https;

/// The most headers of a response.
pub const MAX_HEADERS: usize = 100;

/// The least buffer that hyper accepts.
const MIN_BUFFER: usize = 8 * 1024;

/// Room for what the head of a response has beside its headers.
const STATUS_LINE: usize = 1024;

/// How long an unused connection is kept: shorter than most servers keep it.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// Sends requests. A clone shares the connections.
#[derive(Clone)]
pub struct HttpClient {
    /// Replaced where it keeps too many unused connections, since it cannot be told to close one.
    pool: Arc<Mutex<Pool>>,
    /// Permits for requests in progress.
    requests: Arc<Semaphore>,
    dialer: Arc<Dialer>,
    header_bytes: usize,
    max_requests: usize,
}

type Pool = Client<DialService, Full<Bytes>>;

/// What a client is for.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// The addresses that may be connected to beside ordinary ones of the Internet; all if `None`.
    pub addresses: Option<AllowedAddresses>,
    /// A PEM file of certificate authorities to trust in addition to the system's.
    pub ca_file: Option<PathBuf>,
    /// Whether the client sends https requests: only then certificate authorities are required.
    pub https: bool,
    /// The most bytes in the headers of a response, each counted as a line `name: value`.
    pub response_header_bytes: usize,
    /// The most requests in progress at the same time, each with a connection of its own. As many connections again are
    /// kept for later requests.
    pub requests: usize,
}

/// Returns host and port of the proxy that the environment names for https.
///
/// # Errors
///
/// When the environment names a proxy that cannot be used: no client could be made with it.
pub fn https_proxy() -> Result<Option<String>, ClientError> {
    Ok(Proxies::from_env()?.https().map(str::to_owned))
}

impl HttpClient {
    /// Makes a client.
    ///
    /// # Errors
    ///
    /// When there are no certificate authorities for https, their file or the proxy in the environment cannot be used,
    /// or TLS cannot be set up.
    pub fn new(options: ClientOptions) -> Result<Self, ClientError> {
        Self::with_proxies(options, Proxies::from_env()?)
    }

    fn with_proxies(options: ClientOptions, proxies: Proxies) -> Result<Self, ClientError> {
        let https = options.https || proxies.use_tls();
        let dialer = Arc::new(Dialer {
            addresses: options.addresses,
            tls: tls::connector(options.ca_file.as_deref(), https)?,
            proxies,
            open: Arc::default(),
        });
        let header_bytes = options.response_header_bytes;
        let max_requests = options.requests.min(Semaphore::MAX_PERMITS);
        Ok(Self {
            pool: Arc::new(Mutex::new(empty_pool(&dialer, header_bytes))),
            requests: Arc::new(Semaphore::new(max_requests)),
            dialer,
            header_bytes,
            max_requests,
        })
    }

    /// Returns the pool for a request that has its permit. Where too many connections are open, unused ones are closed
    /// first.
    fn pool(&self) -> Pool {
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        if self.dialer.count() >= self.max_requests.saturating_mul(2) {
            *pool = empty_pool(&self.dialer, self.header_bytes);
        }
        pool.clone()
    }

    /// Waits for the permit for a request, as long as for a connection.
    async fn permit(&self, timeouts: &HttpTimeouts) -> Result<OwnedSemaphorePermit, HttpError> {
        let permit = Arc::clone(&self.requests).acquire_owned();
        match timeout(timeouts.connect, permit).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(HttpError::ConnectionLimit {
                max: self.max_requests,
                within: timeouts.connect,
            }),
        }
    }

    /// Returns host and port of the proxy for https, as far as NO_PROXY does not say otherwise; never its name and
    /// password.
    pub fn https_proxy(&self) -> Option<&str> {
        self.dialer.proxies.https()
    }

    /// Sends a request and returns the response as soon as its head has arrived. The URL must be absolute; `Host` is set
    /// here. The body follows piece by piece, and may have at most `max_body` bytes.
    ///
    /// # Errors
    ///
    /// When there is no response in time, or one that is not accepted.
    pub async fn open(
        &self,
        mut request: Request<Full<Bytes>>,
        timeouts: &HttpTimeouts,
        max_body: u64,
    ) -> Result<Response<Body>, HttpError> {
        let permit = self.permit(timeouts).await?;
        let end = deadline(timeouts.request);
        request.headers_mut().remove(HOST);
        if !is_https(request.uri())
            && let Some(proxy) = self.dialer.proxies.intercept(request.uri())
            && let Some(authorization) = proxy.basic_auth()
        {
            let headers = request.headers_mut();
            headers.insert(PROXY_AUTHORIZATION, authorization.clone());
        }
        let too_many_interim = count_interim(&mut request);
        let mut connection = capture_connection(&mut request);
        let pool = self.pool();
        let response = TIMEOUTS.scope(*timeouts, pool.request(request));
        // If a kept connection turns out to be closed, the time goes on while another one is made.
        let first_byte = async {
            drop(connection.wait_for_connection_metadata().await);
            sleep(timeouts.first_byte).await;
        };
        let response = tokio::select! {
            // First, as a server that sends too many of them may break off afterwards.
            biased;
            () = too_many_interim.notified() => return Err(HttpError::too_many_interim()),
            response = response => response.map_err(|error| HttpError::from_request(&error))?,
            () = sleep_until(end) => return Err(HttpError::RequestTimeout(timeouts.request)),
            () = first_byte => return Err(HttpError::FirstByteTimeout(timeouts.first_byte)),
        };
        if length(response.headers()) > self.header_bytes {
            return Err(HttpError::HeadersTooLarge);
        }
        let (head, incoming) = response.into_parts();
        let body = Body::new(incoming, permit, max_body, *timeouts, end)?;
        Ok(Response::from_parts(head, body))
    }
}

/// Returns a pool without connections.
fn empty_pool(dialer: &Arc<Dialer>, header_bytes: usize) -> Pool {
    // hyper reads somewhat more than its buffer is said to hold, so the headers are counted again.
    let buffer = header_bytes.saturating_add(STATUS_LINE).max(MIN_BUFFER);
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_TIMEOUT)
        .http1_max_buf_size(buffer)
        .http1_max_headers(MAX_HEADERS)
        .build(DialService(Arc::clone(dialer)))
}

/// Counts the interim responses to a request, and notifies of the first one too many.
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

/// Returns the size of headers in bytes, each counted as a line `name: value`.
fn length(headers: &HeaderMap) -> usize {
    let lines = headers.iter();
    lines
        .map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len())
        .sum()
}
