use proptest::prelude::*;

use super::*;
use crate::json::Scanner;

fn moment_of(json: &str) -> Option<OffsetDateTime> {
    let scalar = Scanner::new(json).scalar().unwrap();
    scalar.and_then(moment)
}

const OTHER_TYPES: [&str; 9] = [
    "null",
    "true",
    "7",
    "1e999",
    "-0.5",
    "[]",
    "[\"a\"]",
    "{}",
    r#"{"a":"b"}"#,
];

#[test]
fn a_moment_is_read_in_utc() {
    for (json, seconds, nanoseconds) in [
        ("2024-01-07T06:26:08.668Z", 1_704_608_768, 668_000_000),
        ("2024-01-07T06:26:08Z", 1_704_608_768, 0),
        (
            "2024-01-07T06:26:08.1234567899Z",
            1_704_608_768,
            123_456_789,
        ),
        ("2024-01-07T06:26:08", 1_704_608_768, 0),
        ("2024-01-07T06:26:08.668", 1_704_608_768, 668_000_000),
        ("2024-01-07t06:26:08z", 1_704_608_768, 0),
        ("2024-01-07 06:26:08Z", 1_704_608_768, 0),
        ("2024-01-07T08:56:08+02:30", 1_704_608_768, 0),
        ("2024-01-06T22:26:08-08:00", 1_704_608_768, 0),
        ("1969-12-31T23:59:59.5Z", -1, 500_000_000),
        ("0000-01-01T00:00:00Z", -62_167_219_200, 0),
        ("9999-12-31T23:59:59Z", 253_402_300_799, 0),
    ] {
        let moment = moment_of(&format!("{json:?}")).unwrap();
        assert_eq!(
            (moment.unix_timestamp(), moment.nanosecond()),
            (seconds, nanoseconds),
            "{json}"
        );
        assert_eq!(moment.offset(), UtcOffset::UTC, "{json}");
    }
}

#[test]
fn every_form_of_iso_8601_is_read() {
    const DAY: i64 = 1_704_585_600;
    const MOMENT: i64 = 1_704_608_768;
    for (text, seconds, nanoseconds) in [
        ("2024-01-07T06:26:08+0000", MOMENT, 0),
        ("2024-01-07T06:26:08.668+0000", MOMENT, 668_000_000),
        ("2024-01-07T08:56:08+0230", MOMENT, 0),
        ("2024-01-07T08:26:08+02", MOMENT, 0),
        ("2024-01-06T22:26:08-0800", MOMENT, 0),
        ("2024-01-07T06:26:08,668Z", MOMENT, 668_000_000),
        ("2024-01-07T06:26:08,668+00:00", MOMENT, 668_000_000),
        ("2024-01-07T06:26:08,668", MOMENT, 668_000_000),
        ("2024-01-07 06:26:08,668", MOMENT, 668_000_000),
        ("2024-01-07 06:26:08+0000", MOMENT, 0),
        ("2024-01-07 06:26:08", MOMENT, 0),
        ("2024-01-07t06:26:08", MOMENT, 0),
        ("2024-01-07t06:26:08,5z", MOMENT, 500_000_000),
        ("20240107T062608Z", MOMENT, 0),
        ("20240107T062608.668Z", MOMENT, 668_000_000),
        ("20240107T062608,668+0000", MOMENT, 668_000_000),
        ("20240107T062608", MOMENT, 0),
        ("20240107T082608+02", MOMENT, 0),
        ("2024-01-07T06:26Z", MOMENT - 8, 0),
        ("20240107T0626", MOMENT - 8, 0),
        ("20240107T06Z", DAY + 6 * 3600, 0),
        ("2024-01-07T06:30.5Z", DAY + 6 * 3600 + 30 * 60 + 30, 0),
        ("2024-01-07", DAY, 0),
        ("20240107", DAY, 0),
        ("2024-007", DAY, 0),
        ("2024007", DAY, 0),
        ("2024-W01-7", DAY, 0),
        ("2024W017T062608Z", MOMENT, 0),
        ("+002024-01-07T06:26:08Z", MOMENT, 0),
        ("2024-01-07T24:00:00Z", DAY + 86_400, 0),
        ("2024-01-07T24:00", DAY + 86_400, 0),
        ("2024-01-07T24:00:00.000+02:00", DAY + 86_400 - 7_200, 0),
        ("20240107T240000Z", DAY + 86_400, 0),
        ("20240107T24Z", DAY + 86_400, 0),
        ("2024-12-31T24:00:00Z", 1_735_689_600, 0),
        // The fraction is cut, never rounded.
        ("2024-01-07T06:26:08.9999999999Z", MOMENT, 999_999_999),
        ("2024-01-07T06:26:08,9999999999Z", MOMENT, 999_999_999),
        (
            "2024-01-07T06:26:59.99999999999999+0000",
            MOMENT + 51,
            999_999_999,
        ),
        ("2024-01-07T06:26:08.1234567899", MOMENT, 123_456_789),
        // A leap second is the last moment of the second before it.
        ("2016-12-31T23:59:60Z", 1_483_228_799, 999_999_999),
        ("2016-12-31T23:59:60+0000", 1_483_228_799, 999_999_999),
    ] {
        let moment = moment_of(&format!("{text:?}"));
        let found = moment.map(|moment| (moment.unix_timestamp(), moment.nanosecond()));
        assert_eq!(found, Some((seconds, nanoseconds)), "{text}");
        assert_eq!(
            moment.map(OffsetDateTime::offset),
            Some(UtcOffset::UTC),
            "{text}"
        );
    }
}

proptest! {
    #[test]
    fn a_time_that_rfc_3339_writes_is_read_back_equal(
        seconds in -62_167_219_200_i64..253_402_300_800,
        nanosecond in 0_u32..1_000_000_000,
        digits in 0_usize..13,
        offset in -1439_i32..1440,
        shape in 0_usize..4,
    ) {
        let moment = OffsetDateTime::from_unix_timestamp(seconds).unwrap();
        let local = moment.checked_to_offset(UtcOffset::from_whole_seconds(offset * 60).unwrap());
        prop_assume!(local.is_some_and(|local| (0..=9999).contains(&local.year())));
        let local = local.unwrap();
        let fraction = format!("{nanosecond:09}000");
        let fraction = fraction.get(..digits).unwrap();
        let kept: u32 = format!("{fraction:0<9}").get(..9).unwrap().parse().unwrap();
        let dot = if digits == 0 { "" } else { "." };
        let sign = if offset < 0 { '-' } else { '+' };
        let (hours, minutes) = (offset.abs().div_euclid(60), offset.abs() % 60);
        let zone = match (offset, shape) {
            (0, 0) => "Z".to_owned(),
            (0, 1) => "z".to_owned(),
            _ => format!("{sign}{hours:02}:{minutes:02}"),
        };
        let separator = ["T", "t", " ", "T"][shape];
        let (date, hour, minute, second) = (local.date(), local.hour(), local.minute(), local.second());
        let text = format!("{date}{separator}{hour:02}:{minute:02}:{second:02}{dot}{fraction}{zone}");

        let expected = moment + Duration::nanoseconds(kept.into());
        prop_assert_eq!(moment_of(&format!("{text:?}")), Some(expected), "{}", text);
        if offset == 0 {
            // Neither the comma nor the missing zone changes the moment.
            let other = text.trim_end_matches(['Z', 'z']).replace("+00:00", "").replace('.', ",");
            prop_assert_eq!(moment_of(&format!("{other:?}")), Some(expected), "{}", other);
        }
    }

    #[test]
    fn no_text_stops_the_reader(text in "[0-9TtWZz:+., -]{0,40}|.{0,20}") {
        let _ = moment_of(&serde_json::to_string(&text).unwrap());
    }
}

#[test]
fn a_text_that_is_not_a_time_is_absent() {
    for text in [
        "yesterday",
        "2024-01",
        "2024",
        "T",
        "T06:26:08Z",
        "06:26:08",
        "2024-01-07T",
        "2024-01-07TZ",
        "2024-01-07Z",
        "2024-01-07+02:00",
        "2024-01-07T06:26:08+",
        "2024-01-07T06:26:08+2",
        "2024-01-07T06:26:08+00:00Z",
        "2024-01-07T06:26:08 UTC",
        "2024-01-07T06:26:08,Z",
        "2024-01-07T06:26:08,123456789xZ",
        "2024-01-07T24:00:01Z",
        "2024-01-07T24:01Z",
        "2024-01-07T23:59:60Z",
        "2023-02-29",
        "2024-366T00:00:60Z",
        "9999-12-31T24:00:00Z",
        "+012024-01-07T06:26:08Z",
        "-000001-01-07T06:26:08Z",
        "2024-13-07T06:26:08Z",
        "2024-02-30T06:26:08Z",
        "2024-01-07T25:26:08Z",
        "2024-01-07T06:26:08ZZ",
        "2024-01-07T06:26:08Z ",
        "-PT2H",
        "1704608768",
        "9999-12-31T23:59:59-01:00",
        "0000-01-01T00:00:00+01:00",
    ] {
        assert_eq!(moment_of(&format!("{text:?}")), None, "{text}");
    }
    for json in OTHER_TYPES {
        assert_eq!(moment_of(json), None, "{json}");
    }
}
