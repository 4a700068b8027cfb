//! The metrics served over HTTP, on loopback, for a Prometheus to ask.
//!
//! A request must name a loopback host: a web page in a browser on this machine can lead a name of its own to
//! 127.0.0.1 and would read the names of tenants otherwise.

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
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tracing::{debug, info};

use crate::cli::report::metrics::Metrics;

/// Connections at a time; more wait to be accepted.
const CONNECTIONS: usize = 16;
/// Until a request's header is there.
const HEADER: Duration = Duration::from_secs(5);
/// A whole connection, as each answers one request.
const CONNECTION: Duration = Duration::from_secs(30);
/// Before the next try where the system has no room for another connection.
const PAUSE: Duration = Duration::from_millis(100);

/// A server of metrics, until it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Server {
    /// Listens at `address`, at any free port where its port is 0, and answers `GET /metrics` from now on.
    /// The address is logged.
    ///
    /// # Errors
    ///
    /// When the system does not let it listen there, such as when the port is in use.
    pub(crate) async fn start(address: SocketAddr, metrics: Arc<Metrics>) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        info!("metrics are served at http://{address}/metrics");
        let task = tokio::spawn(serve(listener, metrics));
        Ok(Self { address, task })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, metrics: Arc<Metrics>) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    // The semaphore is never closed.
    while let Ok(permit) = room.clone().acquire_owned().await {
        match listener.accept().await {
            Ok((stream, _)) => {
                let metrics = metrics.clone();
                tokio::spawn(async move {
                    let _permit = permit;
                    connection(stream, &metrics).await;
                });
            }
            Err(error) => {
                debug!("a connection for metrics was not accepted: {error}");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, metrics: &Metrics) {
    let service = service_fn(async |request| Ok::<_, Infallible>(answer(&request, metrics)));
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    match tokio::time::timeout(CONNECTION, served).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => debug!("a connection for metrics broke: {error}"),
        Err(_) => debug!("a connection for metrics took too long"),
    }
}

fn answer<B>(request: &Request<B>, metrics: &Metrics) -> Response<String> {
    if !is_for_loopback(request) {
        return plain(
            StatusCode::MISDIRECTED_REQUEST,
            "the metrics are for this machine alone: ask http://localhost or http://127.0.0.1, or let the proxy in \
             between send `Host: localhost`\n",
        );
    }
    if request.uri().path() != "/metrics" {
        return plain(StatusCode::NOT_FOUND, "the metrics are at /metrics\n");
    }
    if request.method() != Method::GET {
        let mut refused = plain(StatusCode::METHOD_NOT_ALLOWED, "only GET\n");
        let headers = refused.headers_mut();
        headers.insert(ALLOW, HeaderValue::from_static("GET"));
        return refused;
    }
    match metrics.encode() {
        Ok(text) => {
            let mut found = Response::new(text);
            let kind = HeaderValue::from_static(prometheus::TEXT_FORMAT);
            found.headers_mut().insert(CONTENT_TYPE, kind);
            found
        }
        Err(error) => plain(StatusCode::INTERNAL_SERVER_ERROR, &format!("{error}\n")),
    }
}

/// Whether every host that the request names is this machine. HTTP/1.0, which no browser speaks, may name none.
fn is_for_loopback<B>(request: &Request<B>) -> bool {
    let hosts = request.headers().get_all(HOST);
    if hosts.iter().next().is_none() && request.version() > Version::HTTP_10 {
        return false;
    }
    let named = request.uri().authority().is_none_or(is_loopback);
    named
        && hosts
            .iter()
            .all(|host| Authority::try_from(host.as_bytes()).is_ok_and(|host| is_loopback(&host)))
}

/// Whether a host, with or without a port, is `localhost` or an address on loopback. No name is looked up.
fn is_loopback(authority: &Authority) -> bool {
    let host = authority.host();
    let address = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    !authority.as_str().contains('@')
        && (host.eq_ignore_ascii_case("localhost")
            || address
                .parse::<IpAddr>()
                .is_ok_and(|address| address.is_loopback()))
}

fn plain(status: StatusCode, text: &str) -> Response<String> {
    let mut response = Response::new(text.to_owned());
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;

    use super::super::samples::every_outcome;
    use super::*;

    /// Sends a request's first line with a `Host`, and reads until the server closes.
    fn ask(address: SocketAddr, line: &str) -> String {
        let mut stream = TcpStream::connect(address).unwrap();
        write!(stream, "{line} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    async fn start(metrics: &Arc<Metrics>) -> Server {
        let any = "127.0.0.1:0".parse().unwrap();
        Server::start(any, metrics.clone()).await.unwrap()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn answers_get_metrics_and_nothing_else() {
        let metrics = Arc::new(Metrics::new().unwrap());
        let server = start(&metrics).await;
        let address = server.address();
        let first = ask(address, "GET /metrics");
        assert!(first.starts_with("HTTP/1.1 200 "), "{first}");
        assert!(first.contains("text/plain; version=0.0.4"), "{first}");
        assert!(first.ends_with(&metrics.encode().unwrap()), "{first}");
        // What is recorded later is seen later.
        metrics.record(&every_outcome()).unwrap();
        let second = ask(address, "GET /metrics?format=text");
        assert!(second.ends_with(&metrics.encode().unwrap()), "{second}");
        for (line, status) in [
            ("GET /", "404"),
            ("POST /metricsx", "404"),
            ("POST /metrics", "405"),
            ("HEAD /metrics", "405"),
        ] {
            let answer = ask(address, line);
            let expected = format!("HTTP/1.1 {status} ");
            assert!(answer.starts_with(&expected), "{line}: {answer}");
        }
        let refused = ask(address, "DELETE /metrics");
        assert!(refused.to_lowercase().contains("allow: get"), "{refused}");
    }

    #[test]
    fn only_requests_for_this_machine_are_answered() {
        let metrics = Metrics::new().unwrap();
        let status = |version, target: &str, hosts: &[&str]| {
            let mut request = Request::builder().version(version).uri(target);
            for host in hosts {
                request = request.header(HOST, *host);
            }
            answer(&request.body(()).unwrap(), &metrics).status()
        };
        let with_host = |host| status(Version::HTTP_11, "/metrics", &[host]);
        for host in [
            "localhost",
            "LocalHost:9464",
            "127.0.0.1",
            "127.0.0.1:9464",
            "127.1.2.3:1",
            "[::1]",
            "[::1]:9464",
        ] {
            assert_eq!(with_host(host), StatusCode::OK, "{host}");
        }
        for host in [
            "",
            "rebound.example.com",
            "rebound.example.com:9464",
            "localhost.example.com",
            "127.0.0.1.example.com",
            "localhost@example.com",
            "example.com@localhost",
            "localhost/",
            "192.0.2.1:9464",
            "0.0.0.0",
            "[2001:db8::1]:9464",
            "[localhost]",
        ] {
            assert_eq!(with_host(host), StatusCode::MISDIRECTED_REQUEST, "{host}");
        }
        let both = ["localhost", "rebound.example.com"];
        for (version, target, hosts, expected) in [
            (Version::HTTP_10, "/metrics", &[][..], 200),
            (Version::HTTP_11, "/metrics", &[], 421),
            (Version::HTTP_10, "/metrics", &both[1..], 421),
            (Version::HTTP_11, "/metrics", &both, 421),
            (Version::HTTP_11, "/", &both[1..], 421),
            (
                Version::HTTP_11,
                "http://localhost/metrics",
                &both[..1],
                200,
            ),
            (
                Version::HTTP_11,
                "http://rebound.example.com/metrics",
                &both[..1],
                421,
            ),
        ] {
            let status = status(version, target, hosts);
            assert_eq!(status.as_u16(), expected, "{version:?} {target} {hosts:?}");
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn connections_beyond_the_bound_are_answered_once_there_is_room() {
        let metrics = Arc::new(Metrics::new().unwrap());
        let server = start(&metrics).await;
        let address = server.address();
        let silent: Vec<_> = (0..CONNECTIONS)
            .map(|_| TcpStream::connect(address).unwrap())
            .collect();
        let mut beyond = TcpStream::connect(address).unwrap();
        write!(beyond, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        // Far longer than an answer takes, and far shorter than the silent ones are waited for.
        let short = Duration::from_millis(300);
        beyond.set_read_timeout(Some(short)).unwrap();
        let early = beyond.read(&mut [0]).unwrap_err();
        assert_eq!(early.kind(), io::ErrorKind::WouldBlock, "{early}");

        drop(silent);
        beyond.set_read_timeout(None).unwrap();
        let mut answer = String::new();
        beyond.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }

    #[tokio::test]
    async fn a_port_in_use_is_an_error_and_a_dropped_server_frees_it() {
        let metrics = Arc::new(Metrics::new().unwrap());
        let server = start(&metrics).await;
        let address = server.address();
        let again = Server::start(address, metrics.clone()).await;
        assert_eq!(again.unwrap_err().kind(), io::ErrorKind::AddrInUse);
        drop(server);
        // The runtime drops the listener when it next looks at the task.
        let freed = async {
            while Server::start(address, metrics.clone()).await.is_err() {
                tokio::task::yield_now().await;
            }
        };
        let freed = tokio::time::timeout(HEADER, freed).await;
        freed.expect("the port is still in use");
    }
}
