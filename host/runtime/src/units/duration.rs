//! Durations as people write them: `90s`, `10m`, `3h`, `7d`.
//!
//! One form for the configuration, the command line and messages, so that what a message prints can be
//! pasted back.

use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error};

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

/// Deserializes a duration, as a `Duration` or an `Option<Duration>`.
///
/// # Errors
///
/// When it is not a text, or [`parse`] refuses it.
pub fn deserialize<'de, D: Deserializer<'de>, T: From<Duration>>(
    deserializer: D,
) -> Result<T, D::Error> {
    let text = String::deserialize(deserializer).map_err(|_| {
        D::Error::custom("must be a duration in quotes, such as \"90s\", \"10m\", \"3h\" or \"7d\"")
    })?;
    parse(&text).map(T::from).map_err(D::Error::custom)
}

/// Deserializes a duration that is not zero.
///
/// # Errors
///
/// When it is zero, or [`deserialize`] refuses it.
pub fn positive<'de, D: Deserializer<'de>, T: From<Duration>>(
    deserializer: D,
) -> Result<T, D::Error> {
    let duration: Duration = deserialize(deserializer)?;
    if duration.is_zero() {
        return Err(D::Error::custom("must be longer than 0s"));
    }
    Ok(T::from(duration))
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
