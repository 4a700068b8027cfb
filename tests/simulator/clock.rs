//! The simulator's clock, which decides the `Date` header and when a token expires.
//!
//! It is real by default. A test that must not depend on the day it runs fixes or shifts it, also while the
//! simulator runs, with [`Simulator::configure`](crate::Simulator::configure).

use std::time::SystemTime;

use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

/// The time in the simulated Sophos Central.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Clock {
    /// The machine's clock.
    #[default]
    Real,
    /// Always this time.
    Fixed(OffsetDateTime),
    /// The machine's clock and this much more (or less, when negative).
    Offset(Duration),
}

impl Clock {
    /// Returns the current time in UTC.
    pub fn now(&self) -> OffsetDateTime {
        match self {
            Clock::Real => OffsetDateTime::now_utc(),
            Clock::Fixed(moment) => *moment,
            Clock::Offset(shift) => {
                let real = OffsetDateTime::now_utc();
                real.checked_add(*shift).unwrap_or(real)
            }
        }
    }

    /// Returns the current time as an HTTP `Date` header (RFC 9110, whole seconds).
    pub(crate) fn http_date(&self) -> String {
        httpdate::fmt_http_date(SystemTime::from(self.now()))
    }
}

/// Parses a time such as `2026-11-20T08:41:07.318Z` (RFC 3339), for tests.
///
/// # Panics
///
/// If the text is not a time in this format.
#[allow(
    clippy::panic,
    reason = "a wrong literal in a test must stop that test"
)]
pub fn instant(text: &str) -> OffsetDateTime {
    match OffsetDateTime::parse(text, &Rfc3339) {
        Ok(moment) => moment,
        Err(error) => panic!("{text:?} is no RFC 3339 moment: {error}"),
    }
}

/// Returns a moment as the API writes it: UTC, `Z`, three fraction digits or none.
pub(crate) fn timestamp(moment: OffsetDateTime, fraction: bool) -> String {
    let moment = moment.to_offset(time::UtcOffset::UTC);
    let (year, month, day) = moment.to_calendar_date();
    let (hour, minute, second) = moment.to_hms();
    let month = u8::from(month);
    let whole = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
    if fraction {
        format!("{whole}.{:03}Z", moment.millisecond())
    } else {
        format!("{whole}Z")
    }
}

/// Reads a record's time; `None` for what is not RFC 3339.
pub(crate) fn parse(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc3339).ok()
}
