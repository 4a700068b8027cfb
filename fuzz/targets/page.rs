//! One answer of the API: each of its items is an event or a reject, and the cursor after it can be read.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use sophos_assets::collect::sort_items;
use sophos_assets::cursor::Cursor;
use sophos_assets::mapping::Mapping;
use sophos_assets::sophos::endpoints;
use sophos_assets::sophos::page::MOST_ITEMS;
use sophos_assets::text::Text;
use sophos_assets_fuzz::{NOW, check_event};
use url::Url;

const TENANT: &str = "00000000-0000-0000-0000-000000000001";

static API_HOST: LazyLock<Url> =
    LazyLock::new(|| Url::parse("https://api.example.com").expect("a URL"));

fuzz_target!(|bytes: &[u8]| {
    let text = Text::of(bytes);
    let page = endpoints::read(&API_HOST, &text.json);
    // Another reader of JSON, stricter in depth, in numbers and in halves of surrogate pairs. What it writes
    // holds every name once, as ours demands of `items` and `pages`.
    if let Ok(answer) = serde_json::from_str::<Value>(&text.json) {
        let written = answer.to_string();
        let again = endpoints::read(&API_HOST, &written);
        assert_eq!(again.is_ok(), is_page(&answer), "{written}");
        if let (Ok(page), Ok(again)) = (&page, &again) {
            assert_eq!(page.items.len(), again.items.len());
            assert_eq!(page.next_key, again.next_key);
        }
    }
    let Ok(page) = page else { return };

    let mapping = Mapping::default();
    let mut cursor = Cursor::resume(None, TENANT, None, mapping.version(), NOW.into())
        .expect("no cursor is right");
    cursor.answered(NOW.into(), 0, 0);
    let (events, rejects) = sort_items(&page, &text, &mapping, &mut cursor, NOW);
    assert_eq!(events.len() + rejects.len(), page.items.len());
    for event in &events {
        check_event(&event.json, &event.device, None);
    }
    for reject in &rejects {
        assert!(!reject.reason.is_empty());
        assert_ne!(reject.id.as_deref(), Some(""));
    }

    let more = cursor
        .turn_page(page.next_key.as_deref())
        .expect("no key of a first page can have come before");
    assert_eq!(more, page.next_key.is_some());
    let stored = cursor.into_text().expect("a cursor can be written");
    let mut cursor = Cursor::resume(Some(&stored), TENANT, None, mapping.version(), NOW.into())
        .expect("a cursor that was written can be read");
    assert_eq!(cursor.query().page_from_key, page.next_key);

    // The same page again, now with what the cursor remembers: nothing is delivered that was not before.
    let (again, rejected_again) = sort_items(&page, &text, &mapping, &mut cursor, NOW);
    assert!(again.len() <= events.len() && rejected_again.len() <= rejects.len());
});

fn is_page(answer: &Value) -> bool {
    let items = answer.get("items").and_then(Value::as_array);
    let key = answer.pointer("/pages/nextKey");
    answer.get("pages").is_some_and(Value::is_object)
        && items.is_some_and(|items| items.len() <= MOST_ITEMS)
        && key.is_none_or(|key| key.is_null() || key.is_string())
}
