//! What the bulk API is sent, and which answers have its form.

use http::HeaderMap;

use super::*;

fn event(device: &str, json: &str) -> Event {
    Event {
        device: device.to_owned(),
        json: json.to_owned(),
        fingerprint: 0,
    }
}

#[test]
fn the_id_is_that_of_the_event_or_where_it_has_none_that_of_its_device() {
    for (json, expected) in [
        (r#"{"metadata":{"uid":"e1","version":"1"},"time":1}"#, "e1"),
        (r#"{"metadata":{"uid":"a\"\u00e9"}}"#, "a\"é"),
        (r#"{"metadata":{"uid":""}}"#, "device"),
        (r#"{"metadata":{"uid":7}}"#, "device"),
        (r#"{"metadata":{}}"#, "device"),
        (r#"{"metadata":null}"#, "device"),
        ("{}", "device"),
    ] {
        let event = event("device", json);
        assert_eq!(id(false, &event), expected, "{json}");
        // What is never replaced has the id of an event in any case.
        let created = id(true, &event);
        match expected {
            "device" => assert_eq!(created.len(), 64, "{json}"),
            uid => assert_eq!(created, uid, "{json}"),
        }
    }
}

#[test]
fn each_event_is_a_line_behind_its_action() {
    let events = [
        event("a\"b", "{\n\"x\":1}"),
        event("c", r#"{"metadata":{"uid":"e"}}"#),
    ];
    assert_eq!(
        String::from_utf8(body(false, &events).unwrap()).unwrap(),
        "{\"index\":{\"_id\":\"a\\\"b\"}}\n{ \"x\":1}\n{\"index\":{\"_id\":\"e\"}}\n{\"metadata\":{\"uid\":\"e\"}}\n"
    );
    assert_eq!(
        String::from_utf8(body(true, &events[1..]).unwrap()).unwrap(),
        "{\"create\":{\"_id\":\"e\"}}\n{\"metadata\":{\"uid\":\"e\"}}\n"
    );
}

fn verdict(create: bool, status: u16, body: &str) -> Verdict {
    let reply = Reply {
        status: StatusCode::from_u16(status).unwrap(),
        headers: HeaderMap::new(),
        body: body.into(),
        is_cut_off: false,
    };
    judge(create, &reply, 2, SystemTime::UNIX_EPOCH)
}

const TAKEN: &str = r#"{"index":{"_index":"i","_id":"1","result":"created","status":201}}"#;

#[test]
fn each_item_means_what_its_status_does() {
    let retry = || Verdict::Retry(RetryCause::Unavailable(None));
    for (create, status, expected) in [
        (false, 200, Some(Verdict::Accepted)),
        (true, 201, Some(Verdict::Accepted)),
        (true, 409, Some(Verdict::Accepted)),
        (false, 400, Some(Verdict::Refused)),
        (true, 413, Some(Verdict::Refused)),
        (false, 429, Some(retry())),
        (false, 503, Some(retry())),
        // A failure of the page.
        (false, 409, None),
        (true, 403, None),
        (false, 404, None),
    ] {
        let error = r#","error":{"type":"E","reason":"r"}"#;
        let error = if status < 300 { "" } else { error };
        let item = format!(r#"{{"create":{{"_id":"2","status":{status}{error}}}}}"#);
        let errors = status >= 300;
        let body = format!(r#"{{"took":1,"errors":{errors},"items":[{TAKEN},{item}]}}"#);
        let Verdict::Each(items) = verdict(create, 200, &body) else {
            panic!("{body}");
        };
        assert_eq!(items[0].verdict, Verdict::Accepted);
        assert_eq!(items[0].code, None);
        assert_eq!(items[1].code.as_deref(), errors.then_some("E"));
        match expected {
            Some(expected) => assert_eq!(items[1].verdict, expected, "{status}"),
            None => assert!(matches!(items[1].verdict, Verdict::Failed(_)), "{status}"),
        }
    }
}

#[test]
fn an_answer_of_another_form_confirms_nothing() {
    for body in [
        "",
        "[]",
        "{}",
        r#"{"errors":false}"#,
        r#"{"errors":false,"items":[]}"#,
        &format!(r#"{{"errors":false,"items":[{TAKEN}]}}"#),
        &format!(r#"{{"errors":false,"items":[{TAKEN},{TAKEN},{TAKEN}]}}"#),
        &format!(r#"{{"errors":false,"items":[{TAKEN},{TAKEN}"#),
        &format!(r#"{{"errors":false,"items":[{TAKEN},{{"index":{{}}}}]}}"#),
        &format!(r#"{{"errors":false,"items":[{TAKEN},{{"index":{{"status":0}}}}]}}"#),
        &format!(r#"{{"errors":false,"items":[{TAKEN},{{"delete":{{"status":200}}}}]}}"#),
        // It contradicts itself.
        &format!(r#"{{"errors":true,"items":[{TAKEN},{TAKEN}]}}"#),
        &format!(r#"{{"error":{{"type":"boom"}},"items":[{TAKEN},{TAKEN}]}}"#),
        &format!(r#"{{"items":[{TAKEN},{{"index":{{"status":200,"error":{{"type":"E"}}}}}}]}}"#),
    ] {
        let verdict = verdict(false, 200, body);
        assert!(
            matches!(verdict, Verdict::Incomplete(_)),
            "{body}: {verdict:?}"
        );
    }
    // Whatever the body is.
    assert_eq!(verdict(false, 400, TAKEN), Verdict::Refused);
}
