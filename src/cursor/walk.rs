//! One walk: what it has seen so far, and the mark that it ends with.

use serde::{Deserialize, Serialize};

use crate::sophos::device_id;
use crate::timestamp::Timestamp;

/// How many entries a cursor keeps of what was seen at or after the mark. Past it devices are repeated.
pub const SEEN_BOUND: usize = 2_000;

/// How many items a walk may miss of those that were announced, beside one in a hundred: so many devices may be
/// deleted while it runs.
const MAX_MISSING: u64 = 10;

/// Where a walk stands between two of its pages.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Walk {
    /// By the host's clock.
    pub(crate) began: Timestamp,
    /// The mark never rises above it: what checks in behind the walk's back, or is indexed late, lies
    /// above. Set by the walk's first answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cap: Option<Timestamp>,
    /// The newest `lastSeenAt` so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    newest: Option<Timestamp>,
    /// What was seen in this walk at or after the lowest mark it can end with, newest first.
    #[serde(default)]
    pub(crate) seen: Vec<(String, i64)>,
    /// How many of this walk's devices were last seen in the very millisecond of that lowest mark.
    #[serde(default)]
    tied: u64,
    /// How many items there were so far.
    #[serde(default)]
    pub(crate) items: u64,
    /// How many items the first page announced for the whole walk; none where it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) announced: Option<u64>,
    /// `pageFromKey` of the next page; none for the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) page_key: Option<String>,
    /// How many pages were turned.
    pub(crate) pages: u64,
    /// An earlier key to compare with, moved on at every power of two, so that a loop of any length is
    /// found without remembering every key (Brent's algorithm).
    #[serde(skip_serializing_if = "Option::is_none")]
    earlier_key: Option<String>,
    /// How often in a row the API has refused a key and the walk began again.
    #[serde(default)]
    pub(crate) refusals: u32,
    /// How many pages were turned when it refused the key that it refused furthest on.
    #[serde(default)]
    pub(crate) refused_page: u64,
}

impl Walk {
    /// A walk that has seen nothing yet.
    pub(crate) fn begin(now: Timestamp) -> Self {
        Self {
            began: now,
            cap: None,
            newest: None,
            seen: Vec::new(),
            tied: 0,
            items: 0,
            announced: None,
            page_key: None,
            pages: 0,
            earlier_key: None,
            refusals: 0,
            refused_page: 0,
        }
    }

    /// Takes note of an item that has a time; `old` is the mark that the walk began from.
    pub(crate) fn saw(&mut self, id: &str, moment: Timestamp, old: Option<Timestamp>) {
        let before = self.lowest_mark(old);
        self.newest = self.newest.max(Some(moment));
        let lowest = self.lowest_mark(old);
        if lowest > before {
            self.tied = 0;
        }
        if Some(moment) == lowest {
            self.tied = self.tied.saturating_add(1);
        }
        if Some(moment) >= lowest {
            let id = device_id::remembered(id).into_owned();
            self.seen.push((id, moment.millis()));
        }
    }

    /// Takes note of how many items a page had, and of how many the first page announced.
    pub(crate) fn listed(&mut self, items: usize, announced: Option<u64>) {
        if self.pages == 0 {
            self.announced = announced;
        }
        let items = u64::try_from(items).unwrap_or(u64::MAX);
        self.items = self.items.saturating_add(items);
    }

    /// Whether the walk was given this page key before, as far as it remembers.
    pub(crate) fn had_key(&self, key: &str) -> bool {
        [&self.page_key, &self.earlier_key]
            .into_iter()
            .any(|earlier| earlier.as_deref() == Some(key))
    }

    /// Goes on to the page with this key.
    pub(crate) fn turn_page(&mut self, key: &str, old: Option<Timestamp>) {
        let lowest = self.lowest_mark(old).map_or(i64::MIN, Timestamp::millis);
        self.seen.retain(|(_, moment)| *moment >= lowest);
        keep_newest(&mut self.seen);
        self.pages = self.pages.saturating_add(1);
        if self.pages > self.refused_page {
            self.refusals = 0;
        }
        if self.pages.is_power_of_two() {
            self.earlier_key = Some(key.to_owned());
        }
        self.page_key = Some(key.to_owned());
    }

    /// Whether fewer items came than were announced, by more than may have been deleted meanwhile.
    pub(crate) fn is_short(&self) -> bool {
        self.announced.is_some_and(|announced| {
            let most_missing = announced.div_euclid(100).saturating_add(MAX_MISSING);
            announced.saturating_sub(self.items) > most_missing
        })
    }

    /// The mark at the end of the walk.
    ///
    /// A walk that saw no time tells nothing about the devices before its cap: it was filtered and found none, or the
    /// answer lacked its items. Only items without times, of a walk without a filter, show that the listing was read.
    pub(crate) fn mark_after(&self, old: Option<Timestamp>) -> Option<Timestamp> {
        if self.newest.is_none() {
            return old.or(self.cap.filter(|_| self.items > 0));
        }
        let mark = self.lowest_mark(old);
        if self.tied > SEEN_BOUND as u64 {
            return mark.map(|mark| mark.plus_millis(1));
        }
        mark
    }

    /// The mark that the walk would end with if it ended now: max(old, min(newest, cap)). It never falls.
    fn lowest_mark(&self, old: Option<Timestamp>) -> Option<Timestamp> {
        let capped = match (self.newest, self.cap) {
            (Some(newest), Some(cap)) => Some(newest.min(cap)),
            (newest, _) => newest,
        };
        old.max(capped)
    }
}

/// Keeps as much of what was seen as a cursor may hold, the newest first.
pub(crate) fn keep_newest(seen: &mut Vec<(String, i64)>) {
    if seen.len() > SEEN_BOUND {
        seen.sort_unstable_by_key(|(_, moment)| std::cmp::Reverse(*moment));
        seen.truncate(SEEN_BOUND);
    }
}
