//! What the targets share: the clock and the judge of events.

use serde_json::Value;
use sophos_assets::mapping::{self, Dialect, Explanation, MapError, Mapped, Mapping};
use time::{Duration, OffsetDateTime};

/// The clock of every target, 2026-11-25T00:00:00Z: the same input has the same outcome on any day.
pub const NOW: OffsetDateTime =
    OffsetDateTime::UNIX_EPOCH.saturating_add(Duration::seconds(1_795_564_800));

/// Panics unless `json` is one Device Inventory Info event on one line, of the device `id` with `hostname`
/// where one is named, without a null or an empty text in it.
pub fn check_event(json: &str, id: &str, hostname: Option<&str>) {
    assert!(!json.contains(['\n', '\r']), "more than one line: {json}");
    let event: Value = serde_json::from_str(json).expect("an event is JSON");
    assert_eq!(event["class_uid"], 5001, "{json}");
    assert_eq!(event["device"]["uid"], id, "{json}");
    if let Some(hostname) = hostname {
        assert_eq!(event["device"]["hostname"], hostname, "{json}");
    }
    check_values(&event);
}

fn check_values(value: &Value) {
    match value {
        Value::Object(members) => members.values().for_each(check_values),
        Value::Array(entries) => entries.iter().for_each(check_values),
        scalar => assert!(
            !scalar.is_null() && scalar != "",
            "an absent value is written"
        ),
    }
}

/// Panics unless the error names a place in `text` and says what is wrong.
pub fn check_error(text: &str, error: &MapError) {
    let line = usize::try_from(error.line)
        .ok()
        .and_then(|line| text.split('\n').nth(line.checked_sub(1)?));
    let line = line.unwrap_or_else(|| panic!("{error}: no such line"));
    assert!(
        error.column as usize <= line.len() + 1,
        "{error}: no such column"
    );
    assert!(!error.message.is_empty() && !error.message.contains('\n'));
}

/// The event of a record, as the component's export `map` makes it.
pub fn map(text: &str) -> Result<Mapped, MapError> {
    Mapping::default().map(&mapping::read(text)?, NOW)
}

/// The event of a record with its reasons, as the component's export `explain` makes it.
pub fn explain(text: &str, dialect: Dialect) -> Result<Explanation, MapError> {
    Mapping::of(dialect.name())?.explain(&mapping::read(text)?, NOW)
}
