//! A plain HTTP intake: the requests that it accepts and rejects.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;
use sophos_central_simulator::intake::Route;

use super::{array, ask, event, lines, post, start};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn lines_and_arrays_are_accepted_and_recorded() {
    for (body, headers) in [
        (lines(&["a", "b"]), vec![]),
        (array(&["a", "b"]), vec![]),
        (
            gzip(&lines(&["a", "b"])),
            vec![("content-encoding", "gzip".to_owned())],
        ),
    ] {
        let intake = start();
        let reply = ask(&intake, "POST", "/some/path", &headers, &body);
        assert_eq!(reply.status, 200);
        assert_eq!(reply.json(), json!({"accepted": 2, "rejected": 0}));
        assert_eq!(intake.events(), [event("a"), event("b")]);
        let requests = intake.requests();
        assert_eq!(requests.len(), 1);
        let delivery = &requests[0];
        assert_eq!(
            (delivery.route, delivery.accepted, delivery.sent_bytes),
            (Route::Plain, 2, body.len())
        );
        assert_eq!(delivery.ids(), ["a", "b"]);
        assert_eq!(delivery.request.path, "/some/path");
        assert!(delivery.request.body.starts_with(b"{") || delivery.request.body.starts_with(b"["));
    }
}

#[test]
fn deliveries_are_counted_by_device_until_cleared() {
    let intake = start();
    post(&intake, &["a", "b"]).unwrap();
    assert_eq!(intake.ids(), ["a", "b"]);
    post(&intake, &["b"]).unwrap();
    let counted: Vec<_> = intake.deliveries().into_iter().collect();
    assert_eq!(counted, [("a".to_owned(), 1), ("b".to_owned(), 2)]);
    assert_eq!(intake.connections(), 2);
    intake.clear();
    assert!(intake.events().is_empty() && intake.requests().is_empty());
    assert!(intake.deliveries().is_empty());

    post(&intake, &["c"]).unwrap();
    assert_eq!(intake.take(), [event("c")]);
    assert!(intake.events().is_empty() && intake.requests().is_empty());
}

#[test]
fn an_answer_may_be_empty() {
    let intake = start();
    intake.configure(|options| options.status = 204);
    let mut client = crate::client::Client::at(intake.port());
    client.send("POST", "/", &[], &lines(&["a"])).unwrap();
    let head = client.receive_some(12).unwrap();
    assert_eq!(head, b"HTTP/1.1 204");
    assert_eq!(intake.ids(), ["a"]);
}

#[test]
fn an_unreadable_delivery_is_refused_and_recorded() {
    let none = "identity";
    for (method, encoding, body, status) in [
        ("GET", none, &b""[..], 405),
        ("POST", none, b"", 400),
        ("POST", none, b"[]", 400),
        ("POST", none, b"\n", 400),
        ("POST", none, b"{}", 400),
        ("POST", none, b"{}\n{\"a\":", 400),
        ("POST", none, b"{}\n7\n", 400),
        ("POST", none, b"[{},", 400),
        ("POST", none, b"{\"a\":\"\xff\"}\n", 400),
        ("POST", "gzip", b"{}\n", 400),
        ("POST", "br", b"{}\n", 400),
    ] {
        let intake = start();
        let headers = [("content-encoding", encoding.to_owned())];
        let reply = ask(&intake, method, "/", &headers, body);
        assert_eq!(reply.status, status, "{body:?}");
        assert!(reply.json()["message"].is_string(), "{body:?}");
        assert!(intake.events().is_empty(), "{body:?}");
        assert_eq!(intake.requests().len(), 1);
    }
}
