//! Times as text: RFC 3339, written in UTC with milliseconds and `Z`.
//!
//! That is the one form that the contract, the state file and many APIs have in common.

use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

/// Why a text is not a time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an RFC 3339 time with a zone: write it like 2026-01-31T08:00:00Z")]
pub struct TimestampError(String);

/// Reads an RFC 3339 time with any offset and returns it in UTC.
///
/// # Errors
///
/// Any other text, a time without a zone among them, and a time that UTC puts outside the years 0 to 9999.
pub fn parse(text: &str) -> Result<OffsetDateTime, TimestampError> {
    OffsetDateTime::parse(text, &Rfc3339)
        .ok()
        .and_then(|time| time.checked_to_offset(UtcOffset::UTC))
        .filter(|time| (0..=9999).contains(&time.year()))
        .ok_or_else(|| TimestampError(text.to_owned()))
}

/// Writes a time in UTC with three digits of the second's fraction, the rest cut off, and `Z`.
pub fn format(time: OffsetDateTime) -> String {
    let time = time.checked_to_offset(UtcOffset::UTC).unwrap_or(time);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        time.year(),
        u8::from(time.month()),
        time.day(),
        time.hour(),
        time.minute(),
        time.second(),
        time.millisecond()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn turns_any_offset_and_precision_into_utc_milliseconds() {
        for (text, expected) in [
            ("2026-01-31T08:00:00Z", "2026-01-31T08:00:00.000Z"),
            ("2026-01-31T08:00:00.1239Z", "2026-01-31T08:00:00.123Z"),
            ("2026-01-01T00:30:00+01:00", "2025-12-31T23:30:00.000Z"),
            ("2024-02-29T23:59:59.999-00:30", "2024-03-01T00:29:59.999Z"),
        ] {
            assert_eq!(parse(text).map(format), Ok(expected.to_owned()), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_time_with_a_zone() {
        for text in [
            "",
            "yesterday",
            "2026-01-31",
            "2026-01-31T08:00:00",
            "2026-02-30T08:00:00Z",
            "1769846400",
            "9999-12-31T23:59:59-01:00",
            "0000-01-01T00:00:00+01:00",
        ] {
            let message = parse(text).unwrap_err().to_string();
            assert!(message.contains(&format!("{text:?}")), "{message}");
            assert!(message.contains("2026-01-31T08:00:00Z"), "{message}");
        }
    }

    proptest! {
        #[test]
        fn reads_what_it_writes(seconds in -62_167_219_200_i64..=253_402_300_799, millis in 0_i128..1000) {
            let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(seconds) * 1_000_000_000 + millis * 1_000_000).unwrap();
            prop_assert_eq!(parse(&format(time)), Ok(time));
        }
    }
}
