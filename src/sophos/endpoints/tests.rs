use url::Url;

use super::*;
use crate::bindings::inventory::connector::types::Error;
use crate::cursor::Query;
use crate::sophos::whoami::Level;
use crate::timestamp::Timestamp;

fn host() -> Url {
    Url::parse("https://api-eu02.central.sophos.com").unwrap()
}

#[test]
fn every_page_of_a_walk_repeats_the_same_filters() {
    let mut query = Query {
        last_seen_after: Timestamp::parse("2026-11-20T08:00:00Z"),
        last_seen_before: None,
        page_from_key: None,
    };
    let filtered = "https://api-eu02.central.sophos.com/endpoint/v1/endpoints?view=full&sort=id\
                        &pageSize=500&lastSeenAfter=2026-11-20T08%3A00%3A00.000Z";
    assert_eq!(
        url(&host(), 500, &query).to_string(),
        format!("{filtered}&pageTotal=true")
    );
    query.page_from_key = Some("a+b/c==".into());
    assert_eq!(
        url(&host(), 500, &query).to_string(),
        format!("{filtered}&pageFromKey=a%2Bb%2Fc%3D%3D")
    );
}

#[test]
fn a_page_ends_the_walk_only_by_saying_so() {
    for (json, next_key) in [
        (r#"{"items": [], "pages": {}}"#, None),
        (r#"{"items": [], "pages": {"nextKey": null}}"#, None),
        (r#"{"items": [], "pages": {"nextKey": ""}}"#, None),
        (
            r#"{"items": [{}, 5], "pages": {"nextKey": "k", "size": 500}}"#,
            Some("k"),
        ),
    ] {
        let listed = read(&host(), json, drop).unwrap();
        assert_eq!(listed.next_key.as_deref(), next_key, "{json}");
    }
}

#[test]
fn only_a_whole_number_is_an_announced_total() {
    for (items, announced) in [
        ("250", Some(250)),
        ("0", Some(0)),
        ("18446744073709551615", Some(u64::MAX)),
        ("-1", None),
        ("250.5", None),
        ("\"250\"", None),
        ("null", None),
        ("[250]", None),
    ] {
        let json = format!(r#"{{"items": [{{}}, 5], "pages": {{"items": {items}}}}}"#);
        let expected = Listed {
            items: 2,
            announced,
            next_key: None,
        };
        assert_eq!(read(&host(), &json, drop).unwrap(), expected, "{items}");
    }
}

#[test]
fn the_likely_next_key_is_read_from_the_end_of_the_page() {
    let long = format!(r#""{}"}}]"#, "x".repeat(2 * MAX_PAGES));
    let long = long.as_bytes();
    let cases: [([&[u8]; 3], _); 8] = [
        (
            [
                br#"{"items":[{"name":"#,
                long,
                br#","pages":{"size":1,"nextKey":"k=="}}"#,
            ],
            Some("k=="),
        ),
        (
            [
                br#"{"items":[{"name":""#,
                b"\xff",
                br#""}],"pages":{"nextKey":"k"}}"#,
            ],
            Some("k"),
        ),
        (
            [
                br#"{"items":[{"#,
                br#""pages":{"nextKey":"old"}}],"#,
                br#""pages":{"nextKey":"k"}}"#,
            ],
            Some("k"),
        ),
        ([br#"{"items":[],"#, br#""pages":{"size":1}"#, b"}"], None),
        (
            [br#"{"items":[],"#, br#""pages":{"nextKey":5}"#, b"}"],
            None,
        ),
        (
            [br#"{"items":[],"#, br#""pages":{"nextKey":"k""#, b""],
            None,
        ),
        (
            [br#"{"pages":{"nextKey":"k"},"items":[{"name":"#, long, b"}"],
            None,
        ),
        ([b"", b"", b""], None),
    ];
    for (body, key) in cases {
        let body = body.concat();
        let text = String::from_utf8_lossy(&body);
        assert_eq!(likely_next_key(&body).as_deref(), key, "{text}");
    }
}

#[test]
fn a_page_key_must_be_a_text_and_not_too_long() {
    let key = |length: usize| format!("\"{}\"", "k".repeat(length));
    for (key, is_page) in [
        ("5".to_owned(), false),
        (key(MAX_KEY), true),
        (key(MAX_KEY + 1), false),
    ] {
        let json = format!(r#"{{"items": [], "pages": {{"nextKey": {key}}}}}"#);
        let read = read(&host(), &json, drop);
        assert_eq!(read.is_ok(), is_page, "{json}");
        assert!(is_page || matches!(read, Err(Error::Protocol(_))), "{json}");
    }
}

#[test]
fn a_tenant_closed_to_its_parent_has_no_advice_about_its_own_credential() {
    for (level, words) in [
        (
            Level::Partner,
            ["Partner Assistance", "trial", "another partner"],
        ),
        (
            Level::Organization,
            ["organization", "trial", "Sophos Central Enterprise"],
        ),
    ] {
        let message = closed(level, &host());
        for word in words {
            assert!(message.contains(word), "{word}: {message}");
        }
        assert!(!message.contains("Credentials Management"), "{message}");
    }
}
