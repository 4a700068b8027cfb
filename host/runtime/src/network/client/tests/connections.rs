//! Connections are kept, used again, and replaced where they have ended.

use tokio::net::TcpSocket;
use tokio::sync::mpsc;

use super::*;

#[tokio::test]
async fn requests_share_a_connection_including_those_of_a_clone() {
    let server = Server::answering(OK).await;
    let client = client(options());
    for client in [client.clone(), client] {
        for _ in 0..2 {
            assert_eq!(body(&client, get(&server.url())).await.unwrap(), "ok");
        }
    }
    assert_eq!(server.seen().len(), 4);
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_kept_connection_that_the_server_closed_fails_no_request() {
    let (closed, mut is_closed) = mpsc::unbounded_channel();
    let server = Server::start(move |mut stream, _, seen| {
        let closed = closed.clone();
        async move {
            if let Some(request) = request(&mut stream).await {
                seen.lock().unwrap().push(request);
                stream.write_all(OK).await.unwrap();
            }
            drop(stream);
            closed.send(()).unwrap();
        }
    })
    .await;
    let other = Server::answering(OK).await;
    let client = client(options());
    for count in 1..=20 {
        let answer = body(&client, post(&server.url(), "body")).await;
        assert_eq!(answer.unwrap(), "ok");
        assert_eq!(server.connections(), count);
        is_closed.recv().await.unwrap();
        // The end of the connection has come by the time that an answer from elsewhere has.
        body(&client, get(&other.url())).await.unwrap();
    }
}

#[tokio::test]
async fn a_request_that_may_have_arrived_is_not_sent_again() {
    let server = Server::closing("").await;
    let fault = body(&client(options()), post(&server.url(), "body")).await;
    assert!(matches!(fault, Err(HttpError::Broken(_))), "{fault:?}");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_connection_with_an_outstanding_response_is_closed_and_not_used_again() {
    let (ended, mut has_ended) = mpsc::unbounded_channel();
    let server = Server::start(move |mut stream, number, _| {
        let ended = ended.clone();
        async move {
            request(&mut stream).await.unwrap();
            if number > 0 {
                stream.write_all(OK).await.unwrap();
            }
            assert_eq!(request(&mut stream).await, None);
            ended.send(number).unwrap();
        }
    })
    .await;
    let client = client(options());
    let hasty = HttpTimeouts {
        first_byte: SHORT,
        ..TIMEOUTS
    };
    let answer = asked(&client, get(&server.url()), &hasty, u64::MAX).await;
    assert_eq!(answer, Err(HttpError::FirstByteTimeout(SHORT)));
    assert_eq!(has_ended.recv().await, Some(0));
    assert_eq!(body(&client, get(&server.url())).await.unwrap(), "ok");
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn a_refused_connection_is_reported_as_such() {
    // Bound and not listened on, so nobody else gets the port.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}/", socket.local_addr().unwrap());
    let answer = body(&client(options()), get(&url)).await;
    assert_eq!(answer, Err(HttpError::Refused));
}

#[tokio::test]
async fn a_name_without_an_address_is_reported_as_such() {
    // The whole top-level domain is without (RFC 6761), and names of this form are not even asked for.
    for host in ["a..invalid", &format!("{}.invalid", "x".repeat(64))] {
        let answer = body(&client(options()), get(&format!("http://{host}/"))).await;
        assert!(
            matches!(answer, Err(HttpError::Unresolved(_))),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn a_request_without_a_body_has_no_content_length() {
    let server = Server::answering("HTTP/1.1 204 No Content\r\n\r\n").await;
    let client = client(options());
    for method in [Method::GET, Method::DELETE, Method::HEAD] {
        let mut request = get(&server.url());
        *request.method_mut() = method;
        body(&client, request).await.unwrap();
    }
    assert!(server.seen().iter().all(|seen| !seen.contains("length")));
}

#[tokio::test]
async fn a_request_over_the_limit_waits_for_another_to_end_within_the_connect_timeout() {
    // Each answer stays unfinished.
    let server = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nok").await;
    let client = client(ClientOptions {
        requests: 2,
        ..options()
    });
    let hasty = HttpTimeouts {
        connect: SHORT,
        ..TIMEOUTS
    };
    let open = async |timeouts| client.open(get(&server.url()), timeouts, u64::MAX).await;
    let first = open(&TIMEOUTS).await.unwrap();
    let _second = open(&TIMEOUTS).await.unwrap();
    let limit = HttpError::ConnectionLimit {
        max: 2,
        within: SHORT,
    };
    assert_eq!(open(&hasty).await.unwrap_err(), limit);
    assert_eq!(server.connections(), 2);
    let (third, ()) = tokio::join!(open(&TIMEOUTS), async { drop(first) });
    assert_eq!(third.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn unused_connections_are_closed_once_there_are_too_many() {
    let (ended, mut has_ended) = mpsc::unbounded_channel();
    let client = client(ClientOptions {
        requests: 1,
        ..options()
    });
    for number in 0..3 {
        let ended = ended.clone();
        let server = Server::start(move |mut stream, _, _| {
            let ended = ended.clone();
            async move {
                while request(&mut stream).await.is_some() {
                    stream.write_all(OK).await.unwrap();
                }
                ended.send(number).unwrap();
            }
        })
        .await;
        assert_eq!(body(&client, get(&server.url())).await.unwrap(), "ok");
    }
    let mut closed = [has_ended.recv().await, has_ended.recv().await];
    closed.sort();
    assert_eq!(closed, [Some(0), Some(1)]);
    assert!(has_ended.is_empty());
}
