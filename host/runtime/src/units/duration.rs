//! Durations as people write them: `90s`, `10m`, `3h`, `7d`.
//!
//! One form for the configuration, the command line and messages, so that what a message prints can be
//! pasted back.

use std::fmt;
use std::time::Duration;

use serde::de::{self, Deserializer, Visitor};

/// Nothing here waits longer than a century. The bound keeps every sum of a time and a duration in range.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// Why a text is not a usable duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// Not a number with a unit; holds the text.
    #[error("{0:?} is not a duration: write a number with a unit, such as 90s, 10m, 3h or 7d")]
    Form(String),
    /// Longer than a century; holds the text.
    #[error("{0:?} is too long: the longest duration is 36500d")]
    TooLong(String),
}

/// Reads a duration: one or more whole numbers with a unit, such as `90s`, `10m`, `3h`, `7d` or `1h 30m`.
///
/// # Errors
///
/// Any other text, and durations of more than 36,500 days.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    let duration =
        humantime::parse_duration(text.trim()).map_err(|_| DurationError::Form(text.to_owned()))?;
    if duration > LONGEST {
        return Err(DurationError::TooLong(text.to_owned()));
    }
    Ok(duration)
}

/// Writes a duration in the form that [`parse`] reads, such as `1h 30m`.
pub fn format(duration: Duration) -> String {
    humantime::format_duration(duration).to_string()
}

/// Reads an optional duration for serde: `#[serde(default, deserialize_with = "duration::optional")]`.
///
/// # Errors
///
/// Anything that is not a text, and whatever [`parse`] refuses.
pub fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    struct Text;

    impl Visitor<'_> for Text {
        type Value = Duration;

        fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
            formatter.write_str("a duration in quotes, such as \"90s\", \"10m\", \"3h\" or \"7d\"")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Duration, E> {
            parse(text).map_err(E::custom)
        }
    }

    deserializer.deserialize_str(Text).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn accepts_the_units_that_people_write() {
        for (text, seconds) in [
            ("90s", 90),
            ("10m", 600),
            ("3h", 10_800),
            ("7d", 604_800),
            ("1h 30m", 5_400),
            (" 2min ", 120),
            ("0s", 0),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
    }

    #[test]
    fn refuses_everything_else_and_tells_the_forms() {
        for text in [
            "",
            "7",
            "h",
            "soon",
            "-3h",
            "3 fortnights",
            "99999999999999999999s",
        ] {
            let message = parse(text).unwrap_err().to_string();
            assert!(message.contains(&format!("{text:?}")), "{message}");
            assert!(message.contains("90s, 10m, 3h or 7d"), "{message}");
        }
        let message = parse("200000d").unwrap_err().to_string();
        assert!(message.contains("36500d"), "{message}");
    }

    proptest! {
        #[test]
        fn reads_what_it_writes(seconds in 0_u64..=LONGEST.as_secs(), millis in 0_u32..1000) {
            let duration = Duration::new(seconds, millis * 1_000_000).min(LONGEST);
            prop_assert_eq!(parse(&format(duration)), Ok(duration));
        }

        #[test]
        fn never_panics(text in ".{0,40}") {
            let _ = parse(&text);
        }
    }
}
