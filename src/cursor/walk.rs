//! One walk: the devices that it has seen, and the mark that it ends with.

use serde::{Deserialize, Serialize};

use crate::sophos::device_id;
use crate::timestamp::Timestamp;

/// The maximum number of devices seen at or after the mark in a cursor. More are delivered again.
pub const SEEN_BOUND: usize = 2_000;

/// The number of announced items that a walk may miss, in addition to one in a hundred: devices may be deleted while it
/// runs.
const MAX_MISSING: u64 = 10;

/// The position of a walk between two pages.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Walk {
    /// By the host's clock.
    pub(crate) began: Timestamp,
    /// The mark never rises above it: a check-in during the walk, or one that is indexed late, is above. Set by the
    /// walk's first response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cap: Option<Timestamp>,
    /// The newest `lastSeenAt` so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    newest: Option<Timestamp>,
    /// The devices seen in this walk at or after the lowest mark it can end with, newest first.
    #[serde(default)]
    pub(crate) seen: Vec<(String, i64)>,
    /// The number of devices last seen in the exact millisecond of that lowest mark.
    #[serde(default)]
    tied: u64,
    /// The number of items so far.
    #[serde(default)]
    pub(crate) items: u64,
    /// The number of items that the first page announced for the complete walk, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) announced: Option<u64>,
    /// `pageFromKey` of the next page; `None` for the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) page_key: Option<String>,
    /// The number of pages read.
    pub(crate) pages: u64,
    /// An earlier key to compare with, replaced at every power of two, so that a loop of any length is found without
    /// storing every key (Brent's algorithm).
    #[serde(skip_serializing_if = "Option::is_none")]
    earlier_key: Option<String>,
    /// How often in a row the API rejected a key and the walk restarted.
    #[serde(default)]
    pub(crate) refusals: u32,
    /// The highest number of pages read when the API rejected a key.
    #[serde(default)]
    pub(crate) refused_page: u64,
}

impl Walk {
    /// Starts a walk.
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

    /// Records an item that has a time; `old` is the mark that the walk started from.
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

    /// Records the number of items of a page, and the number that the first page announced.
    pub(crate) fn listed(&mut self, items: usize, announced: Option<u64>) {
        if self.pages == 0 {
            self.announced = announced;
        }
        let items = u64::try_from(items).unwrap_or(u64::MAX);
        self.items = self.items.saturating_add(items);
    }

    /// Returns whether the walk had this page key before, as far as it remembers.
    pub(crate) fn had_key(&self, key: &str) -> bool {
        [&self.page_key, &self.earlier_key]
            .into_iter()
            .any(|earlier| earlier.as_deref() == Some(key))
    }

    /// Continues with the page of this key.
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

    /// Returns whether fewer items came than announced, by more than may have been deleted meanwhile.
    pub(crate) fn is_short(&self) -> bool {
        self.announced.is_some_and(|announced| {
            let most_missing = announced.div_euclid(100).saturating_add(MAX_MISSING);
            announced.saturating_sub(self.items) > most_missing
        })
    }

    /// Returns the mark at the end of the walk.
    ///
    /// A walk that saw no time proves nothing about the devices before its cap: its filter matched none, or the
    /// response lacked its items. Only items without times, in a walk without a filter, prove that the listing was
    /// read.
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

    /// Returns the mark if the walk ended now: max(old, min(newest, cap)). It never falls.
    fn lowest_mark(&self, old: Option<Timestamp>) -> Option<Timestamp> {
        let capped = match (self.newest, self.cap) {
            (Some(newest), Some(cap)) => Some(newest.min(cap)),
            (newest, _) => newest,
        };
        old.max(capped)
    }
}

/// Keeps as many of the seen devices as a cursor may hold, the newest first.
pub(crate) fn keep_newest(seen: &mut Vec<(String, i64)>) {
    if seen.len() > SEEN_BOUND {
        seen.sort_unstable_by_key(|(_, moment)| std::cmp::Reverse(*moment));
        seen.truncate(SEEN_BOUND);
    }
}
