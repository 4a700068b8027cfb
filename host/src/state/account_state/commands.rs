//! What only commands ask of the state of an account, or change: a run does neither.

use time::OffsetDateTime;

use crate::state::account_state::AccountState;
use crate::state::change::{AccountRecord, Change, DeviceKey, FingerprintChange, Stored};
use crate::state::error::StateError;
use crate::state::source_state::SourceState;

impl AccountState {
    /// Returns what is stored of the account but its fingerprints.
    pub(crate) async fn stored(&self) -> Stored {
        self.stored.lock().await.clone()
    }

    /// Returns every fingerprint of a source.
    pub(crate) async fn all_fingerprints(
        &self,
        source: &str,
    ) -> Result<Vec<(DeviceKey, u64)>, StateError> {
        self.holder.all_fingerprints(&self.account, source).await
    }

    /// Replaces all that is stored of the account.
    pub(crate) async fn replace(
        &self,
        stored: Stored,
        fingerprints: Vec<(String, Vec<(DeviceKey, u64)>)>,
    ) -> Result<(), StateError> {
        let mut before = self.stored.lock().await;
        let gone = before.sources.keys();
        let gone = gone.filter(|source| !stored.sources.contains_key(*source));
        let gone = gone.map(|source| (source.clone(), None));
        let new = stored.sources.clone().into_iter();
        let cleared = stored.sources.keys();
        let cleared = cleared.map(|source| (source.clone(), FingerprintChange::Clear));
        let put = fingerprints.into_iter();
        let put = put.map(|(source, devices)| (source, FingerprintChange::Put(devices)));
        let change = Change {
            account: Some(stored.account),
            sources: gone
                .chain(new.map(|(source, record)| (source, Some(record))))
                .collect(),
            fingerprints: cleared.chain(put).collect(),
        };
        self.store(&mut before, change).await
    }

    /// Replaces the stored cursor, see [`SourceState::with_cursor`]. The fingerprints are forgotten, so that everything that
    /// the walk finds is delivered.
    pub(crate) async fn set_cursor(
        &self,
        source: &str,
        cursor: &str,
        mark: &str,
        now: OffsetDateTime,
    ) -> Result<(), StateError> {
        let forgotten = vec![FingerprintChange::Clear];
        self.write_source(source, forgotten, now, |state| {
            state.with_cursor(cursor, mark, now)
        })
        .await
    }

    /// Forgets the sources that `is_forgotten` chooses, with their fingerprints and destinations, and returns what was
    /// stored of them. What the account was approved for stays: to walk anew is no reason to ask for more.
    pub(crate) async fn forget_sources(
        &self,
        is_forgotten: impl Fn(&str, Option<&SourceState>) -> bool,
    ) -> Result<Vec<SourceState>, StateError> {
        let mut stored = self.stored.lock().await;
        let forgotten = stored.sources.clone().into_iter();
        let forgotten: Vec<_> = forgotten
            .filter(|(source, record)| is_forgotten(source, record.state.as_ref()))
            .collect();
        let change = Change {
            sources: forgotten
                .iter()
                .map(|(source, _)| (source.clone(), None))
                .collect(),
            ..Change::default()
        };
        self.store(&mut stored, change).await?;
        Ok(forgotten
            .into_iter()
            .filter_map(|(_, record)| record.state)
            .collect())
    }

    /// Forgets the account and all of its sources, and returns what was stored of them.
    pub(crate) async fn forget(&self) -> Result<Vec<SourceState>, StateError> {
        let mut stored = self.stored.lock().await;
        let sources = stored.sources.keys().map(|source| (source.clone(), None));
        let change = Change {
            account: Some(AccountRecord::default()),
            sources: sources.collect(),
            ..Change::default()
        };
        let forgotten = stored.states().cloned().collect();
        self.store(&mut stored, change).await?;
        Ok(forgotten)
    }
}
