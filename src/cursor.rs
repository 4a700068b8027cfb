//! The cursor: where a source's collection stands, so that no device is ever lost.
//!
//! A *walk* reads the pages of one listing, ordered by id. Pages are not in time order, so nothing may be
//! concluded from the times of a page before the last one has come: the mark rises only at the walk's end.
//! Until then the cursor holds the key of the next page, and a crash goes on there.
//!
//! This is a pure state machine: [`Cursor::resume`] reads a text, [`Cursor::query`] says what to ask for,
//! [`Cursor::answered`], [`Cursor::saw`] and [`Cursor::turn_page`] take what came back, and
//! [`Cursor::into_text`] writes it down. It never sees a clock or a network; `tests/cursor_oracle.rs`
//! drives it with random histories.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::mem;

use serde::{Deserialize, Serialize};

use crate::timestamp::Timestamp;

/// The version of the cursor's text; one more is refused by this program.
const VERSION: u32 = 1;

/// How many entries a cursor keeps of what was seen at or after the mark. Past it devices are repeated.
pub const SEEN_BOUND: usize = 2_000;

/// A walk that is older begins again: its page key may be worth nothing by then, and its mark is stale.
const WALK_LIFE_MILLIS: u64 = 24 * 60 * 60 * 1000;

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
}

/// Where a walk stands between two of its pages.
#[derive(Debug, Serialize, Deserialize)]
struct Walk {
    /// By the component's own clock.
    began: Timestamp,
    /// The mark never rises above it: what checks in behind the walk's back, or is indexed late, lies
    /// above. Set by the walk's first answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    cap: Option<Timestamp>,
    /// The newest `lastSeenAt` so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    newest: Option<Timestamp>,
    /// What was seen in this walk at or after the lowest mark it can end with, newest first.
    #[serde(default)]
    seen: Vec<(String, i64)>,
    /// How many of this walk's devices were last seen in the very millisecond of that lowest mark.
    #[serde(default)]
    tied: u64,
    /// `pageFromKey` of the next page; none for the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    page_key: Option<String>,
    pages: u64,
    /// An earlier key to compare with, moved on at every power of two, so that a loop of any length is
    /// found without remembering every key (Brent's algorithm).
    #[serde(skip_serializing_if = "Option::is_none")]
    earlier_key: Option<String>,
    /// The API has refused a key of this walk, and the walk began again.
    #[serde(default)]
    restarted: bool,
}

impl Walk {
    fn begin(now: Timestamp) -> Self {
        Self {
            began: now,
            cap: None,
            newest: None,
            seen: Vec::new(),
            tied: 0,
            page_key: None,
            pages: 0,
            earlier_key: None,
            restarted: false,
        }
    }
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
    /// The API refused a page key in a walk that had already begun again for that.
    KeyRefusedAgain,
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

    /// Takes note of an answer, before its items: `date` is the server's clock at the answer (else the
    /// component's own), `duration_millis` how long the request took, `overlap_millis` the time that a
    /// check-in may take to show up in the API. Only a walk's first answer counts.
    pub fn answered(&mut self, date: Timestamp, duration_millis: i64, overlap_millis: i64) {
        if let Some(walk) = &mut self.walk {
            let back = duration_millis.max(0).saturating_add(overlap_millis.max(0));
            walk.cap.get_or_insert(date.plus_millis(-back));
        }
    }

    /// Whether a device was delivered (or rejected) in the walk before, just as it is.
    pub fn leaves_out(&self, id: &str, last_seen: Option<Timestamp>) -> bool {
        last_seen.is_some_and(|moment| self.seen.get(id) == Some(&moment.millis()))
    }

    /// Takes note of an item, whether it is delivered, left out or rejected.
    pub fn saw(&mut self, id: &str, last_seen: Option<Timestamp>) {
        let (Some(walk), Some(moment)) = (&mut self.walk, last_seen) else {
            return;
        };
        let before = lowest_mark(self.last_seen_cursor, walk);
        walk.newest = walk.newest.max(Some(moment));
        let lowest = lowest_mark(self.last_seen_cursor, walk);
        if lowest > before {
            walk.tied = 0;
        }
        if Some(moment) == lowest {
            walk.tied = walk.tied.saturating_add(1);
        }
        if Some(moment) >= lowest {
            walk.seen.push((id.to_owned(), moment.millis()));
        }
    }

    /// Ends a page. `next_key` is `pages.nextKey` of the answer, none on the last page. Gives whether the
    /// walk goes on; where it does not, the mark has risen.
    pub fn turn_page(&mut self, next_key: Option<&str>) -> Result<bool, Stuck> {
        let Some(mut walk) = self.walk.take() else {
            return Ok(false);
        };
        let Some(next_key) = next_key else {
            self.finish(walk);
            return Ok(false);
        };
        let came_back = [&walk.page_key, &walk.earlier_key]
            .into_iter()
            .any(|key| key.as_deref() == Some(next_key));
        if came_back {
            return Err(Stuck::KeyCameBack);
        }
        let lowest = lowest_mark(self.last_seen_cursor, &walk).map_or(i64::MIN, Timestamp::millis);
        walk.seen.retain(|(_, moment)| *moment >= lowest);
        keep_newest(&mut walk.seen);
        walk.pages = walk.pages.saturating_add(1);
        if walk.pages.is_power_of_two() {
            walk.earlier_key = Some(next_key.to_owned());
        }
        walk.page_key = Some(next_key.to_owned());
        self.walk = Some(walk);
        Ok(true)
    }

    /// Begins the walk again from the mark after the API refused its page key; once a walk.
    pub fn key_refused(&mut self, now: Timestamp) -> Result<(), Stuck> {
        if self.walk.as_ref().is_some_and(|walk| walk.restarted) {
            return Err(Stuck::KeyRefusedAgain);
        }
        self.walk = Some(Walk {
            restarted: true,
            ..Walk::begin(now)
        });
        Ok(())
    }

    /// The text to store.
    pub fn into_text(self) -> Result<String, serde_json::Error> {
        serde_json::to_string(&self)
    }

    /// The mark, for people: RFC 3339; none before the first walk has ended, and for a range.
    pub fn mark(&self) -> Option<String> {
        self.last_seen_cursor.map(|mark| mark.to_string())
    }

    fn finish(&mut self, walk: Walk) {
        if self.range.is_some() {
            return;
        }
        let mut mark = match walk.newest {
            Some(_) => lowest_mark(self.last_seen_cursor, &walk),
            None => self.last_seen_cursor.max(walk.cap),
        };
        if walk.tied > SEEN_BOUND as u64 {
            mark = mark.map(|mark| mark.plus_millis(1));
        }
        let lowest = mark.map_or(i64::MIN, Timestamp::millis);
        self.seen.extend(walk.seen);
        let mut seen: Vec<_> = mem::take(&mut self.seen).into_iter().collect();
        seen.retain(|(_, moment)| *moment >= lowest);
        keep_newest(&mut seen);
        self.seen = seen.into_iter().collect();
        self.last_seen_cursor = mark;
    }
}

/// The mark that the walk would end with if it ended now: max(old, min(newest, cap)). It never falls.
fn lowest_mark(old: Option<Timestamp>, walk: &Walk) -> Option<Timestamp> {
    let capped = match (walk.newest, walk.cap) {
        (Some(newest), Some(cap)) => Some(newest.min(cap)),
        (newest, _) => newest,
    };
    old.max(capped)
}

fn keep_newest(seen: &mut Vec<(String, i64)>) {
    if seen.len() > SEEN_BOUND {
        seen.sort_unstable_by_key(|(_, moment)| std::cmp::Reverse(*moment));
        seen.truncate(SEEN_BOUND);
    }
}
