//! How the host comes to a connection: name, address, TCP, the proxy's tunnel, TLS.
//!
//! The name is resolved once. What is judged is what is connected to, so a name that is pointed elsewhere between
//! the two gains nothing. A connection that is kept was judged when it was made.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::Uri;
use http::uri::Scheme;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::client::proxy::matcher::Intercept;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;

use crate::network::addresses::{Special, is_this_machine};
use crate::network::client::{Addresses, Fault, Timeouts, after};
use crate::network::proxy::Proxies;
use crate::network::tunnel;

tokio::task_local! {
    /// How long the request may take for which a connection is made.
    pub(super) static TIMEOUTS: Timeouts;
}

/// Makes connections.
#[derive(Clone)]
pub(super) struct Connector(pub Arc<Ways>);

/// What a connection depends on.
pub(super) struct Ways {
    /// Where it may lead.
    pub addresses: Addresses,
    /// By which proxy.
    pub proxies: Proxies,
    /// Whom to trust.
    pub tls: TlsConnector,
    /// Has a clone for each connection that is open.
    pub open: Arc<()>,
}

/// Bytes to and fro.
pub(super) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// A connection, whatever it is made of.
pub(super) struct Stream {
    io: Box<dyn Io>,
    /// Whether a proxy reads the requests on it.
    to_proxy: bool,
    _open: Arc<()>,
}

impl tower_service::Service<Uri> for Connector {
    type Response = TokioIo<Stream>;
    type Error = Fault;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Fault>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, url: Uri) -> Self::Future {
        // Read here: the client may leave a connection that another request was faster for to a task of its own.
        let timeouts = TIMEOUTS.try_with(Clone::clone).unwrap_or_default();
        let ways = Arc::clone(&self.0);
        Box::pin(async move { ways.connect(&url, &timeouts).await.map(TokioIo::new) })
    }
}

impl Ways {
    /// How many connections there are, those included that are being made.
    pub(super) fn open(&self) -> usize {
        Arc::strong_count(&self.open) - 1
    }

    /// Connects to the host of a URL.
    async fn connect(&self, url: &Uri, timeouts: &Timeouts) -> Result<Stream, Fault> {
        let open = Arc::clone(&self.open);
        let is_https = url.scheme() == Some(&Scheme::HTTPS);
        let by = self.proxies.intercept(url);
        let to_proxy = by.is_some() && !is_https;
        let until = after(timeouts.connect);
        let reach = async {
            match by {
                Some(proxy) => self.by_proxy(&proxy, url, is_https, until).await,
                None => {
                    let judge = |address| self.judge(address);
                    let stream = reach(host(url), port(url), judge, until).await?;
                    Ok(Box::new(stream) as Box<dyn Io>)
                }
            }
        };
        let io = timeout_at(until, reach)
            .await
            .map_err(|_| Fault::ConnectTimeout(timeouts.connect))??;
        let io = if is_https {
            timeout(timeouts.tls, self.secure(host(url), io))
                .await
                .map_err(|_| Fault::TlsTimeout(timeouts.tls))??
        } else {
            io
        };
        Ok(Stream {
            io,
            to_proxy,
            _open: open,
        })
    }

    /// Connects by a proxy, whose address is the operator's own word. It resolves the names itself, so only an
    /// address that stands in the URL can be judged.
    async fn by_proxy(
        &self,
        proxy: &Intercept,
        url: &Uri,
        is_https: bool,
        until: Instant,
    ) -> Result<Box<dyn Io>, Fault> {
        if let Ok(address) = host(url).parse::<IpAddr>() {
            self.judge(address)
                .map_err(|special| Fault::Prohibited { address, special })?;
        }
        let to = proxy.uri();
        let of_proxy = |fault: Fault| Fault::Proxy(fault.to_string());
        let stream = reach(host(to), port(to), |_| Ok(()), until)
            .await
            .map_err(of_proxy)?;
        let mut io: Box<dyn Io> = Box::new(stream);
        if to.scheme() == Some(&Scheme::HTTPS) {
            io = self.secure(host(to), io).await.map_err(of_proxy)?;
        }
        if is_https {
            io = tunnel::open(io, url, proxy.basic_auth()).await?;
        }
        Ok(io)
    }

    fn judge(&self, address: IpAddr) -> Result<(), Special> {
        match &self.addresses {
            Addresses::Any => Ok(()),
            Addresses::Judged(allowed) => allowed.judge(address),
        }
    }

    /// TLS with the server of this name.
    async fn secure(&self, host: &str, io: Box<dyn Io>) -> Result<Box<dyn Io>, Fault> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| Fault::Tls("no certificate can be for a name like this".to_owned()))?;
        let stream = self
            .tls
            .connect(name, io)
            .await
            .map_err(|error| Fault::of_handshake(&error))?;
        Ok(Box::new(stream))
    }
}

/// Resolves a name and connects to one of its addresses that may be connected to.
async fn reach(
    host: &str,
    port: u16,
    judge: impl Fn(IpAddr) -> Result<(), Special>,
    until: Instant,
) -> Result<TcpStream, Fault> {
    let found = tokio::net::lookup_host((host, port))
        .await
        .map_err(|error| Fault::Unresolved(error.to_string()))?;
    let mut allowed = Vec::new();
    let mut prohibited = None;
    // The name layer takes such a name for this machine, whatever the resolver makes of it.
    let leads_here = |address: &SocketAddr| address.ip().to_canonical().is_loopback();
    let here_alone = is_this_machine(host);
    for address in found.filter(|address| !here_alone || leads_here(address)) {
        match judge(address.ip()) {
            Ok(()) => allowed.push(address),
            Err(special) => {
                prohibited.get_or_insert(Fault::Prohibited {
                    address: address.ip(),
                    special,
                });
            }
        }
    }
    if allowed.is_empty() {
        return Err(
            prohibited.unwrap_or_else(|| Fault::Unresolved("the name has no address".to_owned()))
        );
    }
    dial(&allowed, until).await
}

/// Connects to the first of these addresses that answers.
async fn dial(addresses: &[SocketAddr], until: Instant) -> Result<TcpStream, Fault> {
    let mut fault = Fault::Unreachable("no address".to_owned());
    for (before, address) in addresses.iter().enumerate() {
        let connecting = TcpStream::connect(address);
        // One that does not answer leaves time for the others; who waits for all of it is the caller.
        let others = u32::try_from(addresses.len() - before - 1).unwrap_or(u32::MAX);
        let connected = if others > 0 {
            let left = until.saturating_duration_since(Instant::now());
            timeout(left / others.saturating_add(1), connecting)
                .await
                .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
        } else {
            connecting.await
        };
        match connected {
            Ok(stream) => {
                stream
                    .set_nodelay(true)
                    .map_err(|error| Fault::of_connecting(&error))?;
                return Ok(stream);
            }
            Err(error) => fault = Fault::of_connecting(&error),
        }
    }
    Err(fault)
}

/// The host of a URL, IPv6 addresses without their brackets.
pub(super) fn host(url: &Uri) -> &str {
    let host = url.host().unwrap_or_default();
    host.strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host)
}

/// The port of a URL.
pub(super) fn port(url: &Uri) -> u16 {
    let default = if url.scheme() == Some(&Scheme::HTTPS) {
        443
    } else {
        80
    };
    url.port_u16().unwrap_or(default)
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new().proxy(self.to_proxy)
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_read(context, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().io).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().io).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_shutdown(context)
    }
}
