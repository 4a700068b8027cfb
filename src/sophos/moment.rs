//! A moment, as far as one can be read.
//!
//! A value of another type and a text that is no time count as absent: one surprise must not cost a device.

use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

use crate::json::Scalar;

/// Longer than any time that RFC 3339 can write with a fraction that makes sense.
const LONGEST_TIME: usize = 64;

/// A time as RFC 3339 writes it, in UTC. One without a zone is taken as UTC, and one that UTC cannot write
/// with a year of four digits counts as absent.
pub fn moment(value: Scalar<'_>) -> Option<OffsetDateTime> {
    let text = value.text().filter(|text| text.len() <= LONGEST_TIME)?;
    OffsetDateTime::parse(&text, &Rfc3339)
        .or_else(|_| OffsetDateTime::parse(&format!("{text}Z"), &Rfc3339))
        .ok()?
        .checked_to_offset(UtcOffset::UTC)
        .filter(|moment| (0..=9999).contains(&moment.year()))
}

#[cfg(test)]
mod tests {
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
    fn what_is_no_moment_is_absent() {
        for text in [
            "yesterday",
            "2024-01-07",
            "2024-13-07T06:26:08Z",
            "2024-02-30T06:26:08Z",
            "2024-01-07T25:26:08Z",
            "2024-01-07T06:26Z",
            "2024-01-07T06:26:08ZZ",
            "2024-01-07T06:26:08Z ",
            "20240107T062608Z",
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
}
