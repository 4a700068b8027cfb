//! The way through a proxy.

use tokio_rustls::TlsAcceptor;

use super::*;
use crate::network::client::tests::authorities::Authority;

const BASIC: &str = "Basic dXNlcjpwYXNzd29yZA==";

fn through(options: ClientOptions, proxy: &str) -> HttpClient {
    let proxies = proxies(&[("ALL_PROXY", proxy)]).unwrap();
    HttpClient::with_proxies(options, proxies).unwrap()
}

/// A proxy that is itself everywhere: it answers CONNECT, speaks TLS in the tunnel, and answers there.
async fn proxy(own: Option<TlsAcceptor>, inner: TlsAcceptor) -> Server {
    Server::start(move |stream, _, seen| {
        let (own, inner) = (own.clone(), inner.clone());
        async move {
            let mut stream: Box<dyn Io> = match own {
                Some(own) => Box::new(own.accept(stream).await.unwrap()),
                None => Box::new(stream),
            };
            let head = request(&mut stream).await.unwrap();
            seen.lock().unwrap().push(head);
            let open = b"HTTP/1.1 200 Connection established\r\nx-proxy: y\r\n\r\n";
            stream.write_all(open).await.unwrap();
            let mut stream = inner.accept(stream).await.unwrap();
            while let Some(request) = request(&mut stream).await {
                seen.lock().unwrap().push(request);
                stream.write_all(OK).await.unwrap();
            }
        }
    })
    .await
}

#[tokio::test]
async fn https_uses_a_tunnel_that_is_kept() {
    let authority = Authority::new();
    let proxy = proxy(None, authority.acceptor("intake.example.com")).await;
    let client = through(
        authority.options(),
        &format!("http://user:password@{}", proxy.place),
    );
    for _ in 0..2 {
        let request = get("https://intake.example.com/path");
        assert_eq!(body(&client, request).await.unwrap(), "ok");
    }
    let [connect, first, second] = &proxy.seen()[..] else {
        panic!("{:?}", proxy.seen());
    };
    assert_eq!(
        *connect,
        format!(
            "CONNECT intake.example.com:443 HTTP/1.1\r\nhost: intake.example.com:443\r\nproxy-authorization: {BASIC}\r\n\r\n"
        )
    );
    // What is for the proxy does not go further.
    assert_eq!(
        first,
        "GET /path HTTP/1.1\r\nhost: intake.example.com\r\n\r\n"
    );
    assert_eq!(first, second);
    assert_eq!(client.https_proxy(), Some(proxy.place.as_str()));
}

#[tokio::test]
async fn a_proxy_may_be_reached_over_tls() {
    let authority = Authority::new();
    let own = authority.acceptor("127.0.0.1");
    let proxy = proxy(Some(own), authority.acceptor("intake.example.com")).await;
    let client = through(authority.options(), &format!("https://{}", proxy.place));
    let request = get("https://intake.example.com/");
    assert_eq!(body(&client, request).await.unwrap(), "ok");
}

#[tokio::test]
async fn a_proxy_does_not_make_a_server_trusted() {
    let authority = Authority::new();
    let proxy = proxy(None, authority.acceptor("other.example.com")).await;
    let client = through(authority.options(), &proxy.place);
    let fault = body(&client, get("https://intake.example.com/")).await;
    assert!(matches!(fault, Err(HttpError::Untrusted(_))), "{fault:?}");
}

#[tokio::test]
async fn an_http_request_is_sent_to_the_proxy_itself() {
    let proxy = Server::answering(OK).await;
    let client = through(options(), &format!("http://user:password@{}", proxy.place));
    for _ in 0..2 {
        let answer = body(&client, post("http://intake.example.com/path?q", "body")).await;
        assert_eq!(answer.unwrap(), "ok");
    }
    assert_eq!(
        proxy.seen()[0],
        format!(
            "POST http://intake.example.com/path?q HTTP/1.1\r\nproxy-authorization: {BASIC}\r\n\
             host: intake.example.com\r\ncontent-length: 4\r\n\r\nbody"
        )
    );
    assert_eq!(proxy.connections(), 1);
}

#[tokio::test]
async fn a_proxy_that_opens_no_tunnel_is_reported_without_secrets() {
    let long = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "x".repeat(20_000));
    for (answer, part) in [
        (
            "HTTP/1.1 407 Who are you\r\ncontent-length: 0\r\n\r\n",
            "407",
        ),
        (
            "HTTP/1.1 403 canary-7f3a\r\ncontent-length: 0\r\n\r\n",
            "403",
        ),
        (
            "HTTP/1.1 302 Found\r\nlocation: http://192.0.2.1/\r\n\r\n",
            "302",
        ),
        ("canary-7f3a\r\n\r\n", "not valid HTTP"),
        ("", "closed"),
        (&long, "headers"),
    ] {
        let proxy = Server::closing(answer).await;
        let client = through(
            options(),
            &format!("http://user:canary-7f3a@{}", proxy.place),
        );
        let fault = body(&client, get("https://intake.example.com/canary-7f3a")).await;
        let fault = fault.unwrap_err();
        assert!(matches!(fault, HttpError::Proxy(_)), "{fault:?}");
        assert!(fault.to_string().contains(part), "{part}: {fault}");
        assert!(!format!("{fault:?}").contains("canary"), "{fault:?}");
    }
}

#[tokio::test]
async fn an_unreachable_proxy_is_reported_as_such() {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let client = through(options(), &socket.local_addr().unwrap().to_string());
    let fault = body(&client, get("https://intake.example.com/")).await;
    assert!(matches!(fault, Err(HttpError::Proxy(_))), "{fault:?}");
}

#[tokio::test]
async fn a_silent_proxy_ends_with_the_connect_timeout() {
    let proxy = Server::answering("").await;
    let timeouts = HttpTimeouts {
        connect: SHORT,
        ..TIMEOUTS
    };
    let client = through(options(), &proxy.place);
    let answer = asked(&client, get("https://intake.example.com/"), &timeouts, 0).await;
    assert_eq!(answer, Err(HttpError::ConnectTimeout(SHORT)));
}

#[tokio::test]
async fn an_address_in_the_url_is_checked_even_with_a_proxy() {
    let proxy = Server::answering(OK).await;
    let client = through(
        ClientOptions {
            addresses: Some(AllowedAddresses::default()),
            ..options()
        },
        &proxy.place,
    );
    for url in [
        "http://10.0.0.1/",
        "https://[fd00:ec2::254]/",
        "http://127.0.0.1/",
    ] {
        let fault = body(&client, get(url)).await;
        assert!(
            matches!(fault, Err(HttpError::Prohibited { .. })),
            "{fault:?}"
        );
    }
    assert_eq!(proxy.connections(), 0);
    let named = body(&client, get("http://intake.example.com/")).await;
    assert_eq!(named.unwrap(), "ok");
}

#[test]
fn each_variable_applies_to_its_scheme() {
    let used_proxies = proxies(&[
        ("ALL_PROXY", "http://all.example:1"),
        ("HTTP_PROXY", " plain.example:2 "),
        ("HTTPS_PROXY", ""),
        ("NO_PROXY", "direct.example,192.0.2.0/24"),
    ])
    .unwrap();
    let used = |url: &str| {
        let proxy = used_proxies.intercept(&url.parse().unwrap())?;
        Some(proxy.uri().to_string())
    };
    for (url, proxy) in [
        ("https://intake.example.com/", Some("http://all.example:1/")),
        (
            "http://intake.example.com/",
            Some("http://plain.example:2/"),
        ),
        ("https://direct.example/", None),
        ("https://a.direct.example:8443/", None),
        ("https://192.0.2.7/", None),
        ("https://localhost/", None),
        ("http://a.localhost:8080/", None),
        ("http://127.0.0.2/", None),
        ("http://[::1]/", None),
    ] {
        assert_eq!(used(url).as_deref(), proxy, "{url}");
    }
    assert_eq!(used_proxies.https(), Some("all.example:1"));
    let none = proxies(&[]).unwrap();
    assert_eq!(none.https(), None);
    let url = "https://intake.example.com/".parse().unwrap();
    assert!(none.intercept(&url).is_none());
}

#[test]
fn an_unusable_proxy_is_reported_with_its_variable() {
    for (value, part) in [
        ("socks5://user:canary-7f3a@proxy.example:1080", "SOCKS"),
        ("ftp://user:canary-7f3a@proxy.example", "HTTP"),
        ("http://user canary-7f3a", "not a valid URL"),
        ("/canary-7f3a", "no host"),
    ] {
        for variable in ["ALL_PROXY", "HTTPS_PROXY"] {
            let error = proxies(&[(variable, value)]).err().unwrap();
            let message = error.to_string();
            assert!(message.contains(variable), "{message}");
            assert!(message.contains(part), "{part}: {message}");
            assert!(!format!("{message} {error:?}").contains("canary"));
        }
    }
}
