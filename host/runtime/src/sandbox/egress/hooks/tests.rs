//! What becomes of a component's requests, against a server on loopback.

use std::sync::mpsc;

use http::{HeaderValue, Method};
use http_body_util::BodyExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use super::*;
use crate::contract::hosts::Hosts;
use crate::contract::limits::{
    Limit, Limits, MAX_CONNECTIONS, MAX_RESPONSE_HEADER_BYTES, Timeouts,
};
use crate::network::addresses::AllowedAddresses;
use crate::network::client::{ClientOptions, HttpClient};
use crate::network::test_server::{Seen, Server};
use crate::sandbox::egress::Policy;

/// The way out of an account that opens this machine, with these origins typed.
fn egress(typed: &[&str], limits: Limits) -> Egress {
    let typed: Vec<_> = typed.iter().map(|url| normal(url).unwrap()).collect();
    let client = HttpClient::new(ClientOptions {
        addresses: Some(AllowedAddresses {
            networks: Vec::new(),
            loopback: true,
        }),
        ca_file: None,
        https: false,
        response_header_bytes: MAX_RESPONSE_HEADER_BYTES,
        requests: MAX_CONNECTIONS,
    });
    Egress::new(Arc::new(Rights {
        client: Some(client.unwrap()),
        policy: Policy::new(Hosts::default(), None, &typed, true),
        timeouts: Timeouts::default(),
        limits,
        ..Rights::none()
    }))
}

fn request(method: Method, url: &str, body: impl Into<Bytes>) -> Request<WasiBody> {
    let body = Full::new(body.into()).map_err(|never| match never {});
    Request::builder()
        .method(method)
        .uri(url)
        .body(body.boxed_unsync())
        .unwrap()
}

async fn send(egress: &Egress, request: Request<WasiBody>) -> Result<Response<WasiBody>, Error> {
    let processed = Box::new(async { Ok(()) });
    let sending = egress.clone().send_request(request, None, processed);
    let (response, _) = Box::into_pin(sending).await?;
    Ok(response)
}

fn good(_: &Seen, _: usize) -> Response<String> {
    Response::new("good".to_owned())
}

#[tokio::test]
async fn what_is_sent_is_what_was_judged_and_its_length_is_the_hosts() {
    let server = Server::start(good).await;
    let egress = egress(&[], Limits::default());
    let port = server.origin.rsplit(':').next().unwrap();
    let mut posted = request(
        Method::POST,
        &format!("http://0x7f.0.0.1:{port}/a/../b?c=d"),
        "whole",
    );
    let wrong = HeaderValue::from_static("77");
    posted.headers_mut().insert("content-length", wrong);
    let answer = send(&egress, posted).await.unwrap();
    assert_eq!(
        answer.into_body().collect().await.unwrap().to_bytes(),
        "good"
    );
    let gotten = request(Method::GET, &format!("{}/e", server.origin), "");
    send(&egress, gotten).await.unwrap();

    let seen = server.seen();
    assert_eq!(seen[0].path, "/b?c=d");
    assert_eq!(seen[0].header("host"), format!("127.0.0.1:{port}"));
    assert_eq!(seen[0].header("content-length"), "5");
    assert_eq!(seen[0].text(), "whole");
    assert_eq!(seen[1].header("content-length"), "");
    assert_eq!(egress.rights.denials.counts(), []);
}

#[tokio::test]
async fn a_body_beyond_the_bound_does_not_leave() {
    let server = Server::start(good).await;
    let egress = egress(&[], Limits::default());
    for (length, leaves) in [(MAX_REQUEST_BODY, true), (MAX_REQUEST_BODY + 1, false)] {
        let request = request(Method::POST, &server.origin, vec![b'x'; length]);
        match send(&egress, request).await {
            Ok(_) => assert!(leaves, "{length}"),
            Err(error) => {
                assert!(!leaves, "{error}");
                assert!(matches!(error, Error::HttpRequestBodySize(_)), "{error}");
            }
        }
    }
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_request_that_is_refused_is_counted_and_its_reason_kept_once() {
    let egress = egress(
        &["https://10.0.0.1:8443/", "https://[fe80::1]/"],
        Limits::default(),
    );
    for (url, rule, reason) in [
        (
            "https://evil.example/canary",
            Rule::Host,
            "https://evil.example: neither",
        ),
        (
            "http://10.0.0.1:8443/canary",
            Rule::Host,
            "http://10.0.0.1:8443: neither",
        ),
        (
            "https://canary@evil.example/",
            Rule::Userinfo,
            "https://evil.example: a URL with",
        ),
        ("https://a..b/canary", Rule::Url, "a..b: its URL"),
        (
            "https://10.0.0.1:8443/canary",
            Rule::Address,
            "https://10.0.0.1:8443: it leads to 10.0.0.1",
        ),
        (
            "https://[fe80::1]/canary",
            Rule::Address,
            "https://[fe80::1]: it leads to fe80::1",
        ),
    ] {
        let counted = |rule: Rule| {
            let counts = egress.rights.denials.counts();
            let count = counts.into_iter().find(|(other, _)| *other == rule);
            count.map_or(0, |(_, count)| count)
        };
        let before = counted(rule);
        let error = send(&egress, request(Method::GET, url, ""))
            .await
            .unwrap_err();
        match rule {
            Rule::Address => assert!(matches!(error, Error::DestinationIpProhibited), "{error}"),
            _ => assert!(matches!(error, Error::HttpRequestDenied), "{error}"),
        }
        assert_eq!(counted(rule), before + 1, "{url}");
        let told = egress.call.take_refusal().unwrap();
        assert!(told.starts_with(reason), "{told}");
        assert!(!told.contains("canary"), "{told}");
        assert_eq!(egress.call.take_refusal(), None);
    }
}

#[tokio::test]
async fn a_component_without_rights_reaches_nothing() {
    let server = Server::start(good).await;
    let egress = Egress::new(Arc::new(Rights::none()));
    let request = request(Method::GET, &server.origin, "");
    let error = send(&egress, request).await.unwrap_err();
    assert!(matches!(error, Error::HttpRequestDenied), "{error}");
    assert!(server.seen().is_empty());
}

/// A component may send a request and compute on, to take the answer later.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_leaves_while_the_component_computes() {
    let (arrived, arrives) = mpsc::channel();
    let server = Server::start(move |_, _| {
        arrived.send(()).unwrap();
        Response::new("good".to_owned())
    })
    .await;
    let egress = egress(&[], Limits::default());
    let call = tokio::spawn(async move {
        let request = request(Method::GET, &server.origin, "");
        let sending = egress
            .clone()
            .send_request(request, None, Box::new(async { Ok(()) }));
        // As the engine does.
        let sending = tokio::spawn(Box::into_pin(sending));
        // Computing: the thread does nothing else meanwhile.
        arrives.recv().unwrap();
        let (answer, _) = sending.await.unwrap().unwrap();
        answer.into_body().collect().await.unwrap().to_bytes()
    });
    assert_eq!(call.await.unwrap(), "good");
}

/// An answer comes while the component computes something else, maybe between two calls: what it computes is good.
#[tokio::test]
async fn an_answer_past_a_limit_is_told_with_the_limit_once_the_component_fails_by_it() {
    let limits = Limits {
        response_bytes: 3,
        ..Limits::default()
    };
    let egress = egress(&[], limits);
    let server = Server::start(good).await;
    let get = || request(Method::GET, &server.origin, "");
    let error = send(&egress, get()).await.unwrap_err();
    assert!(
        matches!(error, Error::HttpResponseBodySize(Some(3))),
        "{error}"
    );
    assert_eq!(egress.call.take_withheld(), Some(Limit::ResponseBytes));
    assert_eq!(egress.call.take_exceeded(), None);

    let server = Server::start(|_, _| {
        let long = "x".repeat(MAX_RESPONSE_HEADER_BYTES);
        let answer = Response::builder().header("x-long", long);
        answer.body(String::new()).unwrap()
    })
    .await;
    let get = request(Method::GET, &server.origin, "");
    let error = send(&egress, get).await.unwrap_err();
    assert!(
        matches!(error, Error::HttpResponseHeaderSectionSize(_)),
        "{error}"
    );
    assert_eq!(
        egress.call.take_withheld(),
        Some(Limit::ResponseHeaderBytes)
    );
    assert_eq!(egress.call.take_exceeded(), None);
}

#[tokio::test]
async fn an_answer_that_does_not_say_how_long_it_is_ends_the_call_that_reads_too_much() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let answer = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nlong\r\n0\r\n\r\n";
        stream.write_all(answer).await.unwrap();
        stream
    });
    let limits = Limits {
        response_bytes: 3,
        ..Limits::default()
    };
    let egress = egress(&[], limits);
    let answer = send(&egress, request(Method::GET, &url, "")).await.unwrap();
    let _open = server.await.unwrap();
    assert_eq!(egress.call.take_exceeded(), None);
    let error = answer.into_body().collect().await.unwrap_err();
    assert!(
        matches!(error, Error::HttpResponseBodySize(Some(3))),
        "{error}"
    );
    assert_eq!(egress.call.take_exceeded(), Some(Limit::ResponseBytes));
    assert_eq!(egress.call.take_withheld(), None);
}

#[tokio::test]
async fn a_header_that_is_no_text_costs_nothing_but_itself() {
    let server = Server::start(|_, _| {
        let answer = Response::builder()
            .header("x-odd", HeaderValue::from_bytes(b"caf\xe9").unwrap())
            .header("x-good", "good");
        answer.body(String::new()).unwrap()
    })
    .await;
    let egress = egress(&[], Limits::default());
    let get = request(Method::GET, &server.origin, "");
    let answer = send(&egress, get).await.unwrap();
    assert_eq!(answer.headers().get("x-odd"), None);
    assert_eq!(answer.headers()["x-good"], "good");
}

#[test]
fn a_component_shortens_the_times_and_never_lengthens_them() {
    let egress = egress(&[], Limits::default());
    let short = Duration::from_millis(1);
    let long = Duration::from_secs(86_400);
    let account = egress.rights.timeouts.http();
    assert_eq!(egress.timeouts(None), account);
    let asked = |duration| {
        egress.timeouts(Some(RequestOptions {
            connect_timeout: Some(duration),
            first_byte_timeout: Some(duration),
            between_bytes_timeout: Some(duration),
        }))
    };
    assert_eq!(asked(long), account);
    let shortened = HttpTimeouts {
        connect: short,
        first_byte: short,
        between_bytes: short,
        ..account
    };
    assert_eq!(asked(short), shortened);
}
