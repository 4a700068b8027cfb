//! The endpoints of one tenant: generated on demand, changed one by one.
//!
//! So that a fleet of millions needs no memory, a record is computed when it is asked for, and only what a test changed
//! is kept.

use std::collections::BTreeMap;
use std::iter;

use fastrand::Rng;
use serde_json::Value;
use time::{Duration, OffsetDateTime};

use crate::clock;
use crate::draw::{self, Given, RecordSize};
use crate::uuid;
use crate::view::View;

/// The tenant of a fleet's records by default.
pub const DEFAULT_TENANT: &str = "11d1f0aa-3b7e-4c8e-9d10-2f4c5a6b7c01";

/// The endpoints of one tenant: `size` generated ones, what was changed of them, and what was added.
///
/// An endpoint is named by its index. The generated ones have the indexes below `size`; their ids ascend with the
/// index, so `sort=id` lists them in that order. Added ones get the indexes from `size` on, in the order of adding,
/// and are listed in the order of their ids.
#[derive(Clone)]
pub struct Fleet {
    seed: u64,
    size: u64,
    record_size: RecordSize,
    tenant: String,
    newest: OffsetDateTime,
    changes: BTreeMap<u64, Change>,
    added: BTreeMap<String, u64>,
    late: Vec<LateCheckIn>,
}

#[derive(Clone)]
enum Change {
    CheckedIn(OffsetDateTime),
    Edited(Value),
    Raw {
        bytes: Vec<u8>,
        last_seen: Option<OffsetDateTime>,
    },
    Removed,
}

#[derive(Clone)]
struct LateCheckIn {
    requests_left: u64,
    index: u64,
    moment: OffsetDateTime,
}

/// `lastSeenAfter` (inclusive) and `lastSeenBefore` (exclusive).
#[derive(Clone, Copy, Default)]
pub(crate) struct Filter {
    pub(crate) after: Option<OffsetDateTime>,
    pub(crate) before: Option<OffsetDateTime>,
}

/// The endpoints of one page.
pub(crate) struct Selection {
    pub(crate) indexes: Vec<u64>,
    /// The id with which the next page begins; `None` on the last page.
    pub(crate) next: Option<String>,
}

impl Fleet {
    /// `size` endpoints that follow from `seed`. Their `lastSeenAt` spreads over the 30 days before
    /// 2026-11-20T00:00:00Z (which itself is excluded); one in 200 has none. Fleets of one size with different seeds
    /// have no id in common.
    pub fn new(seed: u64, size: u64) -> Fleet {
        Fleet {
            seed,
            size,
            record_size: RecordSize::Normal,
            tenant: DEFAULT_TENANT.to_owned(),
            newest: clock::instant("2026-11-20T00:00:00Z"),
            changes: BTreeMap::new(),
            added: BTreeMap::new(),
            late: Vec::new(),
        }
    }

    /// Exactly these `view=full` records, indexes from 0 in the order given. They are served as they are, whatever
    /// they contain; one without an `id` string is at the end of the listing.
    pub fn from_records(records: impl IntoIterator<Item = Value>) -> Fleet {
        let mut fleet = Fleet::new(0, 0);
        for record in records {
            fleet.add(record);
        }
        fleet
    }

    /// Sets the size of generated records.
    #[must_use]
    pub fn with_record_size(mut self, size: RecordSize) -> Fleet {
        self.record_size = size;
        self
    }

    /// Puts the 30 days of the generated `lastSeenAt` before `newest` instead of 2026-11-20T00:00:00Z.
    #[must_use]
    pub fn seen_until(mut self, newest: OffsetDateTime) -> Fleet {
        self.newest = newest;
        self
    }

    /// Makes this the fleet of the tenant `id`, whose id the generated records contain.
    #[must_use]
    pub fn of_tenant(mut self, id: &str) -> Fleet {
        id.clone_into(&mut self.tenant);
        self
    }

    /// Returns how many endpoints are listed.
    pub fn len(&self) -> u64 {
        self.count(&Filter::default())
    }

    /// Returns whether no endpoint is listed.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the ids of all listed endpoints, in the order of the listing.
    pub fn ids(&self) -> Vec<String> {
        self.listed(None).map(|index| self.id(index)).collect()
    }

    /// Returns the id of the endpoint at `index`, which is also its place in the listing. Of an endpoint whose record
    /// was edited it is the id from before.
    pub fn id(&self, index: u64) -> String {
        if index < self.size {
            let step = self.step();
            let mut rng = self.rng(index, 1);
            let prefix = index * step + rng.u64(..step);
            return uuid::uuid_after(prefix, &mut rng);
        }
        self.added
            .iter()
            .find(|(_, place)| **place == index)
            .map(|(id, _)| id.clone())
            .unwrap_or_default()
    }

    /// Returns the endpoint's `view=full` record as it is served now; `null` for a removed one or bytes that are no
    /// JSON.
    pub fn record(&self, index: u64) -> Value {
        serde_json::from_slice(&self.json(index)).unwrap_or_default()
    }

    /// Returns the endpoint's `view=full` record as it is served now, byte for byte.
    pub fn json(&self, index: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.write(index, View::Full, &mut bytes);
        bytes
    }

    /// Returns the `lastSeenAt` by which the filters judge the endpoint; `None` if it has no valid one.
    pub fn last_seen(&self, index: u64) -> Option<OffsetDateTime> {
        match self.changes.get(&index) {
            None => self.generated_last_seen(index).map(|(moment, _)| moment),
            Some(Change::CheckedIn(moment)) => Some(*moment),
            Some(Change::Edited(value)) => value
                .get("lastSeenAt")
                .and_then(Value::as_str)
                .and_then(clock::parse),
            Some(Change::Raw { last_seen, .. }) => *last_seen,
            Some(Change::Removed) => None,
        }
    }

    /// The endpoint checks in: sets its `lastSeenAt`, cut to milliseconds. A removed endpoint stays removed.
    pub fn check_in(&mut self, index: u64, moment: OffsetDateTime) {
        let nanosecond = u32::from(moment.millisecond()) * 1_000_000;
        let moment = moment.replace_nanosecond(nanosecond).unwrap_or(moment);
        match self.changes.get_mut(&index) {
            Some(Change::Removed) => {}
            Some(Change::Edited(value)) => {
                set(value, "lastSeenAt", clock::timestamp(moment, true).into())
            }
            Some(Change::Raw { last_seen, .. }) => *last_seen = Some(moment),
            Some(Change::CheckedIn(_)) | None => {
                self.changes.insert(index, Change::CheckedIn(moment));
            }
        }
    }

    /// The endpoint checks in, but the listing shows it only after `requests` further endpoints requests of its
    /// tenant were answered: the lag of an index. In a closure of [`Simulator::before`](crate::Simulator::before) the
    /// request that is about to be answered does not count.
    pub fn check_in_later(&mut self, index: u64, moment: OffsetDateTime, requests: u64) {
        self.late.push(LateCheckIn {
            requests_left: requests,
            index,
            moment,
        });
    }

    /// Changes the endpoint's `view=full` record in any way, also into a malformed one. Its place in the listing
    /// stays. Does nothing to a removed endpoint.
    pub fn edit(&mut self, index: u64, change: impl FnOnce(&mut Value)) {
        if matches!(self.changes.get(&index), Some(Change::Removed)) {
            return;
        }
        let mut value = self.record(index);
        change(&mut value);
        self.changes.insert(index, Change::Edited(value));
    }

    /// Serves these bytes instead of the endpoint's record, in every view: for what no JSON value can be, such as
    /// bytes that are not UTF-8. The filters keep judging it by the `lastSeenAt` it had.
    pub fn replace_bytes(&mut self, index: u64, bytes: impl Into<Vec<u8>>) {
        let last_seen = self.last_seen(index);
        self.changes.insert(
            index,
            Change::Raw {
                bytes: bytes.into(),
                last_seen,
            },
        );
    }

    /// Deletes the endpoint: it is no longer listed, and no trace of it is left.
    pub fn remove(&mut self, index: u64) {
        self.changes.insert(index, Change::Removed);
    }

    /// Adds an endpoint with this `view=full` record and returns its index.
    pub fn add(&mut self, record: Value) -> u64 {
        let index = self.size + u64::try_from(self.added.len()).unwrap_or(u64::MAX);
        let mut id = match record.get("id").and_then(Value::as_str) {
            Some(id) => id.to_lowercase(),
            None => format!("~{index:012}"),
        };
        while self.added.contains_key(&id) {
            id.push('~');
        }
        self.added.insert(id, index);
        self.changes.insert(index, Change::Edited(record));
        index
    }

    /// Called before each endpoints request is answered: late check-ins come one request nearer.
    pub(crate) fn index_late_check_ins(&mut self) {
        let late = std::mem::take(&mut self.late);
        for mut check_in in late {
            if check_in.requests_left == 0 {
                self.check_in(check_in.index, check_in.moment);
            } else {
                check_in.requests_left -= 1;
                self.late.push(check_in);
            }
        }
    }

    /// Returns the page of at most `limit` endpoints that fit the filter, from the id `from` on.
    pub(crate) fn select(&self, filter: &Filter, from: Option<&str>, limit: usize) -> Selection {
        let mut fitting = self.listed(from).filter(|index| self.fits(filter, *index));
        let indexes = fitting.by_ref().take(limit).collect();
        Selection {
            indexes,
            next: fitting.next().map(|index| self.id(index)),
        }
    }

    /// Returns how many endpoints fit the filter.
    pub(crate) fn count(&self, filter: &Filter) -> u64 {
        let count = self
            .listed(None)
            .filter(|index| self.fits(filter, *index))
            .count();
        u64::try_from(count).unwrap_or(u64::MAX)
    }

    /// Appends the endpoint's JSON, as the view shows it.
    pub(crate) fn write(&self, index: u64, view: View, out: &mut Vec<u8>) {
        let start = out.len();
        let written = match self.changes.get(&index) {
            Some(Change::Removed) => Ok(()),
            Some(Change::Raw { bytes, .. }) => {
                out.extend_from_slice(bytes);
                return;
            }
            Some(Change::Edited(value)) => {
                serde_json::to_writer(&mut *out, &view.of(value.clone()))
            }
            Some(Change::CheckedIn(moment)) => {
                self.write_generated(index, Some(&clock::timestamp(*moment, true)), view, out)
            }
            None => {
                let seen = self.generated_last_seen(index);
                let seen = seen.map(|(moment, fraction)| clock::timestamp(moment, fraction));
                self.write_generated(index, seen.as_deref(), view, out)
            }
        };
        if written.is_err() {
            // Writing these values to memory does not fail; if it did, the page must not contain half a record.
            out.truncate(start);
        }
    }

    fn write_generated(
        &self,
        index: u64,
        last_seen_at: Option<&str>,
        view: View,
        out: &mut Vec<u8>,
    ) -> serde_json::Result<()> {
        let id = self.id(index);
        let given = Given {
            id: &id,
            tenant: &self.tenant,
            index,
            last_seen_at,
            size: self.record_size,
        };
        let record = draw::draw(&given, &mut self.rng(index, 2));
        match view {
            View::Full => serde_json::to_writer(out, &record),
            _ => serde_json::to_writer(out, &view.of(serde_json::to_value(&record)?)),
        }
    }

    /// Returns the generated `lastSeenAt`, and whether it is written with a fraction.
    fn generated_last_seen(&self, index: u64) -> Option<(OffsetDateTime, bool)> {
        if index >= self.size {
            return None;
        }
        let mut rng = self.rng(index, 3);
        let fraction = rng.u8(..10) > 0;
        let before = Duration::milliseconds(rng.i64(1..=30 * 86_400_000));
        let moment = self.newest.checked_sub(before).unwrap_or(self.newest);
        let moment = if fraction {
            moment
        } else {
            moment.replace_nanosecond(0).unwrap_or(moment)
        };
        (rng.u8(..200) > 0).then_some((moment, fraction))
    }

    fn fits(&self, filter: &Filter, index: u64) -> bool {
        if filter.after.is_none() && filter.before.is_none() {
            return true;
        }
        self.last_seen(index).is_some_and(|seen| {
            filter.after.is_none_or(|after| seen >= after)
                && filter.before.is_none_or(|before| seen < before)
        })
    }

    /// Returns the indexes of listed endpoints in the order of their ids, from the id `from` on.
    fn listed(&self, from: Option<&str>) -> impl Iterator<Item = u64> {
        let from = from.unwrap_or_default().to_lowercase();
        let mut generated = (self.first_generated(&from)..self.size).peekable();
        let mut added = self.added.range(from..).peekable();
        iter::from_fn(move || match (generated.peek(), added.peek()) {
            (Some(index), Some((id, _))) if self.id(*index) > **id => {
                added.next().map(|(_, index)| *index)
            }
            (None, _) => added.next().map(|(_, index)| *index),
            _ => generated.next(),
        })
        .filter(|index| !matches!(self.changes.get(index), Some(Change::Removed)))
    }

    /// Returns the first generated index whose id is not less than `from`.
    fn first_generated(&self, from: &str) -> u64 {
        let (mut low, mut high) = (0, self.size);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.id(middle).as_str() < from {
                low = middle + 1
            } else {
                high = middle
            }
        }
        low
    }

    /// Returns the distance of neighbouring ids in their first 48 bits.
    fn step(&self) -> u64 {
        ((1 << 48) / self.size.max(1)).max(1)
    }

    /// Randomness for one purpose of one endpoint.
    fn rng(&self, index: u64, purpose: u64) -> Rng {
        let place = index.wrapping_mul(4).wrapping_add(purpose);
        let mut of_fleet = Rng::with_seed(self.seed);
        Rng::with_seed(of_fleet.u64(..) ^ place.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }
}

/// Sets a field of a record; a record that is not an object has no fields.
fn set(record: &mut Value, field: &str, value: Value) {
    if let Some(fields) = record.as_object_mut() {
        fields.insert(field.to_owned(), value);
    }
}
