//! Tests of the page of tenants: where the listing ends, and which tenants can be collected.

use proptest::prelude::*;
use serde_json::json;
use url::Url;

use super::*;
use crate::config::Config;

const ID: &str = "11d1f0aa-3b7e-4c8e-9d10-2f4c5a6b7c01";
const HOST: &str = "https://api-eu01.central.sophos.com";

fn typed() -> Url {
    Url::parse("https://api.central.sophos.com").unwrap()
}

fn page(number: u32, items: usize, pages: &Value) -> Result<Option<u32>, Error> {
    let items = vec![json!({}); items];
    let json = json!({"items": items, "pages": pages}).to_string();
    read(Level::Partner, &typed(), number, &json).map(|listing| listing.next)
}

#[test]
fn each_level_has_its_own_route_and_every_page_the_same_size() {
    for (level, path) in [
        (Level::Partner, "partner"),
        (Level::Organization, "organization"),
    ] {
        assert_eq!(
            url(level, &typed(), 3).as_str(),
            format!(
                "https://api.central.sophos.com/{path}/v1/tenants?page=3&pageSize=100&pageTotal=true"
            )
        );
    }
}

#[test]
fn a_page_is_followed_by_the_next_number_until_the_last() {
    for (number, items, pages, next) in [
        (1, 100, json!({"current": 1, "total": 3}), Some(2)),
        (2, 100, json!({"current": 2, "total": 3}), Some(3)),
        (3, 50, json!({"current": 3, "total": 3}), None),
        (3, 100, json!({"current": 3, "total": 3}), None),
        (1, 0, json!({"current": 1, "total": 0}), None),
        // A page that is not the last may be empty, and `current` may be missing.
        (2, 0, json!({"total": 3}), Some(3)),
        // The tenants of the page were removed after the previous page was read.
        (3, 0, json!({"current": 3, "total": 2}), None),
        (99_999, 1, json!({"total": 100_000}), Some(100_000)),
        (100_000, 1, json!({"total": 100_000}), None),
        // Without a total, a full page has a next one.
        (1, 100, json!({"size": 100}), Some(2)),
        (1, 99, json!({"size": 100}), None),
        (1, 100, json!({}), Some(2)),
        (1, 50, json!({}), None),
        (4, 50, json!({"current": 4, "size": 50}), Some(5)),
        (
            4,
            50,
            json!({"size": 100, "maxSize": 50, "total": null}),
            Some(5),
        ),
        (4, 0, json!({"size": 0}), None),
        (4, 0, json!({"size": "100"}), None),
    ] {
        assert_eq!(
            page(number, items, &pages).unwrap(),
            next,
            "{number} {pages}"
        );
    }
}

#[test]
fn a_listing_that_cannot_be_right_is_never_the_end() {
    for (number, items, pages) in [
        (2, 100, json!({"current": 1, "total": 3})),
        (1, 100, json!({"current": 2, "total": 3})),
        (1, 100, json!({"current": "1"})),
        (1, 100, json!({"total": "3"})),
        (1, 100, json!({"total": -1})),
        (1, 100, json!({"total": 1.5})),
        (1, 100, json!({"total": 100_001})),
        (100_000, 100, json!({"size": 100})),
    ] {
        assert!(
            matches!(page(number, items, &pages), Err(Error::Protocol(_))),
            "{number} {pages}"
        );
    }
    assert!(matches!(
        read(Level::Partner, &typed(), 1, r#"{"items": []}"#),
        Err(Error::Protocol(_))
    ));
}

#[test]
fn a_page_that_the_listing_does_not_have_is_an_invalid_cursor() {
    for (number, total) in [(4, 2), (2, 0), (9, 3)] {
        let outcome = page(number, 0, &json!({"current": number, "total": total}));
        assert!(
            matches!(outcome, Err(Error::InvalidCursor(_))),
            "{number} of {total}"
        );
    }
}

#[test]
fn the_first_page_has_no_name_and_the_others_their_number() {
    for (next, number) in [
        (None, Some(1)),
        (Some("2"), Some(2)),
        (Some("100000"), Some(100_000)),
        (Some("1"), None),
        (Some("0"), None),
        (Some("-2"), None),
        (Some("+2"), None),
        (Some("02"), None),
        (Some(" 2"), None),
        (Some("2.0"), None),
        (Some("100001"), None),
        (Some("99999999999999999999"), None),
        (Some("two"), None),
        (Some(""), None),
    ] {
        match page_number(next) {
            Ok(found) => assert_eq!(Some(found), number, "{next:?}"),
            Err(error) => {
                assert!(matches!(error, Error::InvalidCursor(_)), "{next:?}");
                assert_eq!(number, None, "{next:?}");
            }
        }
    }
}

fn item(level: Level, json: &Value) -> Option<Listed> {
    item_of(level, &typed(), json)
}

fn item_of(level: Level, typed: &Url, json: &Value) -> Option<Listed> {
    listed(level, typed, &mut Scanner::new(&json.to_string())).unwrap()
}

#[test]
fn a_tenant_is_named_as_in_the_console() {
    for (fields, name) in [
        (json!({"showAs": "Shown", "name": "Legal"}), "Shown"),
        (json!({"showAs": "", "name": "Legal"}), "Legal"),
        (json!({"showAs": "  ", "name": "Legal"}), "Legal"),
        (json!({"showAs": 5, "name": "Legal"}), "Legal"),
        (json!({"showAs": null, "name": {"en": "Legal"}}), ID),
        (json!({}), ID),
    ] {
        let mut json = json!({"id": ID.to_uppercase(), "apiHost": HOST, "more": [{}]});
        for (field, value) in fields.as_object().unwrap() {
            json[field] = value.clone();
        }
        let found = item(Level::Partner, &json).unwrap();
        assert_eq!((found.id.as_str(), found.name.as_str()), (ID, name));
    }
}

/// Each row: the status, which is ignored, the API host, and the words of the reason; `None` if the tenant can be
/// collected.
#[test]
fn a_tenant_that_cannot_be_collected_says_why_and_what_to_do() {
    let long = "x".repeat(300);
    let rows: &[(Value, Value, &[&str])] = &[
        (json!("active"), json!(HOST), &[]),
        (json!("enabled"), json!(HOST), &[]),
        (json!("suspended"), json!(HOST), &[]),
        (Value::Null, json!(HOST), &[]),
        (json!({"code": 1}), json!(HOST), &[]),
        (json!(7), json!(format!("{HOST}/")), &[]),
        (
            json!("active"),
            Value::Null,
            &["not been activated", "data centre", "sign in"],
        ),
        (json!("enabled"), Value::Null, &["not been activated"]),
        (Value::Null, json!(""), &["not been activated"]),
        (
            json!("active"),
            json!("http://api-eu01.central.sophos.com"),
            &["https://*.central.sophos.com", "token is not sent"],
        ),
        (
            json!("active"),
            json!(format!("https://{long}.example")),
            &["proxy", "support"],
        ),
        (json!("active"), json!("nonsense\u{7}"), &["not under"]),
    ];
    for (status, host, words) in rows {
        let json = json!({"id": ID, "status": status, "apiHost": host});
        let found = item(Level::Partner, &json).unwrap();
        match found.access {
            Ok(tenant) => {
                assert_eq!(*words, [""; 0], "{json}");
                assert_eq!(tenant.id, ID);
                assert_eq!(tenant.api_host.as_str(), format!("{HOST}/"));
            }
            Err(reason) => {
                assert!(!words.is_empty(), "{json}: {reason}");
                for word in *words {
                    assert!(reason.contains(word), "{word}: {reason}");
                }
                assert!(!reason.contains(&"x".repeat(40)), "{reason}");
                assert!(!reason.contains(char::is_control), "{reason:?}");
                assert!(reason.len() < 300, "{reason}");
            }
        }
    }
}

#[test]
fn the_typed_origin_is_a_trusted_host_too() {
    let json = json!({"id": ID, "apiHost": "https://api.example:8443"});
    let own = Url::parse("https://api.example:8443").unwrap();
    for (typed, is_trusted) in [(own, true), (typed(), false)] {
        let tenant = item_of(Level::Partner, &typed, &json).unwrap();
        assert_eq!(tenant.access.is_ok(), is_trusted);
    }
}

#[test]
fn a_bad_item_does_not_affect_the_others_and_the_first_of_two_counts() {
    let other = "22e2a1bb-4c8f-4d9f-8e21-3a5d6b7c8d02";
    let json = json!({
        "items": [
            {"id": ID, "name": "First", "apiHost": HOST},
            5,
            null,
            [],
            {"name": "Nobody", "apiHost": HOST},
            {"id": 7},
            {"id": "a b"},
            {"id": ID.to_uppercase(), "name": "Second"},
            {"id": other},
        ],
        "pages": {"current": 1, "total": 1, "items": 9},
    });
    let listing = read(Level::Partner, &typed(), 1, &json.to_string()).unwrap();
    let found: Vec<_> = listing
        .tenants
        .iter()
        .map(|tenant| (tenant.id.as_str(), tenant.name.as_str()))
        .collect();
    assert_eq!(found, [(ID, "First"), (other, other)]);
    assert_eq!(listing.unidentified, [2, 3, 4, 5, 6, 7]);
    assert_eq!((listing.count, listing.next), (Some(9), None));
}

#[test]
fn the_number_of_tenants_is_reported_where_the_api_does() {
    for (items, count) in [
        (json!(250), Some(250)),
        (Value::Null, None),
        (json!("250"), None),
    ] {
        let json = json!({"items": [], "pages": {"items": items}}).to_string();
        let listing = read(Level::Organization, &typed(), 1, &json).unwrap();
        assert_eq!(listing.count, count);
    }
}

/// A value of a field: often a valid one.
fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        "[a-fA-F0-9-]{1,3}".prop_map(Value::from),
        Just(json!(HOST)),
        Just(json!("active")),
        "https?://[a-z.:@/?#]{0,12}(\\.central\\.sophos\\.com)?.{0,4}".prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(json!(null)),
        Just(json!(5)),
        Just(json!({"a": [1]})),
    ]
}

fn any_item() -> impl Strategy<Value = Value> {
    let field = prop_oneof![
        Just("id"),
        Just("name"),
        Just("showAs"),
        Just("status"),
        Just("apiHost"),
        Just("more")
    ];
    prop_oneof![
        8 => prop::collection::btree_map(field, value(), 0..6)
            .prop_map(|fields| json!(fields)),
        1 => value(),
    ]
}

proptest! {
    /// For any items: each is reported, each id once, and `collect` accepts what can be collected.
    #[test]
    fn every_item_is_reported_and_each_id_once(items in prop::collection::vec(any_item(), 0..20)) {
        let json = json!({"items": items, "pages": {}}).to_string();
        let listing = read(Level::Partner, &typed(), 1, &json).unwrap();
        let ids: HashSet<_> = listing.tenants.iter().map(|tenant| &tenant.id).collect();
        prop_assert_eq!(ids.len(), listing.tenants.len());
        let with_id = items
            .iter()
            .filter_map(|item| trust::id(item.get("id")?.as_str()?))
            .collect::<HashSet<_>>();
        prop_assert_eq!(ids, with_id.iter().collect());
        let without = items.iter().filter(|item| {
            item.get("id").and_then(Value::as_str).and_then(trust::id).is_none()
        });
        prop_assert_eq!(listing.unidentified.len(), without.count());
        for tenant in listing.tenants {
            prop_assert!(!tenant.name.trim().is_empty());
            match tenant.access {
                Ok(access) => {
                    prop_assert_eq!(&access.id, &tenant.id);
                    let config = json!({
                        "client_id": "c",
                        "tenant": {"id": access.id, "api_host": origin(&access.api_host)},
                    });
                    prop_assert_eq!(Config::parse(&config.to_string()).unwrap().tenant, Some(access));
                }
                Err(reason) => {
                    prop_assert!(reason.len() < 300 && reason.is_ascii() && !reason.contains(char::is_control));
                }
            }
        }
    }
}
