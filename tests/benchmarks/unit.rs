//! What the values of a figure count, and how they are written.

/// The unit of a value. Values are kept in the unit that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Millionths of a second, of processor time for each endpoint or record.
    Microseconds,
    /// Thousandths of a second.
    Milliseconds,
    /// Seconds.
    Seconds,
    /// Bytes in 2^20.
    Mebibytes,
    /// Bytes in 2^10.
    Kibibytes,
    /// A multiple of something else.
    Times,
}

impl Unit {
    /// Returns the unit's symbol.
    pub fn sign(self) -> &'static str {
        match self {
            Unit::Microseconds => "µs",
            Unit::Milliseconds => "ms",
            Unit::Seconds => "s",
            Unit::Mebibytes => "MiB",
            Unit::Kibibytes => "KiB",
            Unit::Times => "×",
        }
    }

    /// Returns the number of decimals.
    fn digits(self) -> usize {
        match self {
            Unit::Kibibytes => 0,
            Unit::Microseconds | Unit::Milliseconds | Unit::Mebibytes => 1,
            Unit::Seconds | Unit::Times => 2,
        }
    }

    /// Returns a value with its unit.
    pub fn write(self, value: f64) -> String {
        format!("{value:.*} {}", self.digits(), self.sign())
    }

    /// Returns a range, rounded outward, so that it contains its values.
    pub fn write_range(self, (least, greatest): (f64, f64)) -> String {
        let digits = self.digits();
        let scale = 10_f64.powi(i32::try_from(digits).unwrap_or_default());
        // Rounds away the error of floating-point arithmetic.
        let least = (least * scale + 1e-6).floor() / scale;
        let greatest = (greatest * scale - 1e-6).ceil() / scale;
        format!("{least:.digits$} – {greatest:.digits$}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_rounded_outward() {
        for (unit, range, written) in [
            (Unit::Microseconds, (9.97, 10.01), "9.9 – 10.1"),
            (Unit::Seconds, (0.5, 0.5), "0.50 – 0.50"),
            (Unit::Times, (1.1, 1.2), "1.10 – 1.20"),
            (Unit::Kibibytes, (52.0, 52.4), "52 – 53"),
        ] {
            assert_eq!(unit.write_range(range), written);
        }
    }

    #[test]
    fn a_value_has_its_unit() {
        assert_eq!(Unit::Mebibytes.write(38.25), "38.2 MiB");
        assert_eq!(Unit::Times.write(1.0), "1.00 ×");
    }
}
