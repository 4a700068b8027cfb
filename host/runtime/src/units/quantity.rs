//! Numbers as people read and write them: `256 MiB`, `100,000`.
//!
//! One form of bytes for the configuration and for what is shown, so that what is shown can be pasted back.

use serde::de::{Deserialize, Deserializer, Error};
use serde_json::Value;

/// The units of bytes, and by how many bits each shifts a number; the largest first.
const UNITS: [(&str, u32); 4] = [("GiB", 30), ("MiB", 20), ("KiB", 10), ("bytes", 0)];

/// Reads a number of bytes with a unit, as [`bytes`] writes it: `256 MiB`. Returns `None` for any other text and for more
/// than 64 bits hold.
pub fn parse_bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let number = |(unit, shift): &(&str, u32)| Some((text.strip_suffix(unit)?.trim_end(), *shift));
    let (digits, shift) = UNITS.iter().find_map(number)?;
    digits.parse::<u64>().ok()?.checked_mul(1 << shift)
}

/// Deserializes a number of bytes of at least 1: a whole number, or a text that [`parse_bytes`] reads.
///
/// # Errors
///
/// When it is anything else.
pub fn deserialize_bytes<'de, D: Deserializer<'de>, N: TryFrom<u64>>(
    deserializer: D,
) -> Result<N, D::Error> {
    #[derive(serde::Deserialize)]
    #[serde(untagged)]
    enum Bytes {
        Number(u64),
        Text(String),
    }

    let bytes = match Bytes::deserialize(deserializer) {
        Ok(Bytes::Number(number)) => Some(number),
        Ok(Bytes::Text(text)) => parse_bytes(&text),
        Err(_) => None,
    };
    positive(bytes).ok_or_else(|| {
        D::Error::custom("must be a number of bytes, such as 1048576, \"64 KiB\", \"256 MiB\" or \"1 GiB\", and not 0")
    })
}

/// Deserializes a count of at least 1.
///
/// # Errors
///
/// When it is anything else.
pub fn deserialize_count<'de, D: Deserializer<'de>, N: TryFrom<u64>>(
    deserializer: D,
) -> Result<N, D::Error> {
    positive(u64::deserialize(deserializer).ok())
        .ok_or_else(|| D::Error::custom("must be a whole number of 1 or more, such as 1000"))
}

fn positive<N: TryFrom<u64>>(number: Option<u64>) -> Option<N> {
    number
        .filter(|number| *number > 0)
        .and_then(|number| N::try_from(number).ok())
}

/// Returns what the configuration accepts for a quantity that is shown so: a number for a count, else the text.
pub fn as_configured(shown: &str) -> Value {
    match shown.replace(',', "").parse::<u64>() {
        Ok(count) => count.into(),
        Err(_) => shown.into(),
    }
}

/// Returns a number of bytes in the largest unit of which it is a whole number, so that it is exact.
pub fn bytes(bytes: u64) -> String {
    for (unit, shift) in UNITS {
        let whole = bytes >> shift;
        if whole > 0 && whole << shift == bytes {
            return format!("{whole} {unit}");
        }
    }
    "0 bytes".to_owned()
}

/// Returns a number with a comma after each three digits.
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
            (1000, "1000 bytes"),
            (1024, "1 KiB"),
            (1025, "1025 bytes"),
            (64 << 10, "64 KiB"),
            (256 << 20, "256 MiB"),
            ((1 << 30) + (1 << 20), "1025 MiB"),
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
            ("1025 MiB", 1025 << 20),
            ("3 GiB", 3 << 30),
            ("0 bytes", 0),
        ] {
            assert_eq!(parse_bytes(text), Some(number), "{text}");
        }
    }

    #[test]
    fn any_other_text_is_refused() {
        for text in [
            "",
            "7",
            "MiB",
            "256 MB",
            "256 mib",
            "-1 KiB",
            "1.5 GiB",
            "1,5 GiB",
            "much",
            "17179869184 GiB",
            "99999999999999999999 bytes",
        ] {
            assert_eq!(parse_bytes(text), None, "{text}");
        }
    }

    #[test]
    fn counts_are_plain_numbers_where_they_are_configured() {
        for (shown, value) in [("100,000", Value::from(100_000)), ("7", 7.into())] {
            assert_eq!(as_configured(shown), value);
        }
        for text in ["256 MiB", "1025 bytes", "1m"] {
            assert_eq!(as_configured(text), text);
        }
    }

    proptest! {
        #[test]
        fn reads_what_it_writes(number: u64, shift in 0_u32..64) {
            let number = number >> shift << (shift / 2);
            prop_assert_eq!(parse_bytes(&bytes(number)), Some(number));
        }

        #[test]
        fn never_panics(text in ".{0,40}") {
            let _ = parse_bytes(&text);
        }
    }
}
