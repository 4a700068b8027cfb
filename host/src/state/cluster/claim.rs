//! The right to change one account.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use async_nats::jetstream::message::PublishMessage;
use serde::Serialize;
use time::OffsetDateTime;
use tokio::sync::Mutex;

use crate::state::change::{Change, DeviceKey, FingerprintChange, Stored};
use crate::state::cluster::error::ClusterError;
use crate::state::cluster::exchange::{Exchange, MAX_BATCH, Outgoing, number, random_id};
use crate::state::cluster::fingerprints::{Fingerprints, apply, is_clear};
use crate::state::cluster::handle::Cluster;
use crate::state::cluster::names::{self, token};
use crate::state::cluster::record::{AccountMessage, Contents, SourceMessage, gather};

/// The right to change one account, until another claim takes it over.
pub(crate) struct Claim {
    exchange: Arc<Exchange>,
    /// What the account's subjects begin with.
    subject: String,
    position: Mutex<Position>,
    /// The servers' time, and when it was that: see [`Claim::clock`].
    time: (OffsetDateTime, Instant),
}

/// What is stored, as far as this claim knows.
struct Position {
    /// The last message of the account.
    message: AccountMessage,
    /// Its sequence.
    sequence: u64,
    /// By the tokens of the sources.
    fingerprints: HashMap<String, Fingerprints>,
    /// Whether a change was not confirmed.
    in_doubt: bool,
}

impl Cluster {
    /// Makes this process the only one that may change the account, and returns what is stored of it. The holder before
    /// is refused at its next change.
    pub(crate) async fn claim(&self, account: &str) -> Result<(Claim, Stored), ClusterError> {
        let subject = names::account(&self.prefix, account) + ".acc";
        let claim = random_id();
        let mut tries = self.exchange.tries();
        let (sequence, message) = loop {
            let error = match self.try_claim(&subject, account, &claim).await {
                Ok(claimed) => break claimed,
                // Another one was faster, and the later claim is the one that counts.
                Err(ClusterError::Lost) => ClusterError::stale(),
                Err(error) => error,
            };
            tries.again(error).await?;
        };
        loop {
            let contents = self.contents(account).await?;
            match &contents.account {
                Some(found) if found.claim == claim => {
                    return Ok(self.holding(account, contents, Some(sequence)));
                }
                Some(found) if found.epoch > message.epoch => return Err(ClusterError::Lost),
                // The server that answered has not heard of the claim yet.
                _ => tries.again(ClusterError::stale()).await?,
            }
        }
    }

    /// Returns what is stored of an account as a claim that changes nothing.
    pub(crate) async fn snapshot(&self, account: &str) -> Result<(Claim, Stored), ClusterError> {
        let contents = self.contents(account).await?;
        Ok(self.holding(account, contents, None))
    }

    async fn contents(&self, account: &str) -> Result<Contents, ClusterError> {
        let filter = names::account(&self.prefix, account) + ".>";
        let messages = self.exchange.read(&filter).await?;
        let contents = gather(&self.prefix, &messages).remove(&token(account));
        contents.unwrap_or_default().checked()
    }

    /// Returns a claim, if `sequence` is its own, and what is stored.
    fn holding(&self, account: &str, contents: Contents, sequence: Option<u64>) -> (Claim, Stored) {
        let message = contents.account.unwrap_or_default();
        let stored = Stored {
            account: message.record.clone(),
            sources: contents.sources,
        };
        let now = contents.stored_at.unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let claim = Claim {
            time: (now, Instant::now()),
            exchange: Arc::clone(&self.exchange),
            subject: names::account(&self.prefix, account),
            position: Mutex::new(Position {
                message,
                sequence: sequence.unwrap_or_default(),
                fingerprints: contents.fingerprints,
                in_doubt: sequence.is_none(),
            }),
        };
        (claim, stored)
    }

    async fn try_claim(
        &self,
        subject: &str,
        account: &str,
        claim: &str,
    ) -> Result<(u64, AccountMessage), ClusterError> {
        let last = self.exchange.last(subject).await?;
        let (sequence, epoch, record) = match last {
            // An earlier try went through whose answer was lost.
            Some((sequence, message)) if message.claim == claim => return Ok((sequence, message)),
            Some((sequence, message)) => (sequence, message.epoch, message.record),
            None => Default::default(),
        };
        let message = AccountMessage {
            account: account.to_owned(),
            epoch: epoch + 1,
            claim: claim.to_owned(),
            commit: 0,
            record,
        };
        let outgoing = self
            .exchange
            .replacing(subject.to_owned(), &message, Some(sequence))?;
        let sequence = self.exchange.store(&[outgoing]).await?;
        Ok((sequence, message))
    }
}

impl Claim {
    /// Returns the time in milliseconds since 1970 by the servers' clock, which all replicas share.
    pub(crate) fn clock(&self) -> u64 {
        let now = self.time.0 + self.time.1.elapsed();
        u64::try_from(now.unix_timestamp_nanos() / 1_000_000).unwrap_or_default()
    }

    /// Stores a change, all of it or nothing. One of more than a thousand messages is stored in parts, fingerprints before
    /// the records of their sources.
    ///
    /// Tries again for twice the lease if the servers do not answer. After an error, or if
    /// the future is dropped, it may be unknown what is stored; then the claim is lost.
    pub(crate) async fn commit(&self, change: &Change) -> Result<(), ClusterError> {
        let mut position = self.position.lock().await;
        if position.in_doubt {
            return Err(ClusterError::Lost);
        }
        let mut records = Vec::new();
        for (source, record) in &change.sources {
            let subject = format!("{}.cur.{}", self.subject, token(source));
            let (source, record) = (source.clone(), record.clone());
            let message = SourceMessage { source, record };
            records.push(self.exchange.replacing(subject, &message, None)?);
        }

        position.in_doubt = true;
        if let Some(record) = &change.account {
            position.message.record = record.clone();
        }
        let mut messages = Vec::new();
        let forgotten = change.sources.iter().filter(|(_, record)| record.is_none());
        let forgotten = forgotten.map(|(source, _)| (source, &FingerprintChange::Clear));
        let changed = change.fingerprints.iter();
        for (source, change) in forgotten.chain(changed.map(|(source, change)| (source, change))) {
            let subject = format!("{}.fp.{}", self.subject, token(source));
            let stored = position.fingerprints.entry(token(source)).or_default();
            for payload in apply(stored, change, self.exchange.max_payload()) {
                // The messages before it would only take up space.
                let replaces = is_clear(&payload);
                messages.push((subject.as_str().into(), publish_message(payload, replaces)));
            }
        }
        messages.append(&mut records);
        let mut parts: Vec<_> = messages.chunks(MAX_BATCH - 1).collect();
        if parts.is_empty() {
            parts.push(&[]);
        }
        for part in parts {
            self.store(&mut position, part).await?;
        }
        position.in_doubt = false;
        Ok(())
    }

    /// Stores messages together with the account's.
    async fn store(&self, position: &mut Position, part: &[Outgoing]) -> Result<(), ClusterError> {
        position.message.commit += 1;
        let message = &position.message;
        let subject = format!("{}.acc", self.subject);
        let mut batch = part.to_vec();
        batch.push(
            self.exchange
                .replacing(subject.clone(), message, Some(position.sequence))?,
        );
        let mut tries = self.exchange.tries();
        position.sequence = loop {
            let error = match self.exchange.store(&batch).await {
                Ok(sequence) => break sequence,
                Err(ClusterError::Lost) => match self.exchange.last(&subject).await {
                    // An earlier try went through whose answer was lost.
                    Ok(Some((sequence, last))) if message.is_same_commit(&last) => break sequence,
                    Ok(Some((_, last))) if message.is_before(&last) => {
                        return Err(ClusterError::Lost);
                    }
                    Ok(_) => ClusterError::stale(),
                    Err(error) => error,
                },
                Err(error) => error,
            };
            tries.again(error).await?;
        };
        Ok(())
    }

    /// Returns every fingerprint of a source as of the last change.
    pub(crate) async fn all_fingerprints(&self, source: &str) -> Vec<(DeviceKey, u64)> {
        let position = self.position.lock().await;
        let stored = position.fingerprints.get(&token(source));
        stored
            .into_iter()
            .flatten()
            .map(|(key, print)| (*key, *print))
            .collect()
    }

    /// Returns the fingerprints of devices of a source as of the last change, each if it is stored.
    pub(crate) async fn fingerprints(
        &self,
        source: &str,
        devices: &[DeviceKey],
    ) -> Vec<Option<u64>> {
        let position = self.position.lock().await;
        let stored = position.fingerprints.get(&token(source));
        let find = |device| stored.and_then(|stored| stored.get(device).copied());
        devices.iter().map(find).collect()
    }
}

impl Exchange {
    /// Returns an account's message and its sequence. It may be older than the last one.
    async fn last(&self, subject: &str) -> Result<Option<(u64, AccountMessage)>, ClusterError> {
        let Some(message) = self.read(subject).await?.pop() else {
            return Ok(None);
        };
        let record = serde_json::from_slice(&message.payload);
        let record = record.map_err(|_| ClusterError::damaged(subject))?;
        Ok(Some((number(&message, "Nats-Sequence"), record)))
    }

    /// Returns a message that replaces the record on a subject, if `expected` is its sequence.
    fn replacing(
        &self,
        subject: String,
        record: &impl Serialize,
        expected: Option<u64>,
    ) -> Result<Outgoing, ClusterError> {
        let payload = serde_json::to_vec(record)?;
        let (length, max) = (payload.len(), self.max_payload());
        if length > max {
            return Err(ClusterError::Refused(format!(
                "the record of a cursor has {length} bytes, and max_payload of the servers leaves room for {max}: raise it"
            )));
        }
        let mut message = publish_message(payload, true);
        if let Some(sequence) = expected {
            message = message.expected_last_subject_sequence(sequence);
        }
        Ok((subject.into(), message))
    }
}

/// Returns a message that replaces the earlier ones of its subject, or follows them.
fn publish_message(payload: Vec<u8>, replaces: bool) -> PublishMessage {
    let message = PublishMessage::build().payload(payload.into());
    match replaces {
        true => message.header("Nats-Rollup", "sub"),
        false => message,
    }
}
