//! The times. A time without a zone is UTC, and one that cannot be read counts as absent.

use time::OffsetDateTime;

use crate::mapping::dialect::Dialect::{Ocsf, Sekoia};
use crate::mapping::rule::{Make, Rule, always, rule};
use crate::mapping::subject::Subject;
use crate::mapping::value::{Made, Origin, Value, integer, text};

/// OCSF counts milliseconds. A lower number, before March 1973, looks like seconds: no endpoint has such a time.
const FIRST_MILLISECOND: i64 = 100_000_000_000;

const LAST_SEEN_AT: &[&str] = &["lastSeenAt"];
const REGISTERED_AT: &[&str] = &["registeredAt"];

/// When the event occurred.
pub(crate) const EVENT: &[Rule] = &[
    rule(
        "time",
        &["lastSeenAt", "registeredAt"],
        "lastSeenAt, else registeredAt, else the moment of the mapping; in seconds since 1970, the fraction cut off",
        |subject, _| {
            let endpoint = subject.endpoint;
            let (time, sources) = first(
                endpoint.last_seen_at.map(OffsetDateTime::unix_timestamp),
                endpoint.registered_at.map(OffsetDateTime::unix_timestamp),
            )
            .unwrap_or((subject.now.unix_timestamp(), &[]));
            Some(Made::at(Value::Integer(time), sources, 0))
        },
    )
    .only(Sekoia)
    .required()
    .heartbeat(),
    rule(
        "time",
        &["lastSeenAt", "registeredAt"],
        "lastSeenAt, else registeredAt, else the moment of the mapping; in milliseconds since 1970; a time before \
         March 1973 does not count",
        |subject, _| {
            let (time, sources) = milliseconds_of_event(subject)
                .unwrap_or_else(|| (since_1970(subject.now), &[]));
            Some(Made::at(Value::Integer(time), sources, 0))
        },
    )
    .only(Ocsf)
    .required()
    .heartbeat(),
    always("timezone_offset", Make::Integer(0)).only(Ocsf),
];

/// When the device was seen.
pub(crate) const DEVICE: &[Rule] = &[
    rule(
        "device.first_seen_time",
        REGISTERED_AT,
        "in seconds since 1970, the fraction cut off",
        |subject, _| seconds(subject.endpoint.registered_at),
    )
    .only(Sekoia),
    rule(
        "device.created_time",
        REGISTERED_AT,
        "in seconds since 1970, the fraction cut off",
        |subject, _| seconds(subject.endpoint.registered_at),
    )
    .only(Sekoia),
    rule(
        "device.last_seen_time",
        LAST_SEEN_AT,
        "in seconds since 1970, the fraction cut off",
        |subject, _| seconds(subject.endpoint.last_seen_at),
    )
    .only(Sekoia)
    .heartbeat(),
    rule(
        "device.first_seen_time",
        REGISTERED_AT,
        "in milliseconds since 1970, left out before March 1973",
        |subject, _| milliseconds(subject.endpoint.registered_at).map(integer),
    )
    .only(Ocsf),
    rule(
        "device.created_time",
        REGISTERED_AT,
        "in milliseconds since 1970, left out before March 1973",
        |subject, _| milliseconds(subject.endpoint.registered_at).map(integer),
    )
    .only(Ocsf),
    rule(
        "device.last_seen_time",
        LAST_SEEN_AT,
        "in milliseconds since 1970, left out before March 1973",
        |subject, _| milliseconds(subject.endpoint.last_seen_at).map(integer),
    )
    .only(Ocsf)
    .heartbeat(),
];

/// `metadata.original_time`: the text that [`EVENT`] read.
pub(crate) fn original<'a>(subject: &'a Subject<'a>, _: usize) -> Option<Made<'a>> {
    let (_, sources) = milliseconds_of_event(subject)?;
    let written = subject.record.text(sources.first()?, 0)?;
    Some(Made {
        origin: Origin::At(sources, 0),
        ..text(written)
    })
}

fn milliseconds_of_event(subject: &Subject<'_>) -> Option<(i64, &'static [&'static str])> {
    first(
        milliseconds(subject.endpoint.last_seen_at),
        milliseconds(subject.endpoint.registered_at),
    )
}

fn first(
    last_seen: Option<i64>,
    registered: Option<i64>,
) -> Option<(i64, &'static [&'static str])> {
    let last_seen = last_seen.map(|time| (time, LAST_SEEN_AT));
    last_seen.or_else(|| registered.map(|time| (time, REGISTERED_AT)))
}

fn seconds<'a>(moment: Option<OffsetDateTime>) -> Option<Made<'a>> {
    moment.map(|moment| integer(moment.unix_timestamp()))
}

fn milliseconds(moment: Option<OffsetDateTime>) -> Option<i64> {
    moment
        .map(since_1970)
        .filter(|milliseconds| *milliseconds >= FIRST_MILLISECOND)
}

/// Returns milliseconds, rounded down also before 1970.
fn since_1970(moment: OffsetDateTime) -> i64 {
    moment.unix_timestamp() * 1000 + i64::from(moment.millisecond())
}
