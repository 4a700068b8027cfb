use std::io::{Read, Write};
use std::net::TcpStream;

use super::*;
use crate::cli::report::tests::every_outcome;

/// Sends a request's first line with a `Host`, and reads until the server closes.
fn ask(address: SocketAddr, line: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "{line} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

async fn start_anywhere(metrics: &Arc<Metrics>) -> (SocketAddr, AbortOnDropHandle<()>) {
    let any = "127.0.0.1:0".parse().unwrap();
    start(any, metrics.clone()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_get_metrics_and_nothing_else() {
    let metrics = Arc::new(Metrics::new().unwrap());
    let (address, _server) = start_anywhere(&metrics).await;
    let first = ask(address, "GET /metrics");
    assert!(first.starts_with("HTTP/1.1 200 "), "{first}");
    assert!(first.contains("text/plain; version=0.0.4"), "{first}");
    assert!(first.ends_with(&metrics.encode().unwrap()), "{first}");
    // What is recorded later is seen later.
    metrics.record(&every_outcome().accounts[0]);
    let second = ask(address, "GET /metrics?format=text");
    assert!(second.ends_with(&metrics.encode().unwrap()), "{second}");
    for (line, status) in [
        ("GET /", "404"),
        ("POST /metricsx", "404"),
        ("POST /metrics", "405"),
        ("HEAD /metrics", "405"),
        ("DELETE /metrics", "405"),
    ] {
        let answer = ask(address, line);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{line}: {answer}"
        );
        let allows = answer.to_lowercase().contains("allow: get");
        assert_eq!(allows, status == "405", "{line}: {answer}");
    }
}

#[test]
fn only_requests_for_this_machine_are_answered() {
    let metrics = Metrics::new().unwrap();
    let status = |version, target: &str, hosts: &[&str]| {
        let mut request = Request::builder().version(version).uri(target);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        respond(&request.body(()).unwrap(), &metrics).status()
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
    let (address, _server) = start_anywhere(&metrics).await;
    let silent: Vec<_> = (0..MAX_CONNECTIONS)
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
    let (address, server) = start_anywhere(&metrics).await;
    let again = start(address, metrics.clone()).await;
    assert_eq!(again.unwrap_err().kind(), io::ErrorKind::AddrInUse);
    drop(server);
    // The runtime drops the listener when it next looks at the task.
    let freed = async {
        while start(address, metrics.clone()).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    let freed = tokio::time::timeout(CONNECTION_TIMEOUT, freed).await;
    freed.expect("the port is still in use");
}
