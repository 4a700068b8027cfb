//! `collect`: one page of rows to a batch of events and the next cursor.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::bindings::inventory::connector::types::{Batch, Error, Event, Reject};
use crate::clock;
use crate::config::{self, Config};
use crate::cursor::Cursor;
use crate::event;
use crate::fetch::{self, Fetched, failure};
use crate::list::{self, List};
use crate::mapping;

/// The most events and rejects of a page, and about the most bytes of its events.
const PAGE_ROWS: usize = 500;
const PAGE_BYTES: usize = 8 << 20;

/// The list of the walk that goes on, so that its next page needs no request. Losing it costs one.
static SESSION: Mutex<Option<(u64, List)>> = Mutex::new(None);

/// Downloads the list, unless this instance has it, and maps the rows of the next page.
pub(crate) fn collect(config: &str, cursor: Option<&str>) -> Result<Batch, Error> {
    let config = config::read(config)?;
    let mut cursor = Cursor::resume(cursor, config.hash, config.range)
        .map_err(|refused| Error::InvalidCursor(failure(refused.message())))?;
    let now = clock::now();
    let text = now.format(&Rfc3339).unwrap_or_default();
    let kept = SESSION
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    let kept = kept.filter(|(hash, list)| *hash == config.hash && cursor.is_amid(&list.digest));
    let list = match kept {
        Some((_, list)) => list,
        None => match fetch::fetch(&config, cursor.etag())? {
            Fetched::Unchanged => {
                cursor.stay(None, &text);
                return batch(Page::default(), cursor, None, false);
            }
            Fetched::List { body, etag } if cursor.knows(&list::digest(&body)) => {
                cursor.stay(etag, &text);
                return batch(Page::default(), cursor, None, false);
            }
            Fetched::List { body, etag } => List::read(&config, body, etag)?,
        },
    };
    let (first, has_changed) = cursor.enter(&list, &text);
    let mut page = Page::map(&config, &cursor, &list, first, now);
    if has_changed {
        let warning = "The list has changed since the last page. The walk goes on in the new one, and the next walk reads \
                       all of it again.";
        page.warnings.push(warning.to_owned());
    }
    if list.rows.is_empty() {
        page.warnings.push("The list has no row.".to_owned());
    }
    let more = cursor.turn(&list, page.next, !page.events.is_empty());
    let total = u64::try_from(list.rows.len()).ok();
    if more {
        let mut session = SESSION.lock().unwrap_or_else(PoisonError::into_inner);
        *session = Some((config.hash, list));
    }
    batch(page, cursor, total, more)
}

fn batch(page: Page, cursor: Cursor, total: Option<u64>, more: bool) -> Result<Batch, Error> {
    let mark = cursor.mark.clone();
    let cursor = cursor.into_text().map_err(|error| {
        Error::Other(failure(format!(
            "The cursor could not be written: {error}."
        )))
    })?;
    Ok(Batch {
        events: page.events,
        rejects: page.rejects,
        cursor,
        mark,
        total,
        more,
        warnings: page.warnings,
    })
}

/// The rows of a page, mapped or rejected.
#[derive(Default)]
pub(crate) struct Page {
    pub(crate) events: Vec<Event>,
    pub(crate) rejects: Vec<Reject>,
    pub(crate) warnings: Vec<String>,
    /// The first row of the next page.
    next: usize,
}

impl Page {
    /// Maps the rows from `first` on, until the page is full.
    pub(crate) fn map(
        config: &Config,
        cursor: &Cursor,
        list: &List,
        first: usize,
        now: OffsetDateTime,
    ) -> Self {
        let mut page = Self {
            next: first,
            ..Self::default()
        };
        let mut bytes = 0;
        let mut unreadable: BTreeMap<&str, (usize, String)> = BTreeMap::new();
        for row in list.rows.iter().skip(first) {
            if page.events.len() + page.rejects.len() >= PAGE_ROWS || bytes >= PAGE_BYTES {
                break;
            }
            page.next += 1;
            let id = row.id.as_deref().map(str::to_owned);
            let record = match list.record(row) {
                Ok(record) => record,
                Err(reason) => {
                    page.rejects.push(Reject { id, reason });
                    continue;
                }
            };
            if row.id.is_some() && !cursor.wants(config.mapping.last_seen(&record)) {
                continue;
            }
            let mapped = match mapping::map(&config.mapping, &record, now) {
                Ok(mapped) => mapped,
                Err(why) => {
                    let reason = format!("{} {why}", list.place(row));
                    page.rejects.push(Reject { id, reason });
                    continue;
                }
            };
            for attribute in mapped.unreadable {
                let entry = unreadable.entry(attribute);
                entry.or_insert_with(|| (0, list.place(row))).0 += 1;
            }
            let json = event::json(&mapped.scalars);
            bytes += json.len();
            page.events.push(Event {
                device: id.unwrap_or_default(),
                json,
                fingerprint: event::fingerprint(&mapped.scalars),
            });
        }
        let warning = |(attribute, (count, place)): (&str, (usize, String))| {
            format!(
                "The column of `{attribute}` holds values that cannot be read, and that are left out: rows {count}, one of \
                 them {place}."
            )
        };
        page.warnings.extend(unreadable.into_iter().map(warning));
        page
    }
}
