//! The cursor: the position of a source's collection, which guarantees that no device is lost.
//!
//! A *walk* reads the pages of one listing, ordered by id. Pages are not in order of time, so the mark only rises at
//! the end of a walk. Until then the cursor holds the key of the next page, and after a crash the walk continues there.
//!
//! This is a pure state machine: [`Cursor::resume`] reads a text, [`Cursor::query`] returns the next request,
//! [`Cursor::answered`], [`Cursor::saw`], [`Cursor::listed`] and [`Cursor::turn_page`] take the response, and
//! [`Cursor::into_text`] writes the text. It never uses a clock or a network; `tests/cursor_oracle/` drives it with
//! random histories.
//! drives it with random histories.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::mem;

use serde::{Deserialize, Serialize};

pub use crate::cursor::walk::SEEN_BOUND;
use crate::cursor::walk::{Walk, keep_newest};
use crate::sophos::device_id;
use crate::timestamp::Timestamp;

mod walk;

/// The version of the cursor's text; one more is refused by this program.
const VERSION: u32 = 1;

/// An older walk starts again: its page key may have expired, and its mark is stale.
const WALK_LIFE_MILLIS: u64 = 24 * 60 * 60 * 1000;

/// How often in a row the API may reject a page key before the walk fails.
const MAX_REFUSALS: u32 = 3;

/// A rejected key no longer counts if the walk restarted longer ago than this, so that keys that expire between two
/// runs never make a walk fail.
const REFUSAL_LIFE_MILLIS: u64 = 30 * 60 * 1000;

/// The number of short walks in a row after which the mark rises anyway.
const MAX_SHORT_WALKS: u32 = 3;

/// The maximum difference between the API's clock and the host's without a warning.
const CLOCK_TOLERANCE_MILLIS: u64 = 60 * 1000;

/// A walk without a mark over the devices last seen from `since` (inclusive) to `until` (exclusive).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    /// `lastSeenAfter` of every page
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// `lastSeenBefore` of every page
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// The position of the collection of one tenant.
#[derive(Debug, Serialize, Deserialize)]
pub struct Cursor {
    version: u32,
    mapping_version: u32,
    /// The tenant's id in lower case.
    tenant: String,
    /// The mark: everything last seen before it has been delivered. Rises only with a walk's last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seen_cursor: Option<Timestamp>,
    /// Devices seen at or after the mark: the filter is inclusive, so the next walk lists them again.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    seen: BTreeMap<String, i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<Range>,
    #[serde(skip_serializing_if = "Option::is_none")]
    walk: Option<Walk>,
    /// How many walks in a row, up to the last one, ended with fewer items than the API had announced.
    #[serde(default, skip_serializing_if = "is_zero")]
    short_walks: u32,
    #[serde(skip)]
    warnings: Vec<Warning>,
}

/// The parameters of the next request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// `lastSeenAfter`, inclusive
    pub last_seen_after: Option<Timestamp>,
    /// `lastSeenBefore`, exclusive
    pub last_seen_before: Option<Timestamp>,
    /// `pageFromKey`
    pub page_from_key: Option<String>,
}

/// Why a stored cursor is refused.
#[derive(Debug, PartialEq, Eq)]
pub enum Refused {
    /// It is neither a cursor nor a time.
    Damaged,
    /// It was written by a newer version of the component.
    Newer,
    /// It belongs to another tenant.
    OtherTenant,
    /// It belongs to a walk over another range, or over none.
    OtherRange,
}

/// Why a walk cannot continue.
#[derive(Debug, PartialEq, Eq)]
pub enum Stuck {
    /// The API returned a page key twice in one walk.
    KeyCameBack,
    /// The API rejected a page key, and the walk has restarted as often as it may.
    KeyRefusedAgain,
}

/// A warning to the user; the walk continues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warning {
    /// The API's clock and the host's differ by more than a minute.
    ClocksDiffer {
        /// The time in the response's `Date`.
        api: Timestamp,
        /// The time by the host's clock.
        host: Timestamp,
    },
    /// The walk ended with fewer items than the API announced.
    EndedEarly {
        /// The number of items.
        items: u64,
        /// The announced number of items.
        announced: u64,
        /// The consequence.
        then: AfterShortWalk,
    },
}

/// The consequence of a walk that ended with fewer items than announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterShortWalk {
    /// The mark stays, and the next walk repeats this one.
    Repeated,
    /// It was not the first one in a row, so the mark has risen anyway.
    MarkRisen,
    /// It was a walk over a range, which has no mark and no next walk.
    RangeOver,
}

impl Cursor {
    /// Resumes from `text`, or starts a walk.
    ///
    /// `text` is `None` (walk everything, or the range), the text of an earlier cursor, or an RFC 3339 time (the mark
    /// of another connector). `tenant` is the tenant to collect, `now` the time of the component's clock. A walk older
    /// than 24 h or of another mapping version restarts; the latter without a mark, so that everything is mapped again.
    pub fn resume(
        text: Option<&str>,
        tenant: &str,
        range: Option<Range>,
        mapping_version: u32,
        now: Timestamp,
    ) -> Result<Self, Refused> {
        let mut cursor = Self {
            version: VERSION,
            mapping_version,
            tenant: tenant.to_lowercase(),
            last_seen_cursor: None,
            seen: BTreeMap::new(),
            range,
            walk: None,
            short_walks: 0,
            warnings: Vec::new(),
        };
        if let Some(text) = text {
            if let Some(mark) = Timestamp::parse(text.trim()) {
                if range.is_some() {
                    return Err(Refused::OtherRange);
                }
                cursor.last_seen_cursor = Some(mark);
            } else {
                let stored = Self::read(text)?;
                if stored.tenant != cursor.tenant {
                    return Err(Refused::OtherTenant);
                }
                if stored.range != range {
                    return Err(Refused::OtherRange);
                }
                if stored.mapping_version == mapping_version {
                    cursor = stored;
                }
            }
        }
        let alive = cursor.walk.take().filter(|walk| {
            // A walk from the future was started by a clock that was ahead, and would never expire.
            now.millis().abs_diff(walk.began.millis()) < WALK_LIFE_MILLIS
        });
        cursor.walk = Some(alive.unwrap_or_else(|| Walk::begin(now)));
        Ok(cursor)
    }

    fn read(text: &str) -> Result<Self, Refused> {
        /// The only field that every version has.
        #[derive(Deserialize)]
        struct Versioned {
            version: u64,
        }
        let versioned: Versioned = serde_json::from_str(text).map_err(|_| Refused::Damaged)?;
        match versioned.version.cmp(&u64::from(VERSION)) {
            Ordering::Greater => return Err(Refused::Newer),
            Ordering::Equal => {}
            // Versions start at 1.
            Ordering::Less => return Err(Refused::Damaged),
        }
        let cursor: Self = serde_json::from_str(text).map_err(|_| Refused::Damaged)?;
        // A range has no mark and remembers no devices: either would leave out devices in it.
        let has_past = cursor.last_seen_cursor.is_some() || !cursor.seen.is_empty();
        if cursor.range.is_some() && has_past {
            return Err(Refused::Damaged);
        }
        Ok(cursor)
    }

    /// Returns the next request: with the same filters for every page of a walk.
    pub fn query(&self) -> Query {
        let range = self.range.unwrap_or_default();
        Query {
            last_seen_after: self.last_seen_cursor.or(range.since),
            last_seen_before: range.until,
            page_from_key: self.walk.as_ref().and_then(|walk| walk.page_key.clone()),
        }
    }

    /// Records a response, before its items: `date` is its `Date`, `host` the time of the host's clock when it arrived,
    /// `duration_millis` the duration of the request, `overlap_millis` the time until the API shows a check-in. Only a
    /// walk's first response counts.
    ///
    /// The cap is the earlier of the two clocks: a clock that is ahead, once or always, hides no device, and a clock
    /// that is behind only delivers devices again.
    pub fn answered(
        &mut self,
        date: Option<Timestamp>,
        host: Timestamp,
        duration_millis: i64,
        overlap_millis: i64,
    ) {
        let Some(walk) = self.walk.as_mut().filter(|walk| walk.cap.is_none()) else {
            return;
        };
        let back = duration_millis.max(0).saturating_add(overlap_millis.max(0));
        let earlier = date.map_or(host, |date| date.min(host));
        walk.cap = Some(earlier.plus_millis(-back));
        if let Some(api) = date
            && api.millis().abs_diff(host.millis()) > CLOCK_TOLERANCE_MILLIS
        {
            self.warnings.push(Warning::ClocksDiffer { api, host });
        }
    }

    /// Returns whether the previous walk delivered (or rejected) this device in the same state.
    pub fn leaves_out(&self, id: &str, last_seen: Option<Timestamp>) -> bool {
        last_seen.is_some_and(|moment| {
            self.seen.get(&*device_id::remembered(id)) == Some(&moment.millis())
        })
    }

    /// Records an item, whether it is delivered, skipped or rejected.
    pub fn saw(&mut self, id: &str, last_seen: Option<Timestamp>) {
        if let (Some(walk), Some(moment)) = (&mut self.walk, last_seen) {
            walk.saw(id, moment, self.last_seen_cursor);
        }
    }

    /// Records the number of items of a page, with or without an id, and the number of items that the API announced for
    /// the complete walk, which counts on the first page only.
    pub fn listed(&mut self, items: usize, announced: Option<u64>) {
        if let Some(walk) = &mut self.walk {
            walk.listed(items, announced);
        }
    }

    /// Returns the number of items that the API announced for the complete walk, while it runs.
    pub fn announced(&self) -> Option<u64> {
        self.walk.as_ref()?.announced
    }

    /// Ends a page. `next_key` is `pages.nextKey` of the response, `None` on the last page. Returns whether the walk
    /// continues; if it does not, the mark has risen, unless the walk was short.
    pub fn turn_page(&mut self, next_key: Option<&str>) -> Result<bool, Stuck> {
        let Some(mut walk) = self.walk.take() else {
            return Ok(false);
        };
        let Some(next_key) = next_key else {
            self.finish(walk);
            return Ok(false);
        };
        if walk.had_key(next_key) {
            return Err(Stuck::KeyCameBack);
        }
        walk.turn_page(next_key, self.last_seen_cursor);
        self.walk = Some(walk);
        Ok(true)
    }

    /// Restarts the walk from the mark after the API rejected its page key, at most `MAX_REFUSALS` times in a row. The
    /// count restarts whenever the walk gets further, and when it started long ago.
    pub fn key_refused(&mut self, now: Timestamp) -> Result<(), Stuck> {
        let mut next = Walk::begin(now);
        if let Some(walk) = &self.walk {
            let is_recent = now.millis().abs_diff(walk.began.millis()) < REFUSAL_LIFE_MILLIS;
            let refusals = if is_recent { walk.refusals } else { 0 };
            if refusals >= MAX_REFUSALS {
                return Err(Stuck::KeyRefusedAgain);
            }
            next.refusals = refusals + 1;
            next.refused_page = match refusals {
                0 => walk.pages,
                _ => walk.pages.max(walk.refused_page),
            };
        }
        self.walk = Some(next);
        Ok(())
    }

    /// Returns the text to store.
    pub fn into_text(self) -> Result<String, serde_json::Error> {
        serde_json::to_string(&self)
    }

    /// Returns the warnings since the cursor was resumed.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Returns the mark for people, in RFC 3339; `None` before the end of the first walk that saw a device, and for a
    /// range.
    pub fn mark(&self) -> Option<String> {
        self.last_seen_cursor.map(|mark| mark.to_string())
    }

    fn finish(&mut self, walk: Walk) {
        let rises = self.judge_length(&walk);
        if self.range.is_some() {
            return;
        }
        let mark = if rises {
            walk.mark_after(self.last_seen_cursor)
        } else {
            self.last_seen_cursor
        };
        let lowest = mark.map_or(i64::MIN, Timestamp::millis);
        self.seen.extend(walk.seen);
        let mut seen: Vec<_> = mem::take(&mut self.seen).into_iter().collect();
        seen.retain(|(_, moment)| *moment >= lowest);
        keep_newest(&mut seen);
        self.seen = seen.into_iter().collect();
        self.last_seen_cursor = mark;
    }

    /// Returns whether the mark may rise after a walk: it was not short, or too many in a row were.
    fn judge_length(&mut self, walk: &Walk) -> bool {
        let Some(announced) = walk.announced.filter(|_| walk.is_short()) else {
            self.short_walks = 0;
            return true;
        };
        let then = if self.range.is_some() {
            AfterShortWalk::RangeOver
        } else {
            // If the announced number is always too high, every walk warns, but only the first ones hold the mark.
            self.short_walks = self.short_walks.saturating_add(1).min(MAX_SHORT_WALKS);
            if self.short_walks < MAX_SHORT_WALKS {
                AfterShortWalk::Repeated
            } else {
                AfterShortWalk::MarkRisen
            }
        };
        self.warnings.push(Warning::EndedEarly {
            items: walk.items,
            announced,
            then,
        });
        then != AfterShortWalk::Repeated
    }
}

fn is_zero(count: &u32) -> bool {
    *count == 0
}
