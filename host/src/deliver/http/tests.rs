//! What an intake is sent, and what follows from its answers.

use std::io::Read;
use std::time::Duration;

use http::Response;
use http::header::{HeaderName, HeaderValue};

use super::*;
use crate::config::{Header, HeaderText, Retry};
use crate::deliver::destination::Refused;
use crate::deliver::exchange::AGENT;
use crate::deliver::test_server::{
    RETRY, Seen, Server, TIMEOUTS, answer, deliver, events, open, secret,
};

fn config(server: &Server) -> HttpConfig {
    HttpConfig {
        url: format!("{}/events?stream=assets", server.origin)
            .parse()
            .unwrap(),
        format: Format::Ndjson,
        headers: Vec::new(),
        gzip: false,
        batch_events: 100,
        batch_bytes: 1024 * 1024,
        ca_file: None,
        timeouts: TIMEOUTS,
        allow_plain_http: false,
        retry: RETRY,
    }
}

fn header(name: &'static str, text: HeaderText) -> Header {
    Header {
        key: format!("headers.{name}"),
        name: HeaderName::from_static(name),
        text,
    }
}

#[tokio::test]
async fn a_page_goes_in_batches_of_lines() {
    let server = Server::start(|_, _| answer(204, "")).await;
    let mut config = config(&server);
    config.batch_events = 2;
    config.headers = vec![
        header(
            "x-tenant",
            HeaderText::Plain(HeaderValue::from_static("blue")),
        ),
        header(
            "authorization",
            HeaderText::Secret {
                prefix: "Splunk ".into(),
                source: secret("canary-7f3a"),
            },
        ),
    ];
    assert_eq!(deliver(&config, 3).await.unwrap(), []);
    let seen = server.seen();
    let bodies: Vec<String> = seen.iter().map(Seen::text).collect();
    assert_eq!(
        bodies,
        [
            "{\"hostname\":\"host-0000\"}\n{\"hostname\":\"host-0001\"}\n",
            "{\"hostname\":\"host-0002\"}\n"
        ]
    );
    for request in &seen {
        assert_eq!(request.method, "POST");
        assert_eq!(request.path, "/events?stream=assets");
        assert_eq!(request.header("content-type"), "application/x-ndjson");
        assert_eq!(request.header("authorization"), "Splunk canary-7f3a");
        assert_eq!(request.header("x-tenant"), "blue");
        assert_eq!(request.header("user-agent"), AGENT);
        assert_eq!(request.header("content-encoding"), "");
    }
}

#[tokio::test]
async fn an_array_is_json_and_may_be_compressed() {
    let server = Server::start(|_, _| answer(200, "ok")).await;
    let mut config = config(&server);
    config.format = Format::Array;
    config.gzip = true;
    config.headers = vec![header(
        "content-type",
        HeaderText::Plain(HeaderValue::from_static("application/vnd.example+json")),
    )];
    deliver(&config, 2).await.unwrap();
    let seen = server.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].header("content-encoding"), "gzip");
    assert_eq!(
        seen[0].header("content-type"),
        "application/vnd.example+json"
    );
    let mut text = String::new();
    flate2::read::GzDecoder::new(seen[0].body.as_slice())
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(
        text,
        "[{\"hostname\":\"host-0000\"},{\"hostname\":\"host-0001\"}]"
    );
}

#[tokio::test]
async fn no_body_is_larger_than_it_may_be() {
    let server = Server::start(|_, _| answer(200, "")).await;
    for format in [Format::Ndjson, Format::Array] {
        let mut config = config(&server);
        config.format = format;
        config.batch_bytes = 80;
        deliver(&config, 50).await.unwrap();
    }
    let seen = server.seen();
    assert!(seen.iter().all(|request| request.body.len() <= 80));
    // Three events have 72 bytes: with line breaks 75, as an array 76.
    assert_eq!(seen.len(), 34);
}

#[tokio::test]
async fn an_empty_page_makes_no_request() {
    let server = Server::start(|_, _| answer(500, "")).await;
    assert_eq!(deliver(&config(&server), 0).await.unwrap(), []);
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn bisecting_finds_the_events_that_are_refused() {
    for status in [400, 413, 422] {
        let server = Server::start(move |request, _| {
            let text = request.text();
            match ["host-0003", "host-0042"]
                .iter()
                .find(|bad| text.contains(**bad))
            {
                Some(bad) => answer(
                    status,
                    &format!("{{\"code\":\"E7\",\"message\":\"hostname {bad} is bad\"}}"),
                ),
                None => answer(200, ""),
            }
        })
        .await;
        let refused = deliver(&config(&server), 50).await.unwrap();
        let indexes: Vec<usize> = refused.iter().map(|refused| refused.index).collect();
        assert_eq!(indexes, [3, 42]);
        for Refused { reason, .. } in &refused {
            assert!(reason.starts_with(&status.to_string()), "{reason}");
            assert!(reason.ends_with(" (E7)"), "{reason}");
        }
    }
}

#[tokio::test]
async fn a_passing_fault_is_tried_again() {
    let server = Server::start(|_, number| match number {
        0 => answer(503, ""),
        1 => Response::builder()
            .status(429)
            .header("retry-after", "0")
            .body(String::new())
            .unwrap(),
        2 => answer(408, ""),
        _ => answer(200, ""),
    })
    .await;
    let stop = Stop::new(Duration::ZERO);
    let http = open(&config(&server), &stop).unwrap();
    let delivery = http.deliver(&events(1)).await;
    assert_eq!(delivery.result.unwrap(), []);
    assert_eq!(delivery.retries, 3);
    let bodies: Vec<String> = server.seen().iter().map(Seen::text).collect();
    assert!(bodies.iter().all(|body| *body == bodies[0]));
}

#[tokio::test]
async fn retries_of_a_delivery_that_fails_are_counted_too() {
    let server = Server::start(|_, number| answer(if number < 2 { 503 } else { 403 }, "")).await;
    let stop = Stop::new(Duration::ZERO);
    let http = open(&config(&server), &stop).unwrap();
    let delivery = http.deliver(&events(1)).await;
    let error = delivery.result.unwrap_err();
    assert!(error.to_string().contains("answered 403"), "{error}");
    assert_eq!(delivery.retries, 2);
}

#[tokio::test]
async fn a_lasting_fault_fails_with_a_message_that_repeats_nothing_that_was_sent() {
    for (status, body, parts) in [
        (
            401,
            r#"{"code":"E401","message":"the key canary-7f3a of host-0000 is bad"}"#,
            &["answered 401 Unauthorized (E401): ", "headers"][..],
        ),
        (
            403,
            "<p>canary-7f3a</p>",
            &["answered 403 Forbidden: ", "may write"],
        ),
        (404, "", &["answered 404 Not Found", "right address"]),
        (302, "", &["answered 302 Found", "never followed"]),
        (500, "", &["answered 500", "trying again did not help"]),
        (
            200,
            r#"{"accepted":1}"#,
            &[
                "answered 200 OK",
                "but `accepted` is 1 of 2",
                "not confirmed",
                "may have arrived already",
                "answer 400 or 422",
            ],
        ),
        (
            200,
            r#"{"error":"host-0000"}"#,
            &["answered 200 OK, but `error` is there"],
        ),
    ] {
        let server = Server::start(move |_, _| answer(status, body)).await;
        let mut config = config(&server);
        config.retry.total = Duration::ZERO;
        config.headers = vec![header(
            "authorization",
            HeaderText::Secret {
                prefix: "Bearer ".into(),
                source: secret("canary-7f3a"),
            },
        )];
        let error = deliver(&config, 2).await.unwrap_err();
        let message = error.to_string();
        for part in parts.iter().chain([&server.origin.as_str()]) {
            assert!(message.contains(part), "{part}: {message}");
        }
        for secret in ["canary", "host-", "/events", "stream=assets"] {
            let text = format!("{message} {error:?} {config:?}");
            assert!(!text.contains(secret), "{secret}: {text}");
        }
        assert_eq!(server.seen().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_stop_ends_a_wait() {
    for retry_after in ["3600", "nothing"] {
        let stop = Stop::new(Duration::ZERO);
        let requested = stop.clone();
        let server = Server::start(move |_, _| {
            requested.request();
            Response::builder()
                .status(429)
                .header("retry-after", retry_after)
                .body(String::new())
                .unwrap()
        })
        .await;
        let http = open(&config(&server), &stop).unwrap();
        let error = http.deliver(&events(1)).await.result.unwrap_err();
        assert!(matches!(error, DeliverError::Stopped(_)), "{error:?}");
    }
}

#[tokio::test]
async fn a_stop_does_not_hold_back_a_batch_that_needs_no_wait() {
    let stop = Stop::new(Duration::ZERO);
    stop.request();
    let server = Server::start(|_, _| answer(200, "")).await;
    let mut config = config(&server);
    config.batch_events = 1;
    let http = open(&config, &stop).unwrap();
    http.deliver(&events(3)).await.result.unwrap();
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn a_stop_does_not_hold_back_what_follows_an_event_that_splunk_calls_invalid() {
    let stop = Stop::new(Duration::ZERO);
    stop.request();
    let server = Server::start(|_, number| match number {
        0 => answer(400, r#"{"text":"x","code":6,"invalid-event-number":1}"#),
        _ => answer(200, r#"{"text":"Success","code":0}"#),
    })
    .await;
    let mut config = config(&server);
    config.format = Format::SplunkHec;
    config.retry.total = Duration::ZERO;
    let http = open(&config, &stop).unwrap();
    let refused = http.deliver(&events(5)).await.result.unwrap();
    let indexes: Vec<usize> = refused.iter().map(|refused| refused.index).collect();
    assert_eq!(indexes, [1]);
    let lines: Vec<usize> = server
        .seen()
        .iter()
        .map(|one| one.text().lines().count())
        .collect();
    assert_eq!(lines, [5, 3]);
}

#[tokio::test]
async fn a_secret_that_cannot_be_used_is_reported_before_any_request() {
    let server = Server::start(|_, _| answer(200, "")).await;
    let stop = Stop::new(Duration::ZERO);
    for (value, part) in [("", "is empty"), ("canary\\n7f3a", "a header cannot have")] {
        let mut config = config(&server);
        config.headers = vec![header(
            "x-key",
            HeaderText::Secret {
                prefix: String::new(),
                source: secret(value),
            },
        )];
        let Err(error) = open(&config, &stop) else {
            panic!("{value}");
        };
        let message = error.to_string();
        assert!(
            message.starts_with("account.acme.deliver.headers.x-key: "),
            "{message}"
        );
        assert!(message.contains(part), "{message}");
        assert!(!message.contains("canary"), "{message}");
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn a_destination_that_is_not_there_is_tried_again_and_named() {
    let server = Server::start(|_, _| answer(200, "")).await;
    let mut config = config(&server);
    config.url = "http://127.0.0.1:1/".parse().unwrap();
    config.retry = Retry {
        total: Duration::from_millis(20),
        ..RETRY
    };
    let message = deliver(&config, 1).await.unwrap_err().to_string();
    for part in [
        "http://127.0.0.1:1: the connection was refused",
        "trying again",
    ] {
        assert!(message.contains(part), "{message}");
    }
}
