//! The state of one account: what is stored of it, and the rules by which that changes, whatever the store.
//!
//! The fingerprint of a device says what the receiver has of it, for accounts that deliver only changes (`emit = "changed"`).
//! So it is deleted before anything else may reach the receiver: a push that fails half way, or a process that is killed
//! after it, may have delivered a part of a page. With the old fingerprint still stored, a device that then changes back
//! would look unchanged, and the receiver would keep stale data until the next full walk. The order for each
//! page is hence: [`changed`](AccountState::changed), [`forget_fingerprints`](AccountState::forget_fingerprints), delivery,
//! then [`store_batch`](AccountState::store_batch).

use std::collections::{BTreeSet, HashMap};
use std::sync::OnceLock;

use time::OffsetDateTime;
use tokio::sync::Mutex;
use tracing::info;

use crate::contract::bindings::inventory::connector::types::Event;
use crate::contract::permissions::Permissions;
use crate::sandbox::rate_limit::SharedLimiter;
use crate::state::change::{
    AccountRecord, Change, FingerprintChange, SourceRecord, Stored, device_key,
};
use crate::state::consent::{Consent, ConsentStatus};
use crate::state::error::StateError;
use crate::state::holder::Holder;
use crate::state::source_state::{Fingerprints, SourceState, StoredBatch};

mod commands;

/// What a run changes of the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writes {
    /// Nothing: `--dry-run`, `--since` and `--until`.
    Nothing,
    /// Only the fingerprints of devices that are sent, which are deleted: `--limit`.
    Forgotten,
    /// Everything.
    Everything,
}

/// Everything that persists of one account, shared by the tasks that collect its sources.
///
/// A method that writes stores all of its change or nothing, and its change is durable when it returns. It does nothing if
/// the run does not change the state, see [`Writes`], so a run calls it in any case.
pub struct AccountState {
    account: String,
    writes: Writes,
    /// What is stored. Whoever changes it holds it until the change is stored.
    stored: Mutex<Stored>,
    holder: Holder,
    /// The rate limiter whose requests are stored with each change; empty without replicas.
    limiter: OnceLock<SharedLimiter>,
}

impl AccountState {
    /// Returns the state of an account that `holder` holds.
    pub(super) fn new(account: &str, writes: Writes, stored: Stored, holder: Holder) -> Self {
        Self {
            account: account.to_owned(),
            writes,
            stored: Mutex::new(stored),
            holder,
            limiter: OnceLock::new(),
        }
    }

    /// Adds the requests that an earlier replica has sent to `limiter`, and stores its own with each change from now on.
    /// Does nothing without replicas.
    pub(crate) async fn share_requests(&self, limiter: &SharedLimiter) {
        if let Holder::Cluster(claim) = &self.holder {
            limiter.restore(&self.record().await.requests, claim.clock());
            let _ = self.limiter.set(limiter.clone());
        }
    }

    /// Returns what this run changes of the state.
    pub(crate) fn writes(&self) -> Writes {
        self.writes
    }

    /// Returns what is stored besides the sources.
    pub(crate) async fn record(&self) -> AccountRecord {
        self.stored.lock().await.account.clone()
    }

    /// Returns what is stored of every source, by the sources' ids.
    pub(crate) async fn sources(&self) -> Vec<SourceState> {
        self.stored.lock().await.states().cloned().collect()
    }

    /// Returns what is stored of one source.
    pub(crate) async fn source(&self, source: &str) -> Option<SourceState> {
        let stored = self.stored.lock().await;
        stored.sources.get(source)?.state.clone()
    }

    /// Returns for each event of a page whether its device is unknown or has another fingerprint than the one that was last
    /// confirmed. If a device comes twice, its later event is compared to its earlier one, so that the last one sent is
    /// always the latest.
    ///
    /// Call it only once the page before is stored, or devices are compared to what was before that page.
    pub async fn changed(&self, source: &str, events: &[Event]) -> Result<Vec<bool>, StateError> {
        let devices = events.iter().map(|event| device_key(&event.device));
        let devices: Vec<_> = devices.collect();
        let stored = self
            .holder
            .fingerprints(&self.account, source, &devices)
            .await?;
        let mut earlier = HashMap::with_capacity(events.len());
        let compared = events.iter().zip(devices).zip(stored);
        let is_changed = compared.map(|((event, device), stored)| {
            let before = earlier.insert(device, event.fingerprint).or(stored);
            before != Some(event.fingerprint)
        });
        Ok(is_changed.collect())
    }

    /// Stores that the account has been collected in the slot of the schedule that begins at `slot`.
    pub(crate) async fn end_slot(&self, slot: OffsetDateTime) -> Result<(), StateError> {
        let account = |account: &AccountRecord| AccountRecord {
            slot: Some(slot),
            ..account.clone()
        };
        self.write_account(account).await
    }

    /// Stores what is approved for the account, and replaces what was approved before.
    pub(crate) async fn approve(
        &self,
        asks: &Permissions,
        now: OffsetDateTime,
    ) -> Result<(), StateError> {
        let consent = Consent {
            asks: asks.clone(),
            approved_at: now,
        };
        let account = |account: &AccountRecord| AccountRecord {
            consent: Some(consent),
            ..account.clone()
        };
        self.write_account(account).await
    }

    /// Approves what the account's component asks for, on the first run of the account or when the component is another
    /// build that asks for no more, and logs it. Approves nothing more.
    pub(crate) async fn record_consent(
        &self,
        asks: &Permissions,
        now: OffsetDateTime,
    ) -> Result<(), StateError> {
        let account = &self.account;
        if self.writes != Writes::Everything {
            return Ok(());
        }
        match ConsentStatus::of(self.record().await.consent, asks) {
            ConsentStatus::FirstRun => {
                self.approve(asks, now).await?;
                info!(
                    account,
                    sha256 = asks.sha256,
                    "first run of {}, which approves what it asks for: {asks}. `asset-host describe --account {account}` \
                     describes it",
                    asks.component()
                );
            }
            ConsentStatus::OtherBuild(before) => {
                self.approve(asks, now).await?;
                info!(
                    account,
                    sha256 = asks.sha256,
                    before = before.asks.sha256,
                    "the component is another build, {}, before {}; it asks for no more than was approved",
                    asks.component(),
                    before.asks.component()
                );
            }
            ConsentStatus::Approved(_) | ConsentStatus::NeedsApproval(..) => {}
        }
        Ok(())
    }

    /// Stores which destination a source is about to deliver to: any text that differs for another receiver and holds no
    /// secret. If it is another one than before, or none is known, the source's fingerprints are forgotten, so that the
    /// receiver gets every device that is seen. Returns whether another one was known. Call it before the first
    /// [`Self::changed`] of a walk.
    pub(crate) async fn set_destination(
        &self,
        source: &str,
        destination: &str,
    ) -> Result<bool, StateError> {
        let mut stored = self.stored.lock().await;
        let before = stored.sources.get(source).cloned().unwrap_or_default();
        if self.writes != Writes::Everything || before.destination.as_deref() == Some(destination) {
            return Ok(false);
        }
        let was_known = before.destination.is_some();
        let record = SourceRecord {
            destination: Some(destination.to_owned()),
            ..before
        };
        let change = Change {
            sources: vec![(source.to_owned(), Some(record))],
            fingerprints: vec![(source.to_owned(), FingerprintChange::Clear)],
            ..Change::default()
        };
        self.store(&mut stored, change).await?;
        Ok(was_known)
    }

    /// Stores which sources a complete listing found to be collectable: a stored source that is not among `ids` is gone
    /// from now on, unless it was before; one that is among them is not.
    pub(crate) async fn store_listing(
        &self,
        ids: &BTreeSet<String>,
        now: OffsetDateTime,
    ) -> Result<(), StateError> {
        let stored = self.sources().await;
        let differs = |state: &&SourceState| ids.contains(&state.source) == state.gone_at.is_some();
        let changed = stored.iter().filter(differs).map(|state| &*state.source);
        let listed = |state: SourceState| {
            let is_listed = ids.contains(&state.source);
            state.listed(is_listed, now)
        };
        self.write_known(changed, listed).await
    }

    /// Stores that a source is listed and can no longer be collected, so that `state prune` forgets it like one that is gone.
    pub(crate) async fn store_not_collectable(
        &self,
        source: &str,
        now: OffsetDateTime,
    ) -> Result<(), StateError> {
        self.write_known([source], |state| state.listed(false, now))
            .await
    }

    /// Stores that a source is up to date, and forgets what stopped an earlier run.
    pub(crate) async fn store_success(
        &self,
        source: &str,
        now: OffsetDateTime,
    ) -> Result<(), StateError> {
        self.write_known([source], |state| state.after_success(now))
            .await
    }

    /// Stores what stopped a source. Its cursor stays.
    pub(crate) async fn store_error(
        &self,
        source: &str,
        name: &str,
        error: &str,
        now: OffsetDateTime,
    ) -> Result<(), StateError> {
        self.write_source(source, Vec::new(), now, |state| {
            state.after_error(name, error, now)
        })
        .await
    }

    /// Forgets the fingerprints of devices that are about to be sent, all or none: until the page is confirmed, it is not
    /// known what the receiver has of them. If it fails, do not send them.
    pub async fn forget_fingerprints<'a>(
        &self,
        source: &str,
        devices: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), StateError> {
        if self.writes == Writes::Nothing {
            return Ok(());
        }
        let devices = devices.into_iter().map(device_key).collect();
        let change = Change {
            fingerprints: vec![(source.to_owned(), FingerprintChange::Forget(devices))],
            ..Change::default()
        };
        self.store(&mut *self.stored.lock().await, change).await
    }

    /// Stores the cursor and the fingerprints of a batch, both or neither. Call it only once every event of the batch is
    /// confirmed.
    pub async fn store_batch(
        &self,
        batch: &StoredBatch<'_>,
        now: OffsetDateTime,
    ) -> Result<(), StateError> {
        let fingerprints = match batch.fingerprints {
            Fingerprints::Forgotten => vec![FingerprintChange::Clear],
            Fingerprints::Confirmed(devices) => {
                let devices = devices.iter();
                let put = devices.map(|(device, fingerprint)| (device_key(device), *fingerprint));
                let put = FingerprintChange::Put(put.collect());
                match batch.full && batch.first {
                    true => vec![FingerprintChange::Clear, put],
                    false => vec![put],
                }
            }
        };
        self.write_source(batch.source, fingerprints, now, |state| {
            state.after_batch(batch, now)
        })
        .await
    }

    async fn write_account(
        &self,
        account: impl FnOnce(&AccountRecord) -> AccountRecord,
    ) -> Result<(), StateError> {
        if self.writes != Writes::Everything {
            return Ok(());
        }
        let mut stored = self.stored.lock().await;
        let change = Change {
            account: Some(account(&stored.account)),
            ..Change::default()
        };
        self.store(&mut stored, change).await
    }

    /// Changes what is stored of sources, where something is.
    async fn write_known(
        &self,
        sources: impl IntoIterator<Item = &str>,
        change: impl Fn(SourceState) -> SourceState,
    ) -> Result<(), StateError> {
        if self.writes != Writes::Everything {
            return Ok(());
        }
        let mut stored = self.stored.lock().await;
        let sources = sources.into_iter().filter_map(|source| {
            let SourceRecord { state, destination } = stored.sources.get(source)?.clone();
            let state = Some(change(state?));
            Some((source.to_owned(), Some(SourceRecord { state, destination })))
        });
        let change = Change {
            sources: sources.collect(),
            ..Change::default()
        };
        self.store(&mut stored, change).await
    }

    /// Changes what is stored of a source, of which there may be nothing yet.
    async fn write_source(
        &self,
        source: &str,
        fingerprints: Vec<FingerprintChange>,
        now: OffsetDateTime,
        change: impl FnOnce(SourceState) -> SourceState,
    ) -> Result<(), StateError> {
        if self.writes != Writes::Everything {
            return Ok(());
        }
        let mut stored = self.stored.lock().await;
        let before = stored.sources.get(source).cloned().unwrap_or_default();
        let new = || SourceState::new(&self.account, source, now);
        let record = SourceRecord {
            state: Some(change(before.state.unwrap_or_else(new))),
            destination: before.destination,
        };
        let fingerprints = fingerprints
            .into_iter()
            .map(|change| (source.to_owned(), change));
        let change = Change {
            sources: vec![(source.to_owned(), Some(record))],
            fingerprints: fingerprints.collect(),
            ..Change::default()
        };
        self.store(&mut stored, change).await
    }

    /// Stores a change, if it changes anything.
    async fn store(&self, stored: &mut Stored, mut change: Change) -> Result<(), StateError> {
        if change.account.is_none() && change.sources.is_empty() && change.fingerprints.is_empty() {
            return Ok(());
        }
        if let Some(limiter) = self.limiter.get() {
            let account = || stored.account.clone();
            change.account.get_or_insert_with(account).requests = limiter.sent();
        }
        self.holder.commit(&self.account, &change).await?;
        stored.apply(change);
        Ok(())
    }
}
