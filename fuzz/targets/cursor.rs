//! A stored cursor: any text is resumed or refused, and what is resumed is written and read as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use sophos_assets::cursor::{Cursor, Range, Refused};
use sophos_assets::text::Text;
use sophos_assets::timestamp::Timestamp;
use sophos_assets_fuzz::NOW;

/// The tenant of the committed cursors.
const TENANT: &str = "00000000-0000-0000-0000-000000000001";

/// The version of the mapping.
const MAPPING: u32 = 1;

const OTHER_TENANT: &str = "00000000-0000-0000-0000-000000000002";

fn resume(text: &str, range: Option<Range>) -> Result<Cursor, Refused> {
    Cursor::resume(Some(text), TENANT, range, MAPPING, NOW.into())
}

fn written(cursor: Cursor) -> String {
    cursor.into_text().expect("a cursor can be written")
}

fuzz_target!(|bytes: &[u8]| {
    let text = &*Text::of(bytes).json;
    let stored = serde_json::from_str::<Value>(text).ok();
    let range = stored.as_ref().and_then(range);
    let cursor = match resume(text, range) {
        Ok(cursor) => cursor,
        Err(why) => {
            // Other JSON writers write every name once, as a cursor requires.
            if let Some(stored) = stored.filter(|stored| stored["version"].as_u64() > Some(1)) {
                let refused = resume(&stored.to_string(), range).err();
                assert_eq!(refused, Some(Refused::Newer), "{why:?}");
            }
            return;
        }
    };
    let (query, mark) = (cursor.query(), cursor.mark());
    let first = written(cursor);
    check_refusals(&first, range);

    let cursor = resume(&first, range).expect("a cursor that was written can be read");
    assert_eq!((cursor.query(), cursor.mark()), (query.clone(), mark));
    assert_eq!(written(cursor), first, "written, read and written again");

    // After one more page of any cursor, the mark does not fall, and the walk continues as the cursor says.
    let mut cursor = resume(&first, range).expect("it could be read before");
    cursor.answered(Some(NOW.into()), NOW.into(), 0, 120_000);
    cursor.saw("example", Some(NOW.into()));
    let Ok(more) = cursor.turn_page(Some("next")) else {
        return; // The cursor holds that very key.
    };
    assert!(more);
    let second = written(cursor);
    let mut cursor = resume(&second, range).expect("a cursor that was written can be read");
    assert_eq!(cursor.query().page_from_key.as_deref(), Some("next"));
    assert_eq!(cursor.query().last_seen_after, query.last_seen_after);
    assert_eq!(cursor.turn_page(None), Ok(false));
    let mark = cursor.mark().as_deref().and_then(Timestamp::parse);
    if range.is_none() {
        assert!(mark >= query.last_seen_after, "the mark fell");
        let has_repeats = !cursor.warnings().is_empty();
        assert!(
            mark.is_some() || has_repeats,
            "a walk that has ended has a mark, or was short"
        );
    } else {
        assert_eq!(mark, None, "a range has no mark");
    }
    check_refusals(&written(cursor), range);
});

/// The range that a stored cursor says it is over.
fn range(stored: &Value) -> Option<Range> {
    let range = stored.get("range")?.as_object()?;
    let time = |name: &str| range.get(name)?.as_str().and_then(Timestamp::parse);
    Some(Range {
        since: time("since"),
        until: time("until"),
    })
}

/// A cursor as it was written is refused where it is not the source's own, and where it is damaged.
fn check_refusals(text: &str, range: Option<Range>) {
    let refused = |text: &str, tenant: &str, range: Option<Range>| {
        Cursor::resume(Some(text), tenant, range, MAPPING, NOW.into()).err()
    };
    let other_tenant = refused(text, OTHER_TENANT, range);
    assert_eq!(other_tenant, Some(Refused::OtherTenant), "{text}");

    let other_range = range.xor(Some(Range::default()));
    let other_range = refused(text, TENANT, other_range);
    assert_eq!(other_range, Some(Refused::OtherRange), "{text}");

    let newer = text.replacen(r#""version":1"#, r#""version":2"#, 1);
    assert_eq!(refused(&newer, TENANT, range), Some(Refused::Newer));

    for end in [0, 1, text.len() / 2, text.len() - 1] {
        let cut = &text[..text.floor_char_boundary(end)];
        assert_eq!(refused(cut, TENANT, range), Some(Refused::Damaged), "{cut}");
    }
}
