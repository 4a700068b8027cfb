//! What is stored of one source, and how it changes: pure functions, which every store has in common.
//!
//! A source that is gone, or is listed and cannot be collected any more, may come back, so its cursor stays until a
//! person prunes it.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::text::printable::printable;

/// The longest error text that is stored, in characters.
const MAX_ERROR: usize = 500;

/// What is stored of one source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SourceState {
    /// The account's name.
    pub account: String,
    /// The source's id.
    pub source: String,
    /// What a person calls the source; its id where no name is known.
    pub name: String,
    /// The cursor to continue from, as the component returned it; `None` before the first batch.
    pub cursor: Option<String>,
    /// The time up to which the source is collected, for people; `None` before the first walk has ended.
    pub mark: Option<String>,
    /// Whether a walk is in progress: the last batch said that more follows.
    pub walking: bool,
    /// Whether the walk in progress is a full one.
    pub full: bool,
    /// When the full walk in progress began.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub full_started_at: Option<OffsetDateTime>,
    /// When the last full walk ended, or a mark was set in its place.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub last_full_at: Option<OffsetDateTime>,
    /// When the source was last up to date.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub last_success_at: Option<OffsetDateTime>,
    /// What stopped the last run, if anything.
    pub last_error: Option<String>,
    /// When the last run was stopped.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub last_error_at: Option<OffsetDateTime>,
    /// Since when the source cannot be collected, as its account no longer lists it, or lists it with a reason that
    /// `last_error` repeats; `None` while it can.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub gone_at: Option<OffsetDateTime>,
    /// When the record last changed.
    #[serde(with = "time::serde::rfc3339")]
    pub updated_at: OffsetDateTime,
}

/// What is stored of a batch once its events are confirmed.
#[derive(Debug, Clone, Copy)]
pub struct StoredBatch<'a> {
    /// The source's id.
    pub source: &'a str,
    /// The source's name.
    pub name: &'a str,
    /// The batch's cursor.
    pub cursor: &'a str,
    /// The batch's mark. Without one, the stored mark stays.
    pub mark: Option<&'a str>,
    /// The batch's `more`.
    pub more: bool,
    /// Whether the batch belongs to a full walk.
    pub full: bool,
    /// Whether the batch is the first of its walk: `collect` was called without a cursor.
    pub first: bool,
    /// What is stored of its devices.
    pub fingerprints: Fingerprints<'a>,
}

/// What is stored of the devices of a confirmed batch.
#[derive(Debug, Clone, Copy)]
pub enum Fingerprints<'a> {
    /// Nothing, and what is stored of the source is deleted: the account delivers what was seen.
    Forgotten,
    /// The ids and fingerprints of the confirmed events, in the order of the batch. A full walk begins with nothing
    /// stored, so that devices that have left the fleet leave the state as well.
    Confirmed(&'a [(&'a str, u64)]),
}

impl SourceState {
    /// Returns the state of a source of which nothing is stored.
    pub(super) fn new(account: &str, source: &str, now: OffsetDateTime) -> Self {
        Self {
            account: account.to_owned(),
            source: source.to_owned(),
            name: source.to_owned(),
            cursor: None,
            mark: None,
            walking: false,
            full: false,
            full_started_at: None,
            last_full_at: None,
            last_success_at: None,
            last_error: None,
            last_error_at: None,
            gone_at: None,
            updated_at: now,
        }
    }

    /// Returns the state after a batch of which every event is confirmed. A source that has a batch is not gone.
    pub(super) fn after_batch(self, batch: &StoredBatch<'_>, now: OffsetDateTime) -> Self {
        let walks_all = batch.more && batch.full;
        let goes_on = walks_all && self.full && !batch.first;
        Self {
            name: batch.name.to_owned(),
            cursor: Some(batch.cursor.to_owned()),
            mark: batch.mark.map(str::to_owned).or(self.mark),
            walking: batch.more,
            full: walks_all,
            full_started_at: match goes_on {
                true => self.full_started_at,
                false => walks_all.then_some(now),
            },
            last_full_at: match batch.full && !batch.more {
                true => Some(now),
                false => self.last_full_at,
            },
            gone_at: None,
            updated_at: now,
            ..self
        }
    }

    /// Returns the state of a source that is up to date: what stopped an earlier run is forgotten.
    pub(super) fn after_success(self, now: OffsetDateTime) -> Self {
        Self {
            last_success_at: Some(now),
            last_error: None,
            last_error_at: None,
            updated_at: now,
            ..self
        }
    }

    /// Returns the state after something stopped the source: `error` is a message for people without personal data, which
    /// is kept on one line and cut to 500 characters. The cursor stays.
    pub(super) fn after_error(self, name: &str, error: &str, now: OffsetDateTime) -> Self {
        Self {
            name: name.to_owned(),
            last_error: Some(printable(error).chars().take(MAX_ERROR).collect()),
            last_error_at: Some(now),
            updated_at: now,
            ..self
        }
    }

    /// Returns the state with another cursor, at which the next run begins a walk; the next full walk is due `full_every`
    /// from now, as if one had just ended. The source no longer counts as gone, or the cursor would be pruned before the
    /// next run sees whether it is back.
    pub(super) fn with_cursor(self, cursor: &str, mark: &str, now: OffsetDateTime) -> Self {
        Self {
            cursor: Some(cursor.to_owned()),
            mark: Some(mark.to_owned()),
            walking: false,
            full: false,
            full_started_at: None,
            last_full_at: Some(now),
            gone_at: None,
            updated_at: now,
            ..self
        }
    }

    /// Returns the state of a source that is gone, if it was not before, or is back.
    pub(super) fn listed(self, is_listed: bool, now: OffsetDateTime) -> Self {
        Self {
            gone_at: match is_listed {
                true => None,
                false => self.gone_at.or(Some(now)),
            },
            updated_at: now,
            ..self
        }
    }
}
