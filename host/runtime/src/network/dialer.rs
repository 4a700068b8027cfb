//! Makes connections: name resolution, address, TCP, the proxy's tunnel, TLS.
//!
//! A name is resolved once, and the addresses that were checked are those that are connected to, so that pointing the
//! name elsewhere in between gains nothing. A connection that is kept was checked when it was made.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_util::client::proxy::matcher::Intercept;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;

use crate::network::addresses::{AllowedAddresses, is_this_machine};
use crate::network::error::{HttpError, cannot_open};
use crate::network::proxy::Proxies;
use crate::network::stream::{Io, Stream};
use crate::network::timeouts::{HttpTimeouts, deadline};
use crate::network::tunnel;
use crate::network::uri::{host, is_https, port};

tokio::task_local! {
    /// The timeouts of the request for which a connection is made.
    pub(super) static TIMEOUTS: HttpTimeouts;
}

/// Checks an address that is connected to; any is allowed if `allowed` is `None`.
fn check(allowed: Option<&AllowedAddresses>, address: IpAddr) -> Result<(), HttpError> {
    let checked = allowed.map_or(Ok(()), |allowed| allowed.check(address));
    checked.map_err(|special| HttpError::Prohibited { address, special })
}

/// Makes connections.
pub(super) struct Dialer {
    /// Where connections may lead: anywhere if `None`, as the operator named the URL.
    pub(super) addresses: Option<AllowedAddresses>,
    pub(super) proxies: Proxies,
    pub(super) tls: TlsConnector,
    /// Has a clone for each connection that is open.
    pub(super) open: Arc<()>,
}

/// A [`Dialer`] in the form in which a pool of connections calls it.
#[derive(Clone)]
pub(super) struct DialService(pub(super) Arc<Dialer>);

impl tower_service::Service<Uri> for DialService {
    type Response = TokioIo<Stream>;
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, HttpError>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), HttpError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, url: Uri) -> Self::Future {
        // Read here: if another connection is free first, the pool goes on with this one in a task of its own.
        let timeouts = TIMEOUTS.try_with(Clone::clone).unwrap_or_default();
        let dialer = Arc::clone(&self.0);
        Box::pin(async move { dialer.connect(&url, &timeouts).await.map(TokioIo::new) })
    }
}

impl Dialer {
    /// Returns the number of connections, including those that are being made.
    pub(super) fn count(&self) -> usize {
        Arc::strong_count(&self.open) - 1
    }

    /// Connects to the host of a URL.
    async fn connect(&self, url: &Uri, timeouts: &HttpTimeouts) -> Result<Stream, HttpError> {
        let open = Arc::clone(&self.open);
        let proxy = self.proxies.intercept(url);
        let until = deadline(timeouts.connect);
        let connect = async {
            match &proxy {
                Some(proxy) => self.connect_to_proxy(proxy, url, until).await,
                None => connect_tcp(url, self.addresses.as_ref(), until).await,
            }
        };
        let mut io = timeout_at(until, connect)
            .await
            .map_err(|_| HttpError::ConnectTimeout(timeouts.connect))??;
        if is_https(url) {
            io = timeout(timeouts.tls, self.start_tls(host(url), io))
                .await
                .map_err(|_| HttpError::TlsTimeout(timeouts.tls))??;
        }
        Ok(Stream {
            io,
            is_proxied: proxy.is_some() && !is_https(url),
            _open: open,
        })
    }

    /// Connects to a proxy, whose address the operator named, and for https through it to the host of a URL. The proxy
    /// resolves names, so only an address that stands in the URL can be checked.
    async fn connect_to_proxy(
        &self,
        proxy: &Intercept,
        url: &Uri,
        until: Instant,
    ) -> Result<Box<dyn Io>, HttpError> {
        if let Ok(address) = host(url).parse() {
            check(self.addresses.as_ref(), address)?;
        }
        let of_proxy = |error: HttpError| HttpError::Proxy(error.to_string());
        let mut io = connect_tcp(proxy.uri(), None, until)
            .await
            .map_err(of_proxy)?;
        if is_https(proxy.uri()) {
            io = self
                .start_tls(host(proxy.uri()), io)
                .await
                .map_err(of_proxy)?;
        }
        if is_https(url) {
            io = tunnel::open(io, url, proxy.basic_auth()).await?;
        }
        Ok(io)
    }

    /// Starts TLS with the server of this name.
    async fn start_tls(&self, host: &str, io: Box<dyn Io>) -> Result<Box<dyn Io>, HttpError> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| HttpError::Tls("no certificate can be for such a name".to_owned()))?;
        match self.tls.connect(name, io).await {
            Ok(stream) => Ok(Box::new(stream)),
            Err(error) => Err(HttpError::from_handshake(&error)),
        }
    }
}

/// Resolves the host of a URL and connects to one of its addresses that are allowed.
async fn connect_tcp(
    url: &Uri,
    addresses: Option<&AllowedAddresses>,
    until: Instant,
) -> Result<Box<dyn Io>, HttpError> {
    let host = host(url);
    let found = tokio::net::lookup_host((host, port(url)))
        .await
        .map_err(|error| HttpError::Unresolved(cannot_open(&error, "")))?;
    let mut allowed = Vec::new();
    let mut error = HttpError::Unresolved("the name has no address".to_owned());
    // The check of names takes such a name for this machine, whatever the resolver makes of it.
    let loopback_only = is_this_machine(host);
    let is_loopback = |address: &SocketAddr| address.ip().to_canonical().is_loopback();
    for address in found.filter(|address| !loopback_only || is_loopback(address)) {
        match check(addresses, address.ip()) {
            Ok(()) => allowed.push(address),
            Err(prohibited) => error = prohibited,
        }
    }
    for (index, address) in allowed.iter().enumerate() {
        // Each address leaves time for those after it; the caller limits the time of the last one.
        let left = until.saturating_duration_since(Instant::now());
        let share = match u32::try_from(allowed.len() - index) {
            Ok(1) => Duration::MAX,
            Ok(addresses) => left / addresses,
            Err(_) => Duration::ZERO,
        };
        let connected = timeout(share, TcpStream::connect(address))
            .await
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
            .and_then(|stream| stream.set_nodelay(true).map(|()| stream));
        match connected {
            Ok(stream) => return Ok(Box::new(stream)),
            Err(failed) => error = HttpError::from_connect(&failed),
        }
    }
    Err(error)
}
