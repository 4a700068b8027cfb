//! Every fault, as a client sees it.

use std::io::ErrorKind;

use serde_json::json;
use sophos_central_simulator::{CLIENT_ID, CLIENT_SECRET, Fault, Fleet, Options, Route, Simulator};

use crate::client::{Session, assert_error, good_form};

/// Returns a simulator whose next endpoints request goes wrong, and a session to ask with.
fn faulty(fault: Fault) -> (Simulator, Session) {
    let simulator = Simulator::start(Options::new(Fleet::new(1, 120)));
    simulator.fault(Route::Endpoints, 1, fault);
    let session = Session::of(&simulator);
    (simulator, session)
}

/// Asserts that a request on a new connection is answered as if nothing had been.
fn assert_well(simulator: &Simulator) {
    let page = Session::of(simulator).endpoints(&[]).unwrap();
    assert_eq!((page.status, page.ids().len()), (200, 50));
}

#[test]
fn statuses_come_with_the_standard_error_body() {
    for code in [400, 401, 403, 404, 410, 429, 451, 500, 502, 503, 504] {
        let (_simulator, mut session) = faulty(Fault::status(code));
        let reply = session.endpoints(&[]).unwrap();
        assert_error(&reply, code);
        assert_eq!(reply.header("retry-after"), None);
        // The connection lives on.
        assert_eq!(session.endpoints(&[]).unwrap().status, 200);
    }
}

#[test]
fn a_status_can_have_other_headers_and_another_body() {
    let (_simulator, mut session) = faulty(Fault::rate_limited(Some(17)));
    let reply = session.endpoints(&[]).unwrap();
    assert_error(&reply, 429);
    assert_eq!(reply.header("retry-after"), Some("17"));

    let headers = vec![("Content-Type".to_owned(), "text/plain".to_owned())];
    let (_simulator, mut session) = faulty(Fault::Status {
        code: 503,
        headers,
        body: Some(b"down".to_vec()),
    });
    let reply = session.endpoints(&[]).unwrap();
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (503, Some("text/plain"))
    );
    assert_eq!(reply.body, b"down");
}

#[test]
fn the_token_route_has_its_own_error_format() {
    let simulator = Simulator::start(Options::new(Fleet::new(1, 1)));
    simulator.fault(Route::Token, 1, Fault::status(500));
    let mut client = crate::client::Client::of(&simulator);
    let reply = client
        .token_with(&good_form(CLIENT_ID, CLIENT_SECRET))
        .unwrap();
    assert_eq!(reply.status, 500);
    assert!(reply.json()["errorCode"].is_string() && reply.json()["trackingId"].is_string());
    assert_eq!(simulator.issued_tokens(), [""; 0]);
}

#[test]
fn a_reset_fault_resets_the_connection() {
    let (simulator, mut session) = faulty(Fault::Reset);
    assert_eq!(
        session.endpoints(&[]).unwrap_err().kind(),
        ErrorKind::ConnectionReset
    );
    assert_well(&simulator);
}

#[test]
fn a_close_fault_closes_the_connection_before_any_answer() {
    let (simulator, mut session) = faulty(Fault::Close);
    assert_eq!(
        session.endpoints(&[]).unwrap_err().kind(),
        ErrorKind::UnexpectedEof
    );
    assert_well(&simulator);
}

#[test]
fn a_truncated_answer_is_shorter_than_its_length() {
    let (simulator, mut session) = faulty(Fault::Truncate);
    session.get("/whoami/v1", &[]).unwrap();
    let target = crate::client::endpoints_target(&[]);
    let headers = [
        ("authorization", session.authorization.as_str()),
        ("x-tenant-id", sophos_central_simulator::DEFAULT_TENANT),
    ];
    session.client.send("GET", &target, &headers, b"").unwrap();
    let text = String::from_utf8(session.client.receive_all().unwrap()).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 "));
    let promised: usize = head
        .split("content-length: ")
        .nth(1)
        .unwrap()
        .lines()
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert!(
        body.len() < promised && body.starts_with("{\"items\":["),
        "{} of {promised}",
        body.len()
    );
    assert_well(&simulator);

    simulator.fault(Route::Endpoints, 1, Fault::Truncate);
    assert_eq!(
        Session::of(&simulator).endpoints(&[]).unwrap_err().kind(),
        ErrorKind::UnexpectedEof
    );
}

#[test]
fn garbage_is_not_json_and_html_has_its_content_type() {
    let (_simulator, mut session) = faulty(Fault::garbage());
    let reply = session.endpoints(&[]).unwrap();
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (200, Some("application/json"))
    );
    assert!(serde_json::from_slice::<serde_json::Value>(&reply.body).is_err());

    let (_simulator, mut session) = faulty(Fault::html());
    let reply = session.endpoints(&[]).unwrap();
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (200, Some("text/html"))
    );
    assert!(reply.body.starts_with(b"<!DOCTYPE html>"));

    let (_simulator, mut session) = faulty(Fault::Wire(b"SSH-2.0-example\r\n".to_vec()));
    assert_eq!(session.endpoints(&[]).unwrap_err().kind(), ErrorKind::Other);
}

#[test]
fn pages_can_have_any_invalid_shape() {
    let bodies = [json!({}), json!({"items": []}), json!([]), json!(null)];
    for body in bodies {
        let (_simulator, mut session) = faulty(Fault::json(&body));
        assert_eq!(session.endpoints(&[]).unwrap().json(), body);
    }
    let (_simulator, mut session) = faulty(Fault::empty_object());
    assert_eq!(session.endpoints(&[]).unwrap().json(), json!({}));

    let (_simulator, mut session) = faulty(Fault::without("pages"));
    let page = session.endpoints(&[]).unwrap().json();
    assert!(page.get("pages").is_none() && page["items"].as_array().unwrap().len() == 50);

    let (_simulator, mut session) = faulty(Fault::without("items"));
    let page = session.endpoints(&[]).unwrap().json();
    assert!(page.get("items").is_none() && page["pages"]["nextKey"].is_string());

    let (_simulator, mut session) = faulty(Fault::with("items", json!({"0": "not a list"})));
    assert_eq!(
        session.endpoints(&[]).unwrap().json()["items"],
        json!({"0": "not a list"})
    );

    let (_simulator, mut session) = faulty(Fault::edit(|page| page["items"][3] = json!(5)));
    assert_eq!(session.endpoints(&[]).unwrap().json()["items"][3], 5);
}

#[test]
fn a_redirect_points_elsewhere() {
    let (_simulator, mut session) =
        faulty(Fault::Redirect("https://other.example.com/".to_owned()));
    let reply = session.endpoints(&[]).unwrap();
    assert_eq!(
        (reply.status, reply.header("location")),
        (302, Some("https://other.example.com/"))
    );
}

#[test]
fn a_page_key_can_be_repeated() {
    let simulator = Simulator::start(Options::new(Fleet::new(1, 500)));
    let mut session = Session::of(&simulator);
    let keys: Vec<String> = session
        .walk(&[])
        .iter()
        .filter_map(|page| page.next_key())
        .collect();
    // The key of the request itself, the one before, and none before that.
    for (back, expected) in [(0, &keys[2]), (1, &keys[1]), (2, &keys[0])] {
        session.endpoints(&[]).unwrap();
        session.endpoints(&[("pageFromKey", &keys[0])]).unwrap();
        session.endpoints(&[("pageFromKey", &keys[1])]).unwrap();
        simulator.fault(Route::Endpoints, 1, Fault::RepeatedKey { back });
        let page = session.endpoints(&[("pageFromKey", &keys[2])]).unwrap();
        assert_eq!(page.next_key().as_ref(), Some(expected));
    }
    // The first page has no key: its own place.
    simulator.fault(Route::Endpoints, 1, Fault::RepeatedKey { back: 0 });
    let first = session.endpoints(&[]).unwrap();
    let again = session
        .endpoints(&[("pageFromKey", &first.next_key().unwrap())])
        .unwrap();
    assert_eq!(first.ids(), again.ids());
}

#[test]
fn bodies_can_be_too_large_plain_or_compressed() {
    let size = 3_000_000;
    let (_simulator, mut session) = faulty(Fault::Oversized(size));
    let reply = session.endpoints(&[]).unwrap();
    assert_eq!(reply.body.len(), size);
    assert_eq!(reply.ids().len(), 50);

    let (_simulator, mut session) = faulty(Fault::GzipBomb(size));
    let reply = session.endpoints(&[]).unwrap();
    assert_eq!(reply.header("content-encoding"), Some("gzip"));
    assert!(reply.body.len() < size / 20, "{}", reply.body.len());
    assert_eq!(reply.content().unwrap().len(), size);
    assert_eq!(reply.ids().len(), 50);
}

#[test]
fn gzip_can_be_broken() {
    let (_simulator, mut session) = faulty(Fault::BrokenGzip);
    let reply = session.endpoints(&[]).unwrap();
    assert_eq!(
        (reply.status, reply.header("content-encoding")),
        (200, Some("gzip"))
    );
    assert!(reply.content().is_err());
}

#[test]
fn a_page_can_contain_bytes_that_are_not_utf_8() {
    let (_simulator, mut session) = faulty(Fault::NotUtf8);
    let reply = session.endpoints(&[]).unwrap();
    assert!(std::str::from_utf8(&reply.body).is_err());
    let repaired = String::from_utf8_lossy(&reply.body).into_owned();
    let page: serde_json::Value = serde_json::from_str(&repaired).unwrap();
    assert_eq!(page["items"].as_array().unwrap().len(), 50);
}

#[test]
fn faults_are_counted_per_route_and_one_for_a_request_has_priority() {
    let simulator = Simulator::start(Options::new(Fleet::new(1, 1)));
    simulator.fault_always(Route::Endpoints, Fault::status(503));
    simulator.fault(Route::Endpoints, 2, Fault::status(429));
    simulator.fault(Route::Whoami, 1, Fault::status(500));
    let mut session = Session::of(&simulator);
    let mut endpoints = || session.endpoints(&[]).unwrap().status;
    assert_eq!([endpoints(), endpoints(), endpoints()], [503, 429, 503]);
    let mut whoami = || session.get("/whoami/v1", &[]).unwrap().status;
    assert_eq!([whoami(), whoami()], [500, 200]);
    simulator.clear_faults();
    assert_eq!(session.endpoints(&[]).unwrap().status, 200);
}

#[test]
fn a_page_key_can_be_refused() {
    let simulator = Simulator::start(Options::new(Fleet::new(1, 120)));
    simulator.fault_when(
        Route::Endpoints,
        |request| request.query("pageFromKey").is_some(),
        Fault::status(410),
    );
    let mut session = Session::of(&simulator);
    let key = session.endpoints(&[]).unwrap().next_key().unwrap();
    assert_error(&session.endpoints(&[("pageFromKey", &key)]).unwrap(), 410);
}
