//! A plain HTTP intake: the requests that it accepts and rejects.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;
use sophos_central_simulator::intake::{API_KEY, Route};

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

#[test]
fn the_bulk_api_answers_with_an_item_for_each_event() {
    let intake = start();
    let headers = [("content-type", "application/x-ndjson".to_owned())];
    let send = |path: &str, body: &str| ask(&intake, "POST", path, &headers, body.as_bytes());
    let one = format!("{{\"create\":{{\"_id\":\"1\"}}}}\n{}\n", event("a"));
    assert_eq!(send("/i/_bulk", &one).json()["errors"], false);
    let answer = send("/i/_bulk", &one).json();
    assert_eq!(answer["errors"], true);
    assert_eq!(answer["items"][0]["create"]["status"], 409);
    intake.item_when(|event| event["device"]["uid"] == "b", 1, 429, "full");
    let two = format!("{{\"index\":{{\"_id\":\"2\"}}}}\n{}\n", event("b"));
    let both = format!("{}{two}", one.replace("create", "index"));
    let answer = send("/i/_bulk", &both).json();
    assert_eq!(answer["items"][0]["index"]["status"], 201);
    assert_eq!(answer["items"][1]["index"]["error"]["type"], "full");
    assert_eq!(send("/i/_bulk", &two).json()["errors"], false);
    assert_eq!(intake.documents().len(), 2);
    for (path, body) in [
        ("/_bulk", one.as_str()),
        ("/i/_bulk", one.trim_end()),
        ("/i/_bulk", "{}\n{}\n"),
        ("/i/_bulk", "{\"index\":{}}\n"),
    ] {
        assert_eq!(send(path, body).status, 400, "{path} {body}");
    }
}

#[test]
fn the_collector_takes_the_events_before_an_invalid_one() {
    let intake = start();
    let target = "/services/collector/event";
    let envelope = |device: &str| {
        let event = event(device);
        json!({"time": 1.5, "source": "asset-host", "sourcetype": "ocsf:device_inventory_info", "event": event})
            .to_string()
    };
    let token = [("authorization", format!("Splunk {API_KEY}"))];
    let all = ["a", "b", "c"].map(envelope).concat();
    intake.item_when(
        |event| event["device"]["uid"] == "b",
        u64::MAX,
        400,
        "invalid",
    );
    let reply = ask(&intake, "POST", target, &token, all.as_bytes());
    assert_eq!(reply.status, 400);
    assert_eq!(
        reply.json(),
        json!({"text": "Invalid data format", "code": 6, "invalid-event-number": 1})
    );
    assert_eq!(intake.ids(), ["a"]);
    for (headers, status, code) in [
        (&[][..], 401, 2),
        (&[("authorization", format!("Bearer {API_KEY}"))], 401, 3),
        (&[("authorization", "Splunk x".to_owned())], 403, 4),
    ] {
        let reply = ask(&intake, "POST", target, headers, all.as_bytes());
        assert_eq!(
            (reply.status, &reply.json()["code"]),
            (status, &json!(code))
        );
    }
    intake.clear_items();
    let reply = ask(&intake, "POST", target, &token, all.as_bytes());
    assert_eq!(reply.json(), json!({"text": "Success", "code": 0}));
}
