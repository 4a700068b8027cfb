//! The right to change one account.

use std::collections::HashMap;

use tokio::sync::Mutex;
use tracing::debug;

use crate::state::change::{Change, DeviceKey, FingerprintChange, Stored};
use crate::state::cluster::error::ClusterError;
use crate::state::cluster::exchange::{Exchange, MAX_BATCH, Outgoing};
use crate::state::cluster::fingerprints::{Fingerprints, apply, is_clear};
use crate::state::cluster::handle::Cluster;
use crate::state::cluster::names::{Subjects, token};
use crate::state::cluster::record::{AccountMessage, Contents, SourceMessage, gather};

/// The right to change one account, until another claim takes it over.
pub(crate) struct Claim {
    exchange: Exchange,
    subjects: Subjects,
    position: Mutex<Position>,
}

/// What is stored, as far as this claim knows.
struct Position {
    /// The last message of the account.
    message: AccountMessage,
    /// Its sequence.
    sequence: u64,
    /// By the tokens of the sources.
    fingerprints: HashMap<String, Fingerprints>,
    /// Whether it is unknown what is stored: a change was not confirmed.
    in_doubt: bool,
}

impl Cluster {
    /// Makes this process the only one that may change the account, and returns what is stored of it. The holder before
    /// is refused at its next change.
    pub(crate) async fn claim(&self, account: &str) -> Result<(Claim, Stored), ClusterError> {
        let subjects = Subjects::of(&self.prefix, account);
        let claim = format!("{:032x}", fastrand::u128(..));
        let mut tries = self.exchange.tries();
        let (sequence, message) = loop {
            match self.try_claim(&subjects, account, &claim).await {
                Ok(claimed) => break claimed,
                // Another one was faster; the later claim is the one that counts.
                Err(ClusterError::Lost) => {
                    let raced = ClusterError::unreachable("others claim the account all the time");
                    tries.again(raced).await?;
                }
                Err(error) => tries.again(error).await?,
            }
        };
        let contents = loop {
            let messages = self.exchange.read(&subjects.all()).await?;
            let mut accounts = gather(&self.prefix, &messages)?;
            let contents: Contents = accounts.remove(&token(account)).unwrap_or_default();
            match &contents.account {
                Some(found) if found.claim == claim => break contents,
                Some(found) if found.epoch > message.epoch => return Err(ClusterError::Lost),
                // The server that answered has not heard of the claim yet.
                _ => {
                    let stale = ClusterError::unreachable("a server lacks what was just stored");
                    tries.again(stale).await?;
                }
            }
        };
        let stored = Stored {
            account: message.record.clone(),
            sources: contents.sources,
        };
        let position = Position {
            message,
            sequence,
            fingerprints: contents.fingerprints,
            in_doubt: false,
        };
        let claim = Claim {
            exchange: self.exchange.clone(),
            subjects,
            position: Mutex::new(position),
        };
        Ok((claim, stored))
    }

    /// Returns what is stored of an account as a claim that changes nothing.
    pub(crate) async fn snapshot(&self, account: &str) -> Result<(Claim, Stored), ClusterError> {
        let subjects = Subjects::of(&self.prefix, account);
        let messages = self.exchange.read(&subjects.all()).await?;
        let mut accounts = gather(&self.prefix, &messages)?;
        let contents = accounts.remove(&token(account)).unwrap_or_default();
        let message = contents.account.unwrap_or_default();
        let stored = Stored {
            account: message.record.clone(),
            sources: contents.sources,
        };
        let position = Position {
            message,
            sequence: 0,
            fingerprints: contents.fingerprints,
            in_doubt: true,
        };
        let claim = Claim {
            exchange: self.exchange.clone(),
            subjects,
            position: Mutex::new(position),
        };
        Ok((claim, stored))
    }

    async fn try_claim(
        &self,
        subjects: &Subjects,
        account: &str,
        claim: &str,
    ) -> Result<(u64, AccountMessage), ClusterError> {
        let last: Option<(u64, AccountMessage)> = self.exchange.last(&subjects.record()).await?;
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
        let outgoing = outgoing(
            subjects.record(),
            &message,
            "the account's record",
            &self.exchange,
        )?;
        let sequence = self
            .exchange
            .store(vec![outgoing.expecting(sequence)])
            .await?;
        Ok((sequence, message))
    }
}

impl Claim {
    /// Stores a change, all of it or nothing. One with more than a thousand messages is stored in parts: the records of
    /// the account and of its sources with the last one, so that what they confirm is complete.
    ///
    /// Tries again for twice the lease if the servers do not answer. After an error other than
    /// [`ClusterError::TooLong`], or if the future is dropped, it is unknown what is stored, so the claim is lost.
    pub(crate) async fn commit(&self, change: &Change) -> Result<(), ClusterError> {
        let mut position = self.position.lock().await;
        if position.in_doubt {
            return Err(ClusterError::Lost);
        }
        let mut message = position.message.clone();
        if let Some(record) = &change.account {
            message.record = record.clone();
        }
        let exchange = &self.exchange;
        outgoing(
            self.subjects.record(),
            &message,
            "the account's record",
            exchange,
        )?;
        let mut sources = Vec::new();
        for (source, record) in &change.sources {
            let (source, record) = (source.clone(), record.clone());
            let subject = self.subjects.source(&source);
            let what = format!("the cursor of source {source}");
            sources.push(outgoing(
                subject,
                &SourceMessage { source, record },
                &what,
                exchange,
            )?);
        }

        position.in_doubt = true;
        let forgotten = change.sources.iter().filter(|(_, record)| record.is_none());
        let forgotten = forgotten.map(|(source, _)| (source, &FingerprintChange::Clear));
        let max = exchange.max_payload();
        let mut messages = Vec::new();
        let changes = change
            .fingerprints
            .iter()
            .map(|(source, change)| (source, change));
        for (source, change) in forgotten.chain(changes) {
            let stored = position.fingerprints.entry(token(source)).or_default();
            let subject = self.subjects.fingerprints(source);
            let changes = apply(stored, change, max).into_iter();
            messages.extend(changes.map(|change| Outgoing::new(subject.clone(), change)));
        }
        messages.append(&mut sources);

        let mut parts = messages.chunks(MAX_BATCH - 1).peekable();
        loop {
            let part = parts.next().unwrap_or_default();
            let is_last = parts.peek().is_none();
            if is_last {
                position.message.record = message.record.clone();
            }
            self.store(&mut position, part).await?;
            if is_last {
                break;
            }
        }
        position.in_doubt = false;
        Ok(())
    }

    /// Stores messages together with the account's.
    async fn store(&self, position: &mut Position, part: &[Outgoing]) -> Result<(), ClusterError> {
        position.message.commit += 1;
        let message = &position.message;
        let subject = self.subjects.record();
        let record = outgoing(
            subject.clone(),
            message,
            "the account's record",
            &self.exchange,
        )?;
        let mut batch = part.to_vec();
        batch.push(record.expecting(position.sequence));
        let mut tries = self.exchange.tries();
        let sequence = loop {
            let mut result = self.exchange.store(batch.clone()).await;
            if matches!(result, Err(ClusterError::Lost)) {
                let last: Result<Option<(u64, AccountMessage)>, _> =
                    self.exchange.last(&subject).await;
                result = match last {
                    Ok(Some((sequence, last)))
                        if last.claim == message.claim && last.commit == message.commit =>
                    {
                        // An earlier try went through whose answer was lost.
                        Ok(sequence)
                    }
                    Ok(Some((_, last)))
                        if last.epoch >= message.epoch && last.claim != message.claim =>
                    {
                        return Err(ClusterError::Lost);
                    }
                    Ok(_) => Err(ClusterError::unreachable(
                        "a server lacks what was just stored",
                    )),
                    Err(error) => Err(error),
                };
            }
            match result {
                Ok(sequence) => break sequence,
                Err(error) => tries.again(error).await?,
            }
        };
        position.sequence = sequence;
        for (distance, message) in (1..).zip(part.iter().rev()) {
            // What precedes it no longer counts, so it only takes up space.
            if is_clear(&message.payload)
                && let Err(error) = self
                    .exchange
                    .purge(&message.subject, sequence - distance)
                    .await
            {
                debug!("fingerprints that are no longer used could not be deleted: {error}");
            }
        }
        Ok(())
    }

    /// Returns every fingerprint of a source as of the last change.
    pub(crate) async fn all_fingerprints(&self, source: &str) -> Vec<(DeviceKey, u64)> {
        let position = self.position.lock().await;
        let stored = position.fingerprints.get(&token(source));
        let stored = stored.into_iter().flatten();
        stored.map(|(key, print)| (*key, *print)).collect()
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

/// Returns a message that replaces the record on a subject.
fn outgoing(
    subject: String,
    record: &impl serde::Serialize,
    what: &str,
    exchange: &Exchange,
) -> Result<Outgoing, ClusterError> {
    let payload =
        serde_json::to_vec(record).map_err(|error| ClusterError::Other(error.to_string()))?;
    let (length, max) = (payload.len(), exchange.max_payload());
    if length > max {
        let what = what.to_owned();
        return Err(ClusterError::TooLong { what, length, max });
    }
    Ok(Outgoing::new(subject, payload).replacing())
}
