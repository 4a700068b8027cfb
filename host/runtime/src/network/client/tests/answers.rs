//! What is an answer, what is none, and how large one may be.

use super::*;

#[tokio::test]
async fn a_request_is_sent_unchanged_with_the_host_of_its_url() {
    let server = Server::answering(OK).await;
    let client = client(options());
    let mut request = post(&server.url(), "body");
    request
        .headers_mut()
        .insert("host", "elsewhere.example".parse().unwrap());
    request
        .headers_mut()
        .insert("x-tenant", "blue".parse().unwrap());
    assert_eq!(body(&client, request).await.unwrap(), "ok");
    assert_eq!(body(&client, get(&server.url())).await.unwrap(), "ok");
    let host = &server.place;
    assert_eq!(
        server.seen(),
        [
            format!(
                "POST /path?token=canary-7f3a HTTP/1.1\r\nx-tenant: blue\r\nhost: {host}\r\ncontent-length: 4\r\n\r\nbody"
            ),
            format!("GET /path?token=canary-7f3a HTTP/1.1\r\nhost: {host}\r\n\r\n"),
        ]
    );
}

#[tokio::test]
async fn redirects_are_not_followed_and_bodies_are_not_decompressed() {
    let server = Server::answering(
        "HTTP/1.1 302 Found\r\nlocation: http://192.0.2.1/\r\nset-cookie: a=b\r\ncontent-encoding: gzip\r\n\
         content-length: 2\r\n\r\nno",
    )
    .await;
    let client = client(options());
    for _ in 0..2 {
        let request = get(&server.url());
        let response = client.open(request, &TIMEOUTS, u64::MAX).await.unwrap();
        assert_eq!(response.status(), StatusCode::FOUND);
        assert_eq!(response.headers()["location"], "http://192.0.2.1/");
        let body = response.into_body().collect().await.unwrap();
        assert_eq!(body.to_bytes(), "no");
    }
    assert!(!server.seen()[1].contains("cookie"));
}

#[tokio::test]
async fn only_the_beginning_of_a_long_response_is_read() {
    const MAX: usize = 64 * 1024;
    for length in [MAX - 1, MAX, MAX + 1] {
        let mut answer = b"HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n".to_vec();
        if length <= MAX {
            answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n").into_bytes();
        }
        answer.resize(answer.len() + length, b'x');
        let server = Server::answering(answer).await;
        let client = client(options());
        let response = client.open(get(&server.url()), &TIMEOUTS, u64::MAX).await;
        let (start, rest) = response.unwrap().into_body().read_start(MAX).await.unwrap();
        assert_eq!(start.len(), length.min(MAX));
        assert_eq!(rest.is_empty(), length <= MAX);
    }
}

#[tokio::test]
async fn an_incomplete_response_is_an_error_that_holds_no_url() {
    for answer in [
        "",
        "HTTP/1.1 200",
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nwhole\r\n",
    ] {
        let server = Server::closing(answer).await;
        let fault = body(&client(options()), get(&server.url())).await;
        let fault = fault.unwrap_err();
        assert!(matches!(fault, HttpError::Broken(_)), "{answer}: {fault:?}");
        assert!(
            !format!("{fault} {fault:?}").contains("canary"),
            "{fault:?}"
        );
    }
}

#[tokio::test]
async fn an_invalid_response_is_reported_and_not_repeated() {
    for answer in [
        "not HTTP at all, canary-7f3a\r\n\r\n",
        "HTTP/1.1 canary-7f3a\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncanary-7f3a\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: canary-7f3a\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\ncanary-7f3a\r\n",
        "HTTP/2 200 OK\r\n\r\n",
    ] {
        let server = Server::answering(answer).await;
        let fault = body(&client(options()), get(&server.url())).await;
        let fault = fault.unwrap_err();
        assert!(
            matches!(fault, HttpError::Malformed(_)),
            "{answer}: {fault:?}"
        );
        assert!(
            !format!("{fault} {fault:?}").contains("canary"),
            "{fault:?}"
        );
    }
}

#[tokio::test]
async fn a_body_may_be_as_long_as_the_limit() {
    let sized = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n12345";
    let chunked =
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n12\r\n3\r\n345\r\n0\r\n\r\n";
    let until_closed = "HTTP/1.1 200 OK\r\n\r\n12345";
    for answer in [sized, chunked, until_closed] {
        let server = Server::closing(answer).await;
        let client = client(options());
        let most = |most| asked(&client, get(&server.url()), &TIMEOUTS, most);
        assert_eq!(most(5).await.unwrap().1, "12345");
        assert_eq!(most(4).await, Err(HttpError::BodyTooLarge), "{answer}");
        assert_eq!(most(0).await, Err(HttpError::BodyTooLarge), "{answer}");
    }
}

#[tokio::test]
async fn a_body_that_announces_too_many_bytes_is_not_waited_for() {
    let server = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n").await;
    let client = client(options());
    let answer = client.open(get(&server.url()), &TIMEOUTS, 4).await;
    assert_eq!(answer.unwrap_err(), HttpError::BodyTooLarge);
    // There the length is that of another answer.
    let head = Request::head(server.url()).body(Full::default()).unwrap();
    assert_eq!(asked(&client, head, &TIMEOUTS, 0).await.unwrap().1, "");
}

/// An answer with one header of this many bytes.
fn header_of(length: usize) -> Vec<u8> {
    let value = "x".repeat(length - "x: \r\n".len());
    format!("HTTP/1.1 204 No Content\r\nx: {value}\r\n\r\n").into_bytes()
}

#[tokio::test]
async fn headers_may_be_as_long_as_the_limit() {
    for limit in [100, 8192, 10_000, 65_536] {
        let client = client(ClientOptions {
            response_header_bytes: limit,
            ..options()
        });
        let server = Server::answering(header_of(limit)).await;
        assert_eq!(body(&client, get(&server.url())).await.unwrap(), "");
        for length in [limit + 1, 200_000] {
            let server = Server::answering(header_of(length)).await;
            let answer = body(&client, get(&server.url())).await;
            assert_eq!(answer, Err(HttpError::HeadersTooLarge), "{limit}");
        }
    }
}

#[tokio::test]
async fn a_response_may_have_100_headers() {
    let with = |count| {
        let headers: String = (0..count).map(|n| format!("x-{n}: y\r\n")).collect();
        format!("HTTP/1.1 204 No Content\r\n{headers}\r\n")
    };
    let client = client(options());
    let server = Server::answering(with(100)).await;
    assert_eq!(body(&client, get(&server.url())).await.unwrap(), "");
    let server = Server::answering(with(101)).await;
    let answer = body(&client, get(&server.url())).await;
    assert_eq!(answer, Err(HttpError::HeadersTooLarge));
}

#[tokio::test]
async fn a_few_interim_responses_are_ignored_and_a_flood_ends_the_request() {
    for (interim, flood) in [(MAX_INTERIM, false), (MAX_INTERIM + 1, true)] {
        let hints = "HTTP/1.1 103 Early Hints\r\nlink: </style.css>\r\n\r\n".repeat(interim);
        // Of a flood the end never comes.
        let end = if flood { &b""[..] } else { OK };
        let server = Server::answering([hints.as_bytes(), end].concat()).await;
        let answer = body(&client(options()), get(&server.url())).await;
        match flood {
            false => assert_eq!(answer.unwrap(), "ok"),
            true => assert_eq!(answer, Err(HttpError::too_many_interim())),
        }
    }
}
