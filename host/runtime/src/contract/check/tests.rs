//! What a component may return.

use proptest::prelude::*;

use super::*;
use crate::contract::bindings::inventory::connector::types::{
    Error, Explanation, FieldError, Source,
};

const LIMITS: Limits = Limits {
    event_bytes: 40,
    batch_bytes: 200,
    ..DEFAULT
};

const DEFAULT: Limits = Limits {
    memory_bytes: 0,
    cpu: std::time::Duration::ZERO,
    requests: 0,
    response_bytes: 0,
    batch_bytes: 0,
    event_bytes: 0,
};

fn with_batch_bytes(batch_bytes: usize) -> Limits {
    Limits {
        batch_bytes,
        ..LIMITS
    }
}

fn event_of(json: &str) -> Event {
    Event {
        device: "d-1".into(),
        json: json.into(),
        fingerprint: 0,
    }
}

fn page(events: &[&str]) -> Batch {
    Batch {
        events: events.iter().map(|json| event_of(json)).collect(),
        rejects: Vec::new(),
        cursor: "c-2".into(),
        mark: None,
        total: None,
        more: true,
        warnings: Vec::new(),
    }
}

fn violation(rule: &str) -> Result<(), Stopped> {
    Err(Stopped::violation(rule.to_owned()))
}

fn exceeds(limit: Limit, result: Result<(), Stopped>) -> bool {
    matches!(result, Err(Stopped::LimitExceeded { limit: exceeded, .. }) if exceeded == limit)
}

#[test]
fn an_event_is_one_json_object_on_one_line() {
    let breaks = Some("has a line break in its text");
    let no_object = Some("is not one JSON object");
    for (json, expected) in [
        ("{}", None),
        (" {\"a\": [1, 2.5e3, null]} ", None),
        ("{\"a\": 1, \"a\": 2}", None),
        ("{\"a\": \"\\n\\ud83d\\ude00\"}", None),
        ("{\"a\":\n1}", breaks),
        ("{}\n", breaks),
        ("{}\r", breaks),
        ("{\"a\": \"x\ny\"}", breaks),
        ("{\"a\": \"x\ty\"}", no_object),
        ("", no_object),
        ("[]", no_object),
        ("7", no_object),
        ("null", no_object),
        ("{} {}", no_object),
        ("{}x", no_object),
        ("{\"a\": 1", no_object),
        ("{a: 1}", no_object),
        ("{\"a\": 01}", no_object),
        ("\u{feff}{}", no_object),
    ] {
        let checked = batch(&mut page(&["{}", json]), Some("c-1"), &LIMITS);
        let expected = expected.map_or(Ok(()), |rule| {
            violation(&format!("event 2 of the page, device \"d-1\", {rule}"))
        });
        assert_eq!(checked, expected, "{json:?}");
    }
}

#[test]
fn no_message_repeats_the_content_of_an_event() {
    let error = batch(&mut page(&["{\"user\": canary}"]), None, &LIMITS).unwrap_err();
    let words = error.to_string();
    assert!(
        words.contains("event 1 of the page, device \"d-1\""),
        "{words}"
    );
    assert!(!words.contains("canary"), "{words}");
}

/// An event of so many bytes.
fn object(length: usize) -> String {
    format!("{{{}}}", " ".repeat(length - 2))
}

#[test]
fn every_text_has_a_maximum_length() {
    let fits = object(40);
    let mut long = page(&[]);
    long.cursor = "c".repeat(MAX_CURSOR_BYTES);
    assert_eq!(batch(&mut long, None, &Limits::default()), Ok(()));
    long.cursor.push('c');
    assert!(exceeds(Limit::CursorBytes, batch(&mut long, None, &LIMITS)));

    // Four events with their devices, a reject, a warning, cursor and mark: 4 * 43 + 317 + 5 + 3 + 3.
    let limits = with_batch_bytes(500);
    let mut full = page(&[&fits, &fits, &fits, &fits]);
    full.mark = Some("now".into());
    full.rejects = vec![Reject {
        id: Some("d-5".into()),
        reason: "x".repeat(314),
    }];
    full.warnings = vec!["clock".into()];
    assert_eq!(batch(&mut full, None, &limits), Ok(()));
    full.rejects[0].reason.push('x');
    assert!(exceeds(Limit::BatchBytes, batch(&mut full, None, &limits)));
}

#[test]
fn a_reject_without_a_reason_counts_as_its_line_in_the_rejects_file() {
    let reject = || Reject {
        id: None,
        reason: String::new(),
    };
    let mut page = page(&[]);
    page.rejects = vec![reject(), reject()];
    let length = 2 * MIN_REJECT + page.cursor.len();
    for (batch_bytes, fits) in [(length, true), (length - 1, false)] {
        let checked = batch(&mut page, None, &with_batch_bytes(batch_bytes));
        assert_eq!(checked.is_ok(), fits, "{checked:?}");
    }
}

#[test]
fn an_event_that_is_too_large_becomes_a_reject_and_does_not_affect_the_others() {
    let (fits, too_large) = (object(40), object(41));
    let mut mixed = page(&[&too_large, &fits, &too_large]);
    mixed.rejects = vec![Reject {
        id: None,
        reason: "no id".into(),
    }];
    assert_eq!(batch(&mut mixed, None, &with_batch_bytes(500)), Ok(()));
    assert_eq!(mixed.events.len(), 1);
    assert_eq!(mixed.events[0].json, fits);
    assert_eq!(mixed.rejects.len(), 3);
    for reject in &mixed.rejects[1..] {
        assert_eq!(reject.id.as_deref(), Some("d-1"));
        assert_eq!(
            reject.reason,
            "the event has 41 bytes, more than `limits.event_bytes` (40 bytes) allows; raise it to have such events \
             delivered"
        );
    }
    // One that is large and no event breaks the contract all the same.
    let broken = batch(&mut page(&["{}", &object(41)[1..]]), None, &LIMITS);
    assert_eq!(
        broken,
        violation("event 2 of the page, device \"d-1\", is not one JSON object")
    );
}

#[test]
fn warnings_are_few_and_short() {
    let mut page = page(&[]);
    page.warnings = vec!["w".repeat(MAX_MESSAGE + 1); 10_000];
    assert_eq!(batch(&mut page, None, &Limits::default()), Ok(()));
    assert_eq!(page.warnings.len(), MAX_PAGE_WARNINGS);
    assert!(
        page.warnings
            .iter()
            .all(|warning| warning.len() <= MAX_MESSAGE + 3)
    );
}

#[test]
fn a_device_has_an_id() {
    for (length, verdict) in [(0, false), (1, true), (MAX_ID, true), (MAX_ID + 1, false)] {
        let mut page = page(&["{}"]);
        page.events[0].device = "d".repeat(length);
        let checked = batch(&mut page, None, &Limits::default());
        let expected = match verdict {
            true => Ok(()),
            false => violation("event 1 of the page has no device id, or one of more than 1 KiB"),
        };
        assert_eq!(checked, expected, "{length}");
    }
}

#[test]
fn a_page_is_not_followed_by_itself() {
    let reject = || Reject {
        id: None,
        reason: "no id".into(),
    };
    for (cursor, events, rejects, more, verdict) in [
        (Some("c-2"), &[][..], vec![], true, false),
        (Some("c-1"), &[], vec![], true, true),
        (None, &[], vec![], true, true),
        (Some("c-2"), &[], vec![], false, true),
        (Some("c-2"), &["{}"], vec![], true, false),
        (Some("c-2"), &[], vec![reject()], true, false),
    ] {
        let mut page = Batch {
            rejects,
            more,
            ..page(events)
        };
        let checked = batch(&mut page, cursor, &with_batch_bytes(500));
        let is_allowed = match checked {
            Ok(()) => true,
            Err(stopped) => {
                assert!(
                    stopped.to_string().contains("followed by itself"),
                    "{stopped}"
                );
                false
            }
        };
        assert_eq!(is_allowed, verdict, "{cursor:?} {events:?}");
    }
}

#[test]
fn texts_for_people_are_cut() {
    let long = "ä".repeat(50_000);
    let mut page = page(&[]);
    page.mark = Some(long.clone());
    page.rejects = vec![Reject {
        id: Some(long.clone()),
        reason: long.clone(),
    }];
    assert_eq!(batch(&mut page, None, &Limits::default()), Ok(()));
    let reject = &page.rejects[0];
    assert_eq!(reject.reason, format!("{}…", "ä".repeat(MAX_MESSAGE / 2)));
    assert_eq!(reject.id.as_ref().unwrap().chars().count(), MAX_ID / 2 + 1);
    assert_eq!(page.mark.unwrap().chars().count(), MAX_NAME / 2 + 1);

    let field = FieldError {
        field: long.clone(),
        message: long.clone(),
    };
    let mut reported = Error::InvalidConfig(vec![field; 1000]);
    error(&mut reported);
    let Error::InvalidConfig(errors) = reported else {
        panic!("another error");
    };
    assert_eq!(errors.len(), messages::MAX_ENTRIES);
    assert!(errors[0].message.len() <= MAX_MESSAGE + 3 && errors[0].field.len() <= MAX_NAME + 3);
}

fn source(id: &str, config: Result<&str, &str>) -> Source {
    Source {
        id: id.into(),
        name: "A".into(),
        config: config.map(str::to_owned).map_err(str::to_owned),
    }
}

#[test]
fn a_page_of_sources_is_limited() {
    for (listed, next, verdict) in [
        (vec![], None, Ok(())),
        (
            vec![source("t1", Ok("{}")), source("t2", Err("gone"))],
            Some("2"),
            Ok(()),
        ),
        (vec![], Some("1"), Err("goes in a circle")),
        (
            vec![source("", Ok("{}"))],
            None,
            Err("source 1 of the page has no id"),
        ),
        (
            vec![source("t1", Ok("{}")), source("t2", Ok("7"))],
            None,
            Err("the config of source 2 of the page"),
        ),
        (
            vec![source("t1", Ok("{}")); MAX_SOURCES + 1],
            None,
            Err("1001 sources on one page, and 1000 are allowed"),
        ),
    ] {
        let mut page = SourcesPage {
            sources: listed,
            next: next.map(str::to_owned),
        };
        let checked = sources(&mut page, Some("1"), &Limits::default());
        match verdict {
            Ok(()) => assert_eq!(checked, Ok(())),
            Err::<(), _>(rule) => {
                let message = checked.unwrap_err().to_string();
                assert!(message.contains(rule), "{rule}: {message}");
            }
        }
    }
    let mut page = SourcesPage {
        sources: Vec::new(),
        next: Some("2".repeat(MAX_CURSOR_BYTES + 1)),
    };
    assert!(exceeds(
        Limit::CursorBytes,
        sources(&mut page, None, &LIMITS)
    ));
    let mut page = SourcesPage {
        sources: vec![source("t1", Err(&"x".repeat(200)))],
        next: None,
    };
    assert!(exceeds(
        Limit::BatchBytes,
        sources(&mut page, None, &LIMITS)
    ));
}

#[test]
fn a_mapped_record_is_an_event() {
    const MAPPED: &str = "what it made of the record is not one JSON object on one line";
    assert_eq!(mapped("{\"a\": 1}", &LIMITS), Ok(()));
    for event in ["{}\n", "[]", ""] {
        assert_eq!(mapped(event, &LIMITS), violation(MAPPED));
    }
    let explained = |event: &str, unused: usize| Explanation {
        event: event.into(),
        values: Vec::new(),
        omitted: Vec::new(),
        unused: vec!["/x".into(); unused],
    };
    assert_eq!(explanation(&explained("{}", 99), &LIMITS), Ok(()));
    let long = explanation(&explained("{}", 100), &LIMITS);
    assert!(exceeds(Limit::BatchBytes, long));
    let broken = explanation(&explained("no", 0), &LIMITS);
    assert_eq!(broken, violation(MAPPED));
}

proptest! {
    #[test]
    fn an_event_is_accepted_if_a_json_parser_accepts_it(json in "[ {}\\[\\]\":,a1\n\r\\\\]{0,12}") {
        let checked = batch(&mut page(&[&json]), None, &LIMITS).is_ok();
        let parsed = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&json);
        let expected = parsed.is_ok() && !json.contains(['\n', '\r']);
        prop_assert_eq!(checked, expected);
    }
}
