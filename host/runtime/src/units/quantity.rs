//! Numbers as people read and write them: `256 MiB`, `100,000`.
//!
//! One form of bytes for the configuration and for what is shown, so that what is shown can be pasted back.

use std::fmt;

use serde::de::{self, Deserializer, Visitor};
use serde_json::Value;

/// The units of bytes, and by how many bits each shifts a number; the largest first.
const UNITS: [(&str, u32); 4] = [("GiB", 30), ("MiB", 20), ("KiB", 10), ("bytes", 0)];

/// How a number of bytes is written.
const BYTES: &str =
    "a number of bytes such as 1048576, or a text such as \"64 KiB\", \"256 MiB\" or \"1 GiB\"";

/// How any other number is written.
const COUNT: &str = "a whole number of 1 or more, without quotes and commas, such as 1000";

/// Why a text is no usable number of bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// Not a whole number with a unit; holds the text.
    #[error("{0:?} is no number of bytes: write {BYTES}")]
    Form(String),
    /// More than 64 bits hold; holds the text.
    #[error("{0:?} is too large: the largest is \"17179869183 GiB\"")]
    TooLarge(String),
}

/// Reads a number of bytes with a unit, in the forms that [`bytes`] writes, commas or not: `256 MiB`, `1,025 bytes`.
///
/// # Errors
///
/// Any other text, and more than 64 bits hold.
pub fn parse_bytes(text: &str) -> Result<u64, QuantityError> {
    let form = || QuantityError::Form(text.to_owned());
    let trimmed = text.trim();
    let (digits, shift) = UNITS
        .iter()
        .find_map(|(unit, shift)| Some((trimmed.strip_suffix(unit)?.trim_end(), *shift)))
        .ok_or_else(form)?;
    let plain = digits.replace(',', "");
    if plain.is_empty() || !plain.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(form());
    }
    let too_large = || QuantityError::TooLarge(text.to_owned());
    let number: u64 = plain.parse().map_err(|_| too_large())?;
    // A comma is nothing but what stands between thousands: 1,5 is neither 15 nor one and a half.
    if digits.contains(',') && digits != count(number) {
        return Err(form());
    }
    number.checked_mul(1 << shift).ok_or_else(too_large)
}

/// Reads an optional number of bytes for serde: a whole number, or a text that [`parse_bytes`] reads.
///
/// # Errors
///
/// Anything else, such as a negative number.
pub fn optional_bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    deserializer
        .deserialize_any(Number { text: true })
        .map(Some)
}

/// Reads an optional count for serde: a whole number.
///
/// # Errors
///
/// Anything else, such as a negative number.
pub fn optional_count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    deserializer
        .deserialize_any(Number { text: false })
        .map(Some)
}

/// Takes a whole number, or also a text with a unit.
struct Number {
    text: bool,
}

impl Number {
    fn form(&self) -> &'static str {
        if self.text { BYTES } else { COUNT }
    }
}

impl Visitor<'_> for Number {
    type Value = u64;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(self.form())
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<u64, E> {
        Ok(number)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<u64, E> {
        u64::try_from(number)
            .map_err(|_| E::custom(format_args!("{number} is negative: write {}", self.form())))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<u64, E> {
        if self.text {
            parse_bytes(text).map_err(E::custom)
        } else {
            Err(E::custom(format_args!("{text:?} is a text: write {COUNT}")))
        }
    }
}

/// What the configuration takes for a quantity that is shown so: a plain number for a count, else the text as it is.
pub fn as_configured(shown: &str) -> Value {
    match shown.replace(',', "").parse::<u64>() {
        Ok(count) => count.into(),
        Err(_) => shown.into(),
    }
}

/// A number of bytes: in the largest unit of which it is a whole number, else in bytes.
pub fn bytes(bytes: u64) -> String {
    for (unit, shift) in UNITS {
        let whole = bytes >> shift;
        if whole > 0 && whole << shift == bytes {
            return format!("{} {unit}", count(whole));
        }
    }
    "0 bytes".to_owned()
}

/// A number with a comma after each three digits.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn three_digits_stand_together() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (50_000, "50,000"),
            (1_000_000, "1,000,000"),
        ] {
            assert_eq!(count(number), text);
        }
    }

    #[test]
    fn the_largest_unit_that_is_exact_is_taken() {
        for (number, text) in [
            (0, "0 bytes"),
            (1000, "1,000 bytes"),
            (1024, "1 KiB"),
            (1025, "1,025 bytes"),
            (64 << 10, "64 KiB"),
            (256 << 20, "256 MiB"),
            ((1 << 30) + (1 << 20), "1,025 MiB"),
            (3 << 30, "3 GiB"),
        ] {
            assert_eq!(bytes(number), text);
        }
    }

    #[test]
    fn commas_stand_between_thousands() {
        for (number, text) in [(7, "7"), (999, "999"), (100_000, "100,000")] {
            assert_eq!(count(number), text);
        }
        assert_eq!(count(u64::MAX), "18,446,744,073,709,551,615");
    }

    #[test]
    fn a_number_of_bytes_has_a_unit() {
        for (text, number) in [
            ("64 KiB", 64 << 10),
            (" 256MiB ", 256 << 20),
            ("1,025 MiB", 1025 << 20),
            ("1025 MiB", 1025 << 20),
            ("3 GiB", 3 << 30),
            ("0 bytes", 0),
        ] {
            assert_eq!(parse_bytes(text), Ok(number), "{text}");
        }
    }

    #[test]
    fn other_texts_are_refused_with_the_forms() {
        for text in [
            "",
            "7",
            "MiB",
            "256 MB",
            "256 mib",
            "-1 KiB",
            "1.5 GiB",
            "1,5 GiB",
            "10,00 KiB",
            ",1 KiB",
            "much",
        ] {
            let message = parse_bytes(text).unwrap_err().to_string();
            assert!(message.contains(&format!("{text:?}")), "{message}");
            assert!(message.contains("\"256 MiB\""), "{message}");
        }
        for text in ["17179869184 GiB", "99999999999999999999 bytes"] {
            let message = parse_bytes(text).unwrap_err().to_string();
            assert!(message.contains("too large"), "{message}");
        }
    }

    #[test]
    fn counts_are_plain_numbers_where_they_are_configured() {
        for (shown, value) in [("100,000", Value::from(100_000)), ("7", 7.into())] {
            assert_eq!(as_configured(shown), value);
        }
        for text in ["256 MiB", "1,025 bytes", "1m"] {
            assert_eq!(as_configured(text), text);
        }
    }

    proptest! {
        #[test]
        fn reads_what_it_writes(number: u64, shift in 0_u32..64) {
            let number = number >> shift << (shift / 2);
            prop_assert_eq!(parse_bytes(&bytes(number)), Ok(number));
        }

        #[test]
        fn never_panics(text in ".{0,40}") {
            let _ = parse_bytes(&text);
        }
    }
}
