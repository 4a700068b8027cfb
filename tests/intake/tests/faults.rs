//! Every fault of a delivery: what the client sees, and what was accepted all the same.

use std::io::{self, ErrorKind, Write};
use std::net::{Shutdown, TcpStream};

use serde_json::json;
use sophos_central_simulator::Fault;
use sophos_central_simulator::intake::{Failure, Route, Takes};

use super::{lines, post, push, start};
use crate::client::{Client, Reply};

/// Returns what a fault does to a delivery of `a`, `b` and `c`, and which of them were accepted.
fn faulty(failure: impl Into<Failure>) -> (io::Result<Reply>, Vec<String>) {
    let intake = start();
    intake.fault(Route::Plain, 1, failure);
    let reply = post(&intake, &["a", "b", "c"]);
    let ids = intake.ids();
    assert_eq!(intake.requests()[0].accepted, ids.len());
    assert_eq!(post(&intake, &["d"]).unwrap().status, 200);
    (reply, ids)
}

#[test]
fn a_fault_determines_what_is_accepted_unless_it_is_given() {
    let error = json!({"code": "stopped", "message": "no such tenant"});
    let redirect = || Failure::of(Fault::Redirect("http://192.0.2.1/".to_owned()));
    for (failure, status, accepted) in [
        (Failure::status(500), 500, 0),
        (Failure::status(500).takes(Takes::All), 500, 3),
        (Failure::status(202), 202, 3),
        (Failure::retry_after(429, "7"), 429, 0),
        (Failure::refusal(403, "stopped", "no such tenant"), 403, 0),
        (Failure::answer(200, &error), 200, 0),
        (Failure::of(Fault::json(&error)), 200, 0),
        (Failure::of(Fault::html()), 200, 0),
        (redirect(), 302, 0),
        (Failure::half(), 200, 1),
        (Failure::half().takes(Takes::Nothing), 200, 0),
    ] {
        let (reply, ids) = faulty(failure);
        assert_eq!((reply.unwrap().status, ids.len()), (status, accepted));
    }
    let (reply, _) = faulty(Failure::refusal(403, "stopped", "no such tenant"));
    assert_eq!(reply.unwrap().json(), error);
    let (reply, _) = faulty(Failure::retry_after(503, "Fri, 20 Nov 2026 12:00:00 GMT"));
    let reply = reply.unwrap();
    assert_eq!(
        reply.header("retry-after"),
        Some("Fri, 20 Nov 2026 12:00:00 GMT")
    );
    let (reply, ids) = faulty(Failure::half());
    assert_eq!(reply.unwrap().json(), json!({"accepted": 1, "rejected": 2}));
    assert_eq!(ids, ["a"]);
}

#[test]
fn a_connection_can_end_before_during_or_after_the_answer() {
    for (failure, accepted, kind) in [
        (Failure::of(Fault::Close), 0, ErrorKind::UnexpectedEof),
        (
            Failure::of(Fault::Close).takes(Takes::All),
            3,
            ErrorKind::UnexpectedEof,
        ),
        (Failure::of(Fault::Reset), 0, ErrorKind::ConnectionReset),
        (Failure::of(Fault::Truncate), 3, ErrorKind::UnexpectedEof),
        (
            Failure::of(Fault::Wire(b"SSH-2.0-example\r\n".to_vec())),
            0,
            ErrorKind::Other,
        ),
    ] {
        let (reply, ids) = faulty(failure);
        assert_eq!((reply.unwrap_err().kind(), ids.len()), (kind, accepted));
    }
}

#[test]
fn a_delivery_that_breaks_off_is_not_accepted() {
    let intake = start();
    let mut stream = TcpStream::connect(("127.0.0.1", intake.port())).unwrap();
    let body = lines(&["a", "b"]);
    let head = "POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 1000\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&body).unwrap();
    stream.shutdown(Shutdown::Both).unwrap();
    drop(stream);
    while intake.requests().is_empty() {
        std::thread::yield_now();
    }
    assert!(intake.events().is_empty());
}

#[test]
fn faults_are_for_one_route_one_request_or_a_condition() {
    let intake = start();
    intake.fault(Route::Plain, 2, Failure::status(500));
    intake.fault_when(
        Route::Plain,
        |delivery| delivery.holds("bad") || delivery.sent_bytes > 60,
        Failure::status(413),
    );
    let statuses = [
        &["a"][..],
        &["bad"],
        &["b", "bad"],
        &["c", "d", "e"],
        &["f"],
    ]
    .map(|devices| post(&intake, devices).unwrap().status);
    assert_eq!(statuses, [200, 500, 413, 413, 200]);
    assert_eq!(push(&intake, &["bad"]).status, 200);
    assert_eq!(intake.ids(), ["a", "bad", "f"]);

    intake.fault_always(Route::Connector, Failure::status(401));
    assert_eq!(push(&intake, &["g"]).status, 401);
    intake.clear_faults();
    assert_eq!(push(&intake, &["g"]).status, 200);
}

#[test]
fn a_held_or_stalled_response_is_sent_when_released() {
    let intake = start();
    intake.hold(1);
    intake.fault(Route::Plain, 2, Fault::Stall);
    for device in ["a", "b"] {
        let mut client = Client::at(intake.port());
        client.send("POST", "/", &[], &lines(&[device])).unwrap();
        intake.wait_until_held();
        assert_eq!(intake.held(), 1);
        assert!(intake.ids().contains(&device.to_owned()));
        intake.release();
        assert_eq!(client.receive().unwrap().status, 200);
    }
    intake.hold(9);
    assert!(!intake.wait_until_held_or(|| true));
    intake.clear_holds();
}
