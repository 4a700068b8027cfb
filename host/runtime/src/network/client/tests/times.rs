//! Each time that a request may take.

use tokio::net::TcpSocket;

use super::*;

/// Sends these bytes once a request is there, and then nothing.
async fn stalling(answer: &'static str) -> Server {
    Server::answering(answer).await
}

#[tokio::test]
async fn connecting_ends_with_the_connect_timeout() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    // A queue of length 0 takes one connection; the others make sure that it is full.
    let mut waiting = Vec::new();
    for _ in 0..4 {
        let connecting = TcpStream::connect(address);
        waiting.push(tokio::time::timeout(SHORT, connecting).await);
    }
    assert!(waiting.last().unwrap().is_err());
    let timeouts = HttpTimeouts {
        connect: SHORT,
        ..TIMEOUTS
    };
    let url = format!("http://{address}/");
    let answer = asked(&client(options()), get(&url), &timeouts, 0).await;
    assert_eq!(answer, Err(HttpError::ConnectTimeout(SHORT)));
    let timeouts = HttpTimeouts {
        request: SHORT,
        ..TIMEOUTS
    };
    let answer = asked(&client(options()), get(&url), &timeouts, 0).await;
    assert_eq!(answer, Err(HttpError::RequestTimeout(SHORT)));
}

#[tokio::test]
async fn the_tls_handshake_ends_with_the_tls_timeout() {
    let server = Server::start(|mut stream, _, _| async move {
        let mut bytes = [0; 4096];
        while stream.read(&mut bytes).await.is_ok_and(|length| length > 0) {}
    })
    .await;
    let timeouts = HttpTimeouts {
        tls: SHORT,
        ..TIMEOUTS
    };
    let url = format!("https://{}/", server.place);
    let answer = asked(&client(options()), get(&url), &timeouts, 0).await;
    assert_eq!(answer, Err(HttpError::TlsTimeout(SHORT)));
}

#[tokio::test]
async fn the_first_byte_timeout_covers_the_head_of_the_response() {
    let timeouts = HttpTimeouts {
        first_byte: SHORT,
        ..TIMEOUTS
    };
    for answer in [
        "",
        "HTTP/1.1 200 OK\r\nx: y\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
    ] {
        let server = stalling(answer).await;
        let answer = asked(&client(options()), get(&server.url()), &timeouts, 10).await;
        assert_eq!(answer, Err(HttpError::FirstByteTimeout(SHORT)));
    }
    let server = stalling("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf").await;
    let answer = client(options());
    let answer = answer.open(get(&server.url()), &timeouts, 10).await;
    assert_eq!(answer.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn a_stalled_body_ends_with_the_between_bytes_timeout() {
    let timeouts = HttpTimeouts {
        between_bytes: SHORT,
        ..TIMEOUTS
    };
    for answer in [
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        "HTTP/1.1 200 OK\r\n\r\nhalf",
    ] {
        let server = stalling(answer).await;
        let client = client(options());
        let answer = client
            .open(get(&server.url()), &timeouts, 10)
            .await
            .unwrap();
        let mut body = answer.into_body();
        let fault = loop {
            match body.frame().await.unwrap() {
                Ok(frame) => assert_eq!(frame.into_data().unwrap(), "half"),
                Err(fault) => break fault,
            }
        };
        assert_eq!(fault, HttpError::BetweenBytesTimeout(SHORT));
        assert!(body.frame().await.is_none());
    }
}

#[tokio::test]
async fn a_body_that_is_read_slowly_does_not_time_out() {
    let server = stalling("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfull").await;
    let timeouts = HttpTimeouts {
        between_bytes: SHORT,
        request: SHORT * 20,
        ..TIMEOUTS
    };
    let client = client(options());
    let mut answer = client
        .open(get(&server.url()), &timeouts, 10)
        .await
        .unwrap();
    // A server that is silent passes the time.
    let silent = stalling("").await;
    let passing = HttpTimeouts {
        first_byte: SHORT * 21,
        ..TIMEOUTS
    };
    asked(&client, get(&silent.url()), &passing, 0)
        .await
        .unwrap_err();
    let piece = answer.body_mut().frame().await.unwrap().unwrap();
    assert_eq!(piece.into_data().unwrap(), "full");
}

#[tokio::test]
async fn the_request_timeout_covers_the_body() {
    let timeouts = HttpTimeouts {
        request: SHORT,
        ..TIMEOUTS
    };
    for answer in ["", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"] {
        let server = stalling(answer).await;
        let answer = asked(&client(options()), get(&server.url()), &timeouts, 10).await;
        assert_eq!(answer, Err(HttpError::RequestTimeout(SHORT)));
    }
}

#[tokio::test]
async fn one_timeout_covers_the_whole_response_of_a_destination() {
    for answer in ["", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"] {
        let server = stalling(answer).await;
        let timeouts = HttpTimeouts {
            request: SHORT,
            ..TIMEOUTS
        };
        let fault = asked(&client(options()), get(&server.url()), &timeouts, u64::MAX).await;
        assert_eq!(
            fault.unwrap_err().to_string(),
            "no complete response within 50ms"
        );
    }
}

#[test]
fn a_timeout_may_be_as_long_as_a_duration() {
    // Far behind the end of the monotonic clock.
    assert!(deadline(Duration::MAX) > tokio::time::Instant::now() + LONG);
}
