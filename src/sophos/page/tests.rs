use url::Url;

use super::*;
use crate::bindings::inventory::connector::types::Error;

fn host() -> Url {
    Url::parse("https://api-eu02.central.sophos.com").unwrap()
}

/// The items of a page as they came.
fn items(json: &str) -> Result<(Vec<&str>, Page), Error> {
    let mut items = Vec::new();
    let page = read(&host(), "tenants", json, |scanner| {
        items.push(scanner.value()?);
        Ok(())
    })?;
    Ok((items, page))
}

#[test]
fn items_of_any_type_are_read_unchanged() {
    let json = r#"{"pages": {"size": 1}, "items": [{}, 5, null, {"a": [1e999]}], "more": 1}"#;
    let (items, page) = items(json).unwrap();
    assert_eq!(items, ["{}", "5", "null", r#"{"a": [1e999]}"#]);
    assert_eq!(page.items, 4);
    assert_eq!(page.pages["size"], 1);
}

#[test]
fn more_items_than_any_page_has_are_not_a_page() {
    for (count, is_page) in [(MAX_ITEMS, true), (MAX_ITEMS + 1, false)] {
        let json = format!(
            r#"{{"items": [{}], "pages": {{}}}}"#,
            vec!["{}"; count].join(",")
        );
        assert_eq!(items(&json).is_ok(), is_page, "{count}");
    }
}

#[test]
fn anything_else_is_not_a_page() {
    for json in [
        "",
        "<html></html>",
        "null",
        "[]",
        r#"[[], {"nextKey": "k"}]"#,
        "{}",
        r#"{"items": []}"#,
        r#"{"pages": {}}"#,
        r#"{"items": {}, "pages": {}}"#,
        r#"{"items": null, "pages": {}}"#,
        r#"{"items": [], "pages": null}"#,
        r#"{"items": [], "pages": []}"#,
        r#"{"items": [], "pages": ["k"]}"#,
        r#"{"items": [{}], "pages": {"#,
        r#"{"items": [], "pages": {}, "items": []}"#,
        r#"{"items": [], "pages": {}, "pages": {}}"#,
        r#"{"items": [], "pages": {}} 1"#,
    ] {
        let Err(Error::Protocol(failure)) = items(json) else {
            panic!("{json}");
        };
        let message = failure.message;
        assert!(message.contains("should be a page of tenants"), "{message}");
    }
}
