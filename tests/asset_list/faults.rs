//! What a failing server costs: errors by their meaning, and no row.

use sophos_central_simulator::Fault;
use sophos_central_simulator::list_server::{List, ListServer, TOKEN};

use crate::place::{Place, devices};

#[test]
fn what_a_status_means_is_said_without_the_answer() {
    for (status, says) in [
        (401, "does not accept the token (401)"),
        (403, "does not let this token read the list (403)"),
        (404, "has no list at that path (404)"),
        (302, "responded with a redirect (302)"),
        (304, "responded with 304 in place of the list"),
        (418, "responded with 418 in place of the list"),
    ] {
        let place = Place::csv(&devices(3, "host"));
        place.server.fault(
            1,
            Fault::Status {
                code: status,
                headers: Vec::new(),
                body: (status != 304).then(|| b"[canary]".to_vec()),
            },
        );
        let ran = place.collect(1).says(&[says]);
        assert!(!ran.stderr.contains("canary") && !ran.stderr.contains(TOKEN));
        assert_eq!(place.server.requests().len(), 1, "{status}");
        assert!(
            ran.stderr.contains("request-0001") || status == 304,
            "{}",
            ran.stderr
        );
    }
}

#[test]
fn what_passes_is_tried_again() {
    for fault in [
        Fault::status(500),
        Fault::status(503),
        Fault::rate_limited(Some(0)),
        Fault::Reset,
        Fault::Close,
        Fault::Truncate,
        Fault::Wire(b"}{ not HTTP".to_vec()),
    ] {
        let place = Place::csv(&devices(700, "host"));
        place.server.fault(1, fault);
        place.collect(0).says(&["events 700"]);
        assert_eq!(place.server.requests().len(), 2);
        assert_eq!(place.ids().len(), 700);
    }
}

#[test]
fn a_wrong_token_is_not_repeated() {
    let place = Place::csv(&devices(3, "host"));
    let mut command = place.command(&["collect"]);
    let output = command
        .env("TEST_LIST_TOKEN", "canary-of-a-token")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text.contains("(401)") && !text.contains("canary-of-a-token"),
        "{text}"
    );
}

#[test]
fn an_entity_tag_that_repeats_the_token_is_not_kept() {
    let place = Place::csv("");
    let answer = Fault::Status {
        code: 200,
        headers: vec![("etag".to_owned(), format!("\"{TOKEN}\""))],
        body: Some(b"id\n1\n".to_vec()),
    };
    place.server.fault(1, answer.clone());
    place.server.fault(2, answer);
    place.collect(0).says(&["events 1"]);
    place.collect(0).says(&["events 0"]);
    assert_eq!(place.conditional(), [false, false]);
}

#[test]
fn an_untrusted_certificate_is_no_passing_failure() {
    let server = ListServer::start_https(List::new(devices(3, "host"))).unwrap();
    let place = Place::of(server);
    place.collect(1).says(&["is not trusted"]);
    assert_eq!(place.server.requests().len(), 0);
}

#[test]
fn a_list_that_is_too_large_is_refused() {
    let place = Place::csv(&devices(3, "host"));
    place.server.fault(1, Fault::GzipBomb(65 << 20));
    place.collect(1).says(&["`limits.response_bytes` (64 MiB)"]);
}
