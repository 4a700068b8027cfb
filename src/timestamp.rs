//! A time with the precision of Sophos Central's time filters: milliseconds.
//!
//! Times are compared as times, never as text, since their fractions are optional.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Milliseconds since 1970-01-01T00:00:00Z, from year 0 to the end of year 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(i64);

const YEAR_0: i64 = -62_167_219_200_000;
const YEAR_10000: i64 = 253_402_300_800_000;

impl Timestamp {
    /// Returns the time this many milliseconds after the epoch, moved into the years 0 to 9999.
    pub fn from_millis(millis: i64) -> Self {
        Self(millis.clamp(YEAR_0, YEAR_10000 - 1))
    }

    /// Returns milliseconds since the epoch.
    pub fn millis(self) -> i64 {
        self.0
    }

    /// Parses an RFC 3339 text, cut to milliseconds; `None` for any other text.
    pub fn parse(text: &str) -> Option<Self> {
        OffsetDateTime::parse(text, &Rfc3339).ok().map(Self::from)
    }

    /// Returns the time `millis` later (earlier if negative).
    pub fn plus_millis(self, millis: i64) -> Self {
        Self::from_millis(self.0.saturating_add(millis))
    }
}

impl From<OffsetDateTime> for Timestamp {
    /// Cuts a fraction finer than milliseconds.
    fn from(moment: OffsetDateTime) -> Self {
        let millis = moment.unix_timestamp_nanos().div_euclid(1_000_000);
        Self::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
    }
}

impl fmt::Display for Timestamp {
    /// Formats as RFC 3339 with three digits and `Z`, as `lastSeenAfter` requires.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000)
            .map_err(|_| fmt::Error)?;
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
            moment.year(),
            u8::from(moment.month()),
            moment.day(),
            moment.hour(),
            moment.minute(),
            moment.second(),
            moment.millisecond()
        )
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom("expected an RFC 3339 time"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_to_milliseconds_and_written_in_utc() {
        for (text, written) in [
            ("2026-11-20T08:41:07.318Z", "2026-11-20T08:41:07.318Z"),
            ("2026-11-20T08:41:07.3189Z", "2026-11-20T08:41:07.318Z"),
            ("2026-11-20T08:41:07Z", "2026-11-20T08:41:07.000Z"),
            ("2026-11-20T10:41:07.5+02:00", "2026-11-20T08:41:07.500Z"),
            ("1969-12-31T23:59:59.9999Z", "1969-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(Timestamp::parse(text).unwrap().to_string(), written);
        }
    }

    #[test]
    fn any_number_is_a_moment_that_can_be_written_and_read() {
        for millis in [i64::MIN, -1, 0, 1, i64::MAX] {
            let moment = Timestamp::from_millis(millis);
            assert_eq!(Timestamp::parse(&moment.to_string()), Some(moment));
        }
    }

    #[test]
    fn times_compare_as_times() {
        let whole = Timestamp::parse("2026-11-20T08:41:07Z");
        let fraction = Timestamp::parse("2026-11-20T08:41:07.001Z");
        assert!(whole < fraction);
    }
}
