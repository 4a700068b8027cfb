//! The cursor: where a source's collection stands, so that no device is ever lost.
//!
//! A *walk* reads the pages of one listing, ordered by id. Pages are not in time order, so nothing may be
//! concluded from the times of a page before the last one has come: the mark rises only at the walk's end.
//! Until then the cursor holds the key of the next page, and a crash goes on there.
//!
//! This is a pure state machine: [`Cursor::resume`] reads a text, [`Cursor::query`] says what to ask for,
//! [`Cursor::answered`], [`Cursor::saw`], [`Cursor::listed`] and [`Cursor::turn_page`] take what came back, and
//! [`Cursor::into_text`] writes it down. It never sees a clock or a network; `tests/cursor_oracle/`
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

/// A walk that is older begins again: its page key may be worth nothing by then, and its mark is stale.
const WALK_LIFE_MILLIS: u64 = 24 * 60 * 60 * 1000;

/// How often in a row the API may refuse a page key before the walk gives up.
const MAX_REFUSALS: u32 = 3;

/// A refusal counts no more when the walk began again longer ago than this. Keys that expired between two runs thus
/// never add up to a walk that gives up.
const REFUSAL_LIFE_MILLIS: u64 = 30 * 60 * 1000;

/// The walk with which the mark rises though it was short, and those before it in a row were short as well.
const MAX_SHORT_WALKS: u32 = 3;

/// How far the API's clock and the host's may be apart without a warning.
const CLOCK_TOLERANCE_MILLIS: u64 = 60 * 1000;

/// A walk without a mark over what was last seen from `since` (inclusive) to `until` (exclusive).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    /// `lastSeenAfter` of every page
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// `lastSeenBefore` of every page
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// Where the collection of one tenant stands.
#[derive(Debug, Serialize, Deserialize)]
pub struct Cursor {
    version: u32,
    mapping_version: u32,
    /// The tenant's id in lower case.
    tenant: String,
    /// The mark: everything last seen before it has been delivered. Rises only with a walk's last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seen_cursor: Option<Timestamp>,
    /// What was seen at or after the mark: the filter is inclusive, so the next walk brings it again.
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

/// What to ask the API for.
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

/// Why a walk cannot go on.
#[derive(Debug, PartialEq, Eq)]
pub enum Stuck {
    /// The API gave a page key that it had given before in the same walk.
    KeyCameBack,
    /// The API refused a page key, and the walk has begun again for that as often as it may.
    KeyRefusedAgain,
}

/// What a person should look at though the walk goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warning {
    /// The API's clock and the host's are more than a minute apart.
    ClocksDiffer {
        /// The time by the answer's `Date`.
        api: Timestamp,
        /// The time by the host's clock.
        host: Timestamp,
    },
    /// The walk ended with fewer items than the API had announced.
    EndedEarly {
        /// How many items there were.
        items: u64,
        /// How many the API had announced.
        announced: u64,
        /// What follows from it.
        then: AfterShortWalk,
    },
}

/// What follows from a walk that ended with fewer items than announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterShortWalk {
    /// The mark stays, and the next walk is the same one again.
    Repeated,
    /// It was not the first one in a row: the mark has risen all the same.
    MarkRisen,
    /// It was a walk over a range, which has no mark and no next walk.
    RangeOver,
}

impl Cursor {
    /// Goes on from `text`, or begins a walk.
    ///
    /// `text` is none (walk everything, or the range), the text of an earlier cursor, or an RFC 3339 time
    /// (the mark of another connector). `tenant` is whose endpoints are asked for, `now` the time by the
    /// component's own clock. A walk older than 24 h and one of another mapping version begin again; the
    /// latter without a mark, so that everything is mapped anew.
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
            // One from the future was begun under a clock that ran ahead, and would never grow old.
            now.millis().abs_diff(walk.began.millis()) < WALK_LIFE_MILLIS
        });
        cursor.walk = Some(alive.unwrap_or_else(|| Walk::begin(now)));
        Ok(cursor)
    }

    fn read(text: &str) -> Result<Self, Refused> {
        /// The one field that every version has.
        #[derive(Deserialize)]
        struct Versioned {
            version: u64,
        }
        let versioned: Versioned = serde_json::from_str(text).map_err(|_| Refused::Damaged)?;
        match versioned.version.cmp(&u64::from(VERSION)) {
            Ordering::Greater => return Err(Refused::Newer),
            Ordering::Equal => {}
            // There is no version before the first.
            Ordering::Less => return Err(Refused::Damaged),
        }
        let cursor: Self = serde_json::from_str(text).map_err(|_| Refused::Damaged)?;
        // A range has no mark and remembers nothing: either would leave out devices that it holds.
        let has_past = cursor.last_seen_cursor.is_some() || !cursor.seen.is_empty();
        if cursor.range.is_some() && has_past {
            return Err(Refused::Damaged);
        }
        Ok(cursor)
    }

    /// What to ask the API for: the same filters for every page of a walk.
    pub fn query(&self) -> Query {
        let range = self.range.unwrap_or_default();
        Query {
            last_seen_after: self.last_seen_cursor.or(range.since),
            last_seen_before: range.until,
            page_from_key: self.walk.as_ref().and_then(|walk| walk.page_key.clone()),
        }
    }

    /// Takes note of an answer, before its items: `date` is the time by its `Date`, `host` the time by the host's
    /// clock when it was there, `duration_millis` how long the request took, `overlap_millis` the time that a
    /// check-in may take to show up in the API. Only a walk's first answer counts.
    ///
    /// The cap is taken from the earlier of the two clocks: one that is ahead, for a single answer or for good, hides
    /// no device, and one that is behind only has devices delivered again.
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

    /// Whether a device was delivered (or rejected) in the walk before, just as it is.
    pub fn leaves_out(&self, id: &str, last_seen: Option<Timestamp>) -> bool {
        last_seen.is_some_and(|moment| {
            self.seen.get(&*device_id::remembered(id)) == Some(&moment.millis())
        })
    }

    /// Takes note of an item, whether it is delivered, left out or rejected.
    pub fn saw(&mut self, id: &str, last_seen: Option<Timestamp>) {
        if let (Some(walk), Some(moment)) = (&mut self.walk, last_seen) {
            walk.saw(id, moment, self.last_seen_cursor);
        }
    }

    /// Takes note of how many items a page had, with or without an id, and how many items the API announced for the
    /// whole walk. What it announces counts on the first page only.
    pub fn listed(&mut self, items: usize, announced: Option<u64>) {
        if let Some(walk) = &mut self.walk {
            walk.listed(items, announced);
        }
    }

    /// Ends a page. `next_key` is `pages.nextKey` of the answer, none on the last page. Gives whether the
    /// walk goes on; where it does not, the mark has risen, unless the walk was short.
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

    /// Begins the walk again from the mark after the API refused its page key, `MAX_REFUSALS` times at most. The
    /// count starts anew with every page that the walk gets further, and when the walk began long ago.
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

    /// The text to store.
    pub fn into_text(self) -> Result<String, serde_json::Error> {
        serde_json::to_string(&self)
    }

    /// What a person should look at, of all that was taken note of since the cursor was resumed.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The mark, for people: RFC 3339; none before the first walk that saw a device has ended, and for a range.
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

    /// Whether the mark may rise after a walk: it was not short, or too many in a row were.
    fn judge_length(&mut self, walk: &Walk) -> bool {
        let Some(announced) = walk.announced.filter(|_| walk.is_short()) else {
            self.short_walks = 0;
            return true;
        };
        let then = if self.range.is_some() {
            AfterShortWalk::RangeOver
        } else {
            // A total that is always too high warns with every walk, and holds only the first ones up.
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
