//! `collect`: one page of endpoints to a batch of events and the next cursor.

use time::OffsetDateTime;
use url::Url;

use crate::bindings::inventory::connector::types::{Batch, Error, Event, Reject};
use crate::clock;
use crate::config;
use crate::cursor::{AfterShortWalk, Cursor, Refused, Stuck, Warning};
use crate::mapping::Mapping;
use crate::sophos::device_id;
use crate::sophos::endpoint::{Endpoint, require_id};
use crate::sophos::endpoints::{self, Requested};
use crate::sophos::errors::failure;
use crate::sophos::session;
use crate::text::Text;

/// Requests the next page, maps its new endpoints, and advances the cursor.
pub fn collect(config: &str, cursor: Option<&str>) -> Result<Batch, Error> {
    let config = config::read(config)?;
    let session = session::open(&config)?;
    let tenant = session.owner.tenant(config.tenant.as_ref())?;
    let now = clock::now();
    let mut cursor = Cursor::resume(
        cursor,
        &tenant.id,
        config.range,
        config.mapping.version(),
        now.into(),
    )
    .map_err(refused)?;

    let mut events = Vec::new();
    let mut rejects = Vec::new();
    let mut total = None;
    let query = cursor.query();
    let more = match endpoints::request(&session, &tenant, config.page_size, &query)? {
        Requested::KeyRefused => {
            cursor.key_refused(now.into()).map_err(stuck)?;
            true
        }
        Requested::Page(answer) => {
            let date = answer.date.map(Into::into);
            let duration = i64::try_from(answer.duration.as_millis()).unwrap_or(i64::MAX);
            let overlap = i64::from(config.overlap) * 1000;
            cursor.answered(date, clock::now().into(), duration, overlap);

            // Before the page is mapped: the sooner the next one is requested, the sooner it is there.
            endpoints::request_next(&session, &tenant, config.page_size, &query, &answer.body);
            let text = Text::of(&answer.body);
            let sorted = sort(&tenant.api_host, &text, &config.mapping, &mut cursor, now)?;
            (events, rejects) = (sorted.events, sorted.rejects);
            total = cursor.announced();
            cursor
                .turn_page(sorted.next_key.as_deref())
                .map_err(stuck)?
        }
    };
    let warnings = cursor.warnings().iter().map(warning).collect();
    let mark = cursor.mark();
    let cursor = cursor.into_text().map_err(|error| {
        Error::Other(failure(format!("the cursor could not be written: {error}")))
    })?;
    Ok(Batch {
        events,
        rejects,
        cursor,
        mark,
        total,
        more,
        warnings,
    })
}

/// The items of a page, mapped or rejected.
pub struct Sorted {
    /// The events of new endpoints.
    pub events: Vec<Event>,
    /// The records that cannot be mapped.
    pub rejects: Vec<Reject>,
    /// `pages.nextKey`: `None` on the last page.
    pub next_key: Option<String>,
}

/// Reads a page: maps the endpoints that the previous walk has not delivered, rejects those that cannot be mapped, and
/// records every item and their number in the cursor. `now` is the time of an event whose record has none.
///
/// # Errors
///
/// `protocol` if the text is not a page; the cursor must not be used afterwards.
pub fn sort(
    api_host: &Url,
    text: &Text<'_>,
    mapping: &Mapping,
    cursor: &mut Cursor,
    now: OffsetDateTime,
) -> Result<Sorted, Error> {
    let mut events = Vec::new();
    let mut rejects = Vec::new();
    let listed = endpoints::read(api_host, &text.json, |endpoint| {
        let last_seen = endpoint.last_seen_at.map(Into::into);
        let is_known = cursor.leaves_out(&endpoint.id, last_seen);
        match map(&endpoint, text, mapping, is_known, now) {
            Ok(event) => events.extend(event),
            Err(_) if is_known => {}
            Err(reason) => {
                let id = Some(device_id::shortened(&endpoint.id)).filter(|id| !id.is_empty());
                rejects.push(Reject { id, reason });
            }
        }
        if !endpoint.id.is_empty() {
            cursor.saw(&endpoint.id, last_seen);
        }
    })?;
    cursor.listed(listed.items, listed.announced);
    Ok(Sorted {
        events,
        rejects,
        next_key: listed.next_key,
    })
}

/// Returns the event of an endpoint, `None` if the previous walk delivered it, or why it cannot be mapped.
fn map(
    endpoint: &Endpoint<'_>,
    text: &Text<'_>,
    mapping: &Mapping,
    is_known: bool,
    now: OffsetDateTime,
) -> Result<Option<Event>, String> {
    if text.is_broken(endpoint.json) {
        return Err("the record is not valid UTF-8".to_owned());
    }
    if is_known {
        return Ok(None);
    }
    let mapped = require_id(endpoint).and_then(|()| mapping.map(endpoint, now));
    let mapped = mapped.map_err(|error| error.message)?;
    Ok(Some(Event {
        device: endpoint.id.clone().into_owned(),
        json: mapped.json,
        fingerprint: mapped.fingerprint,
    }))
}

fn refused(why: Refused) -> Error {
    Error::InvalidCursor(failure(match why {
        Refused::Damaged => {
            "The cursor is damaged. Without it, everything is collected again; nothing is lost."
        }
        Refused::Newer => {
            "The cursor was written by a newer version of this component. Use that version, or drop the \
             cursor to collect everything again."
        }
        Refused::OtherTenant => {
            "The cursor belongs to another tenant than the credential or the source. Give another credential \
             an account of its own, or drop the cursor to collect everything."
        }
        Refused::OtherRange => {
            "The cursor belongs to a walk over another time range. Begin the range without a cursor."
        }
    }))
}

fn stuck(why: Stuck) -> Error {
    Error::Protocol(failure(match why {
        Stuck::KeyCameBack => {
            "The API returned the key of an earlier page, so the listing would never end. The walk is not complete; \
             the next run requests the same page again, and the walk begins again when it is a day old."
        }
        Stuck::KeyRefusedAgain => {
            "The API refused the key of its own next page four times without progress, so the walk cannot be finished \
             now and is not complete. It may begin again half an hour after its last beginning; until then each \
             run requests the same page once."
        }
    }))
}

fn warning(warning: &Warning) -> String {
    match warning {
        Warning::ClocksDiffer { api, host } => format!(
            "The clocks differ: the API's says {api}, this machine's {host}. The earlier one bounds how far the \
             source counts as collected, so that no device is missed; devices may be delivered again. Correct this \
             machine's clock if it is wrong."
        ),
        Warning::EndedEarly {
            items,
            announced,
            then,
        } => {
            let then = match then {
                AfterShortWalk::Repeated => {
                    "What was listed is delivered, and the next run repeats the same walk."
                }
                AfterShortWalk::MarkRisen => {
                    "So did the walks before, so the source counts as collected nevertheless. Devices \
                     may be missing until the next full walk; compare their number with Sophos Central."
                }
                AfterShortWalk::RangeOver => {
                    "What was listed is delivered; run the same range again, as devices may be missing."
                }
            };
            format!(
                "The listing ended after {items} of the {announced} endpoints that the API had announced. {then}"
            )
        }
    }
}
