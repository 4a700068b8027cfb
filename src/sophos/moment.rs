//! Reads times leniently.
//!
//! A value of another type and a text that is not a time count as absent: they must not make an endpoint fail.

use time::format_description::well_known::{Iso8601, Rfc3339};
use time::{Date, Duration, OffsetDateTime, UtcOffset};

use crate::json::Scalar;

/// Longer than any time in ISO 8601 with a reasonable fraction.
const MAX_TIME: usize = 64;

/// The number of digits of a fraction that are kept.
const FRACTION_DIGITS: usize = 9;

/// Reads a time in the forms of ISO 8601, in UTC. A time without a zone is UTC. A time that has no year of four digits
/// in UTC counts as absent.
pub(crate) fn moment(value: Scalar<'_>) -> Option<OffsetDateTime> {
    let text = value.text().filter(|text| text.len() <= MAX_TIME)?;
    // The API's own form is tried first: the RFC 3339 parser is much faster.
    OffsetDateTime::parse(&text, &Rfc3339)
        .ok()
        .or_else(|| iso_8601(&text))?
        .checked_to_offset(UtcOffset::UTC)
        .filter(|moment| (0..=9999).contains(&moment.year()))
}

/// Reads what [`Iso8601`] reads, in any case and with a space in place of the `T`, and also a time without a zone, a
/// date without a time (its midnight), and `24:00`, the end of a day.
fn iso_8601(text: &str) -> Option<OffsetDateTime> {
    let text = text.to_ascii_uppercase().replacen(' ', "T", 1);
    let Some((date, time)) = text.split_once('T') else {
        let date = Date::parse(&text, &Iso8601::PARSING).ok()?;
        return Some(date.midnight().assume_utc());
    };
    let zone_at = time.find(['Z', '+', '-']).unwrap_or(time.len());
    let (clock, zone) = time.split_at(zone_at);
    let zone = if zone.is_empty() { "Z" } else { zone };
    let clock = without_surplus_digits(clock);
    match clock.strip_prefix("24").filter(|rest| is_zero(rest)) {
        Some(rest) => parse(&format!("{date}T00{rest}{zone}"))?.checked_add(Duration::DAY),
        None => parse(&format!("{date}T{clock}{zone}")),
    }
}

fn parse(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text, &Iso8601::PARSING).ok()
}

/// Cuts a fraction: the parser would round it, in the last second of a minute to one that does not exist.
fn without_surplus_digits(clock: &str) -> &str {
    let kept = clock
        .find(['.', ','])
        .and_then(|sign| clock.split_at_checked(sign + 1 + FRACTION_DIGITS));
    match kept {
        Some((kept, surplus)) if surplus.bytes().all(|byte| byte.is_ascii_digit()) => kept,
        _ => clock,
    }
}

fn is_zero(clock: &str) -> bool {
    clock
        .bytes()
        .all(|byte| matches!(byte, b'0' | b':' | b'.' | b','))
}

#[cfg(test)]
mod tests;
