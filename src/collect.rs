//! One step of a collection: a page of endpoints to a batch of events and the cursor after it.

use time::OffsetDateTime;

use crate::bindings::inventory::connector::types::{Batch, Error, Event, Reject};
use crate::clock;
use crate::config;
use crate::cursor::{Cursor, Refused, Stuck};
use crate::mapping::{self, MapError, Mapping};
use crate::sophos::endpoints::{self, Asked, Page};
use crate::sophos::errors::failure;
use crate::sophos::session;
use crate::text::Text;

/// `collect`: asks for the next page, maps what is new in it, and moves the cursor on.
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
    let more = match endpoints::request(&session, &tenant, config.page_size, &cursor.query())? {
        Asked::KeyRefused => {
            cursor.key_refused(now.into()).map_err(stuck)?;
            true
        }
        Asked::Answered(answer) => {
            let date = answer.date.unwrap_or_else(clock::now);
            let duration = i64::try_from(answer.duration.as_millis()).unwrap_or(i64::MAX);
            cursor.answered(date.into(), duration, i64::from(config.overlap) * 1000);

            let text = Text::of(&answer.body);
            let page = endpoints::read(&tenant.api_host, &text.json)?;
            (events, rejects) = sort_items(&page, &text, &config.mapping, &mut cursor, now);
            cursor.turn_page(page.next_key.as_deref()).map_err(stuck)?
        }
    };
    let mark = cursor.mark();
    let cursor = cursor.into_text().map_err(|error| {
        Error::Other(failure(format!("the cursor could not be written: {error}")))
    })?;
    Ok(Batch {
        events,
        rejects,
        cursor,
        mark,
        more,
    })
}

/// Maps what the walk before has not delivered, sets aside what cannot be mapped, and shows every item to
/// the cursor. `text` is the answer that `page` was read from, `now` the time of an event whose record tells
/// none.
pub fn sort_items(
    page: &Page<'_>,
    text: &Text<'_>,
    mapping: &Mapping,
    cursor: &mut Cursor,
    now: OffsetDateTime,
) -> (Vec<Event>, Vec<Reject>) {
    let mut events = Vec::with_capacity(page.items.len());
    let mut rejects = Vec::new();
    for item in &page.items {
        let item = item.get();
        let reason = if text.is_broken(item) {
            "the record is not valid UTF-8".to_owned()
        } else {
            match deliver(item, mapping, cursor, now) {
                Ok(event) => {
                    events.extend(event);
                    continue;
                }
                Err(error) => error.message,
            }
        };
        let (id, last_seen) = mapping::identify(item);
        let last_seen = last_seen.map(Into::into);
        let known = id
            .as_deref()
            .is_some_and(|id| cursor.leaves_out(id, last_seen));
        if let Some(id) = &id {
            cursor.saw(id, last_seen);
        }
        if !known {
            rejects.push(Reject { id, reason });
        }
    }
    (events, rejects)
}

/// The event of an item; none where the walk before has delivered it.
fn deliver(
    item: &str,
    mapping: &Mapping,
    cursor: &mut Cursor,
    now: OffsetDateTime,
) -> Result<Option<Event>, MapError> {
    let endpoint = mapping::read(item)?;
    let last_seen = endpoint.last_seen_at.map(Into::into);
    let mut event = None;
    if !cursor.leaves_out(&endpoint.id, last_seen) {
        let mapped = mapping.map(&endpoint, now)?;
        event = Some(Event {
            device: endpoint.id.clone().into_owned(),
            json: mapped.json,
            fingerprint: mapped.fingerprint,
        });
    }
    cursor.saw(&endpoint.id, last_seen);
    Ok(event)
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
            "The API led back to a page that it had given before, so the listing would never end. Nothing \
             of it counts as complete; the next run tries the same page again, and the walk begins again \
             when it is a day old."
        }
        Stuck::KeyRefusedAgain => {
            "The API refused the key of its own next page twice in one walk. Nothing of it counts as \
             complete; the next run tries again, and the walk begins again when it is a day old."
        }
    }))
}
