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
        assert_eq!(id(Action::Index, &event), expected, "{json}");
        // What is never replaced has the id of an event in any case.
        let created = id(Action::Create, &event);
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
        String::from_utf8(body(Action::Index, &events).unwrap()).unwrap(),
        "{\"index\":{\"_id\":\"a\\\"b\"}}\n{ \"x\":1}\n{\"index\":{\"_id\":\"e\"}}\n{\"metadata\":{\"uid\":\"e\"}}\n"
    );
    assert_eq!(
        String::from_utf8(body(Action::Create, &events[1..]).unwrap()).unwrap(),
        "{\"create\":{\"_id\":\"e\"}}\n{\"metadata\":{\"uid\":\"e\"}}\n"
    );
}

#[test]
fn an_answer_has_the_form_of_the_api_or_none() {
    let read = |body: &str| {
        items(
            &Reply {
                status: StatusCode::OK,
                headers: HeaderMap::new(),
                body: body.into(),
                is_cut_off: false,
            },
            2,
        )
    };
    let taken = r#"{"index":{"_index":"i","_id":"1","result":"created","status":201}}"#;
    let failed = r#"{"create":{"status":400,"error":{"type":"E","reason":"r"}}}"#;
    assert_eq!(
        read(&format!(
            r#"{{"took":1,"errors":true,"items":[{taken},{failed}]}}"#
        )),
        Some(vec![
            (StatusCode::CREATED, None),
            (StatusCode::BAD_REQUEST, Some("E".to_owned()))
        ])
    );
    for body in [
        "",
        "[]",
        "{}",
        r#"{"errors":false}"#,
        r#"{"errors":false,"items":[]}"#,
        &format!(r#"{{"errors":false,"items":[{taken}]}}"#),
        &format!(r#"{{"errors":false,"items":[{taken},{taken},{taken}]}}"#),
        &format!(r#"{{"errors":false,"items":[{taken},{taken}"#),
        &format!(r#"{{"errors":false,"items":[{taken},{{"index":{{}}}}]}}"#),
        &format!(r#"{{"errors":false,"items":[{taken},{{"index":{{"status":0}}}}]}}"#),
        &format!(r#"{{"errors":false,"items":[{taken},{{"delete":{{"status":200}}}}]}}"#),
    ] {
        assert_eq!(read(body), None, "{body}");
    }
}
