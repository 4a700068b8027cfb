//! Numbers as people read them: `256 MiB`, `100,000`.

/// A number of bytes: in the largest unit of which it is a whole number, else in bytes.
pub fn bytes(bytes: u64) -> String {
    for (shift, unit) in [(30, "GiB"), (20, "MiB"), (10, "KiB")] {
        let whole = bytes >> shift;
        if whole > 0 && whole << shift == bytes {
            return format!("{} {unit}", count(whole));
        }
    }
    format!("{} bytes", count(bytes))
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
    use super::{bytes, count};

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
}
