//! Serves the metrics over HTTP on loopback.
//!
//! A request must name a loopback host. Otherwise a web page in a browser on this machine could point a name of its own
//! to 127.0.0.1 and read the names of tenants.

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http::header::{ALLOW, CONTENT_TYPE, HOST};
use http::uri::Authority;
use http::{HeaderValue, Method, Request, Response, StatusCode, Version};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;
use tracing::{debug, info};

use crate::cli::report::metrics::Metrics;

/// Connections at once; more wait to be accepted.
const MAX_CONNECTIONS: usize = 16;
/// The life of a connection, which serves one request.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(10);
/// The pause after a failed `accept`, which fails as long as the process is out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Listens at `address`, on any free port where its port is 0, and answers `GET /metrics` until the task is dropped. Logs
/// and returns the address.
///
/// # Errors
///
/// When the address cannot be listened on, for example because the port is in use.
pub(crate) async fn start(
    address: SocketAddr,
    metrics: Arc<Metrics>,
) -> io::Result<(SocketAddr, AbortOnDropHandle<()>)> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    info!("metrics are served at http://{address}/metrics");
    let task = tokio::spawn(serve(listener, metrics));
    Ok((address, AbortOnDropHandle::new(task)))
}

async fn serve(listener: TcpListener, metrics: Arc<Metrics>) {
    let connections = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    while let Ok(permit) = Arc::clone(&connections).acquire_owned().await {
        match listener.accept().await {
            Ok((stream, _)) => {
                let metrics = Arc::clone(&metrics);
                tokio::spawn(async move {
                    let _permit = permit;
                    // A scraper that went away or took too long asks again.
                    let _ = timeout(CONNECTION_TIMEOUT, connection(stream, &metrics)).await;
                });
            }
            Err(error) => {
                debug!("cannot accept a connection for metrics: {error}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, metrics: &Metrics) -> hyper::Result<()> {
    let service = service_fn(async |request| Ok::<_, Infallible>(respond(&request, metrics)));
    http1::Builder::new()
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service)
        .await
}

fn respond<B>(request: &Request<B>, metrics: &Metrics) -> Response<String> {
    let (status, text) = if !is_for_loopback(request) {
        let text = "metrics are served to this machine only: use http://localhost or http://127.0.0.1, or let your \
                    proxy send `Host: localhost`\n";
        (StatusCode::MISDIRECTED_REQUEST, text.to_owned())
    } else if request.uri().path() != "/metrics" {
        (
            StatusCode::NOT_FOUND,
            "metrics are at /metrics\n".to_owned(),
        )
    } else if request.method() != Method::GET {
        (StatusCode::METHOD_NOT_ALLOWED, "use GET\n".to_owned())
    } else {
        match metrics.encode() {
            Ok(text) => (StatusCode::OK, text),
            Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")),
        }
    };
    let mut response = Response::new(text);
    *response.status_mut() = status;
    let kind = HeaderValue::from_static(prometheus::TEXT_FORMAT);
    response.headers_mut().insert(CONTENT_TYPE, kind);
    if status == StatusCode::METHOD_NOT_ALLOWED {
        let get = HeaderValue::from_static("GET");
        response.headers_mut().insert(ALLOW, get);
    }
    response
}

/// Returns whether every host that the request names is this machine. HTTP/1.0, which no browser speaks, may name none.
fn is_for_loopback<B>(request: &Request<B>) -> bool {
    let hosts = request.headers().get_all(HOST);
    let names_one = hosts.iter().next().is_some() || request.version() == Version::HTTP_10;
    names_one
        && request.uri().authority().is_none_or(is_loopback)
        && hosts
            .iter()
            .all(|host| Authority::try_from(host.as_bytes()).is_ok_and(|host| is_loopback(&host)))
}

/// Returns whether a host, with or without a port, is `localhost` or a loopback address. No name is resolved.
fn is_loopback(authority: &Authority) -> bool {
    let host = authority.host();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let address = address.parse::<IpAddr>();
    !authority.as_str().contains('@')
        && (host.eq_ignore_ascii_case("localhost")
            || address.is_ok_and(|address| address.is_loopback()))
}

#[cfg(test)]
mod tests;
