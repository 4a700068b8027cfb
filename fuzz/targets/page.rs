//! One answer of the API: each of its items is an event or a reject, and the cursor after it can be read.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use sophos_assets::collect::{Sorted, sort};
use sophos_assets::cursor::Cursor;
use sophos_assets::mapping::Mapping;
use sophos_assets::sophos::page::MAX_ITEMS;
use sophos_assets::text::Text;
use sophos_assets_fuzz::{NOW, check_event};
use url::Url;

const TENANT: &str = "00000000-0000-0000-0000-000000000001";

static API_HOST: LazyLock<Url> =
    LazyLock::new(|| Url::parse("https://api.example.com").expect("a URL"));

fuzz_target!(|bytes: &[u8]| {
    let read = sort_first(bytes);
    // Another reader of JSON, stricter in depth, in numbers and in halves of surrogate pairs. What it writes
    // holds every name once, as ours demands of `items` and `pages`.
    if let Ok(answer) = serde_json::from_str::<Value>(&Text::of(bytes).json) {
        let written = answer.to_string();
        let again = sort_first(written.as_bytes());
        assert_eq!(again.is_some(), is_page(&answer), "{written}");
        if let (Some((sorted, _)), Some((again, _))) = (&read, &again) {
            assert_eq!(items(sorted), items(again));
            assert_eq!(sorted.next_key, again.next_key);
        }
    }
    let Some((sorted, mut cursor)) = read else {
        return;
    };
    for event in &sorted.events {
        check_event(&event.json, &event.device, None);
    }
    for reject in &sorted.rejects {
        assert!(!reject.reason.is_empty());
        assert_ne!(reject.id.as_deref(), Some(""));
    }

    let more = cursor
        .turn_page(sorted.next_key.as_deref())
        .expect("no key of a first page can have come before");
    assert_eq!(more, sorted.next_key.is_some());
    let stored = cursor.into_text().expect("a cursor can be written");
    let mut cursor = resume(Some(&stored));
    assert_eq!(cursor.query().page_from_key, sorted.next_key);

    // The same page again, now with what the cursor remembers: nothing is delivered that was not before.
    let again = sort_with(bytes, &mut cursor);
    let again = again.expect("what was a page is one again");
    assert!(again.events.len() <= sorted.events.len());
    assert!(again.rejects.len() <= sorted.rejects.len());
});

/// Reads a page as the first of a first walk; returns it with its cursor, or `None` if it is not a page.
fn sort_first(bytes: &[u8]) -> Option<(Sorted, Cursor)> {
    let mut cursor = resume(None);
    cursor.answered(Some(NOW.into()), NOW.into(), 0, 0);
    let sorted = sort_with(bytes, &mut cursor);
    Some((sorted?, cursor))
}

fn sort_with(bytes: &[u8], cursor: &mut Cursor) -> Option<Sorted> {
    let text = Text::of(bytes);
    sort(&API_HOST, &text, &Mapping::default(), cursor, NOW).ok()
}

fn resume(stored: Option<&str>) -> Cursor {
    let version = Mapping::default().version();
    Cursor::resume(stored, TENANT, None, version, NOW.into())
        .expect("no cursor is right, and one that was written can be read")
}

/// How many items a page has that is the first of a first walk.
fn items(sorted: &Sorted) -> usize {
    sorted.events.len() + sorted.rejects.len()
}

fn is_page(answer: &Value) -> bool {
    let items = answer.get("items").and_then(Value::as_array);
    let key = answer.pointer("/pages/nextKey");
    answer.get("pages").is_some_and(Value::is_object)
        && items.is_some_and(|items| items.len() <= MAX_ITEMS)
        && key.is_none_or(|key| key.is_null() || key.is_string())
}
