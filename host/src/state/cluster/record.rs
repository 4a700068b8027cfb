//! What the messages of an account contain.

use std::collections::{BTreeMap, HashMap};

use async_nats::Message;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::state::change::{AccountRecord, SourceRecord, Stored};
use crate::state::cluster::error::ClusterError;
use crate::state::cluster::exchange::header;
use crate::state::cluster::fingerprints::{Fingerprints, replay};

/// The message of an account.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct AccountMessage {
    /// The account's name.
    pub account: String,
    /// How often it was claimed.
    pub epoch: u64,
    /// The id of the last claim.
    pub claim: String,
    /// How many changes were stored under that claim.
    pub commit: u64,
    pub record: AccountRecord,
}

impl AccountMessage {
    /// Returns whether `other` stands for the same change.
    pub(super) fn is_same_commit(&self, other: &Self) -> bool {
        (&self.claim, self.commit) == (&other.claim, other.commit)
    }

    /// Returns whether `other` belongs to another claim that took the account over.
    pub(super) fn is_before(&self, other: &Self) -> bool {
        self.epoch <= other.epoch && self.claim != other.claim
    }
}

/// The message of a source.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct SourceMessage {
    /// The source's id.
    pub source: String,
    /// `None` once it is forgotten.
    pub record: Option<SourceRecord>,
}

/// What messages say of one account.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub account: Option<AccountMessage>,
    /// When the message of the account was stored, by the servers' clock.
    pub stored_at: Option<OffsetDateTime>,
    pub sources: BTreeMap<String, SourceRecord>,
    /// By the tokens of the sources.
    pub fingerprints: HashMap<String, Fingerprints>,
    /// The subject of a message that this program did not write.
    damaged: Option<String>,
}

impl Contents {
    /// Adds a message; `None` if it is not one that this program writes.
    fn add(&mut self, kind: Option<&str>, source: Option<&str>, message: &Message) -> Option<()> {
        match (kind, source) {
            (Some("acc"), None) => {
                self.account = Some(serde_json::from_slice(&message.payload).ok()?);
                let time = header(message, "Nats-Time-Stamp");
                self.stored_at = OffsetDateTime::parse(time, &Rfc3339).ok();
            }
            (Some("cur"), Some(_)) => {
                let SourceMessage { source, record } =
                    serde_json::from_slice(&message.payload).ok()?;
                match record {
                    Some(record) => self.sources.insert(source, record),
                    None => self.sources.remove(&source),
                };
            }
            (Some("fp"), Some(source)) => {
                let stored = self.fingerprints.entry(source.to_owned()).or_default();
                replay(stored, &message.payload)?;
            }
            _ => return None,
        }
        Some(())
    }

    /// Returns these contents if all of them can be read.
    pub(super) fn checked(self) -> Result<Self, ClusterError> {
        match &self.damaged {
            None => Ok(self),
            Some(subject) => Err(ClusterError::damaged(subject)),
        }
    }

    /// Returns the account's name, and what is stored without fingerprints.
    pub(super) fn split(self) -> (String, Stored) {
        let mut message = self.account.unwrap_or_default();
        if message.account.is_empty() {
            // Somebody has deleted the account's own record.
            let mut states = self.sources.values().flat_map(|record| &record.state);
            message.account = states
                .next()
                .map(|state| state.account.clone())
                .unwrap_or_default();
        }
        let stored = Stored {
            account: message.record,
            sources: self.sources,
        };
        (message.account, stored)
    }
}

/// Reads messages in the order of their sequences, and returns what they say of each account, by the accounts' tokens.
pub(super) fn gather(prefix: &str, messages: &[Message]) -> HashMap<String, Contents> {
    let mut accounts: HashMap<String, Contents> = HashMap::new();
    for message in messages {
        let tokens = message.subject.strip_prefix(prefix).unwrap_or_default();
        let mut tokens = tokens.split('.').skip(2);
        let Some(account) = tokens.next() else {
            continue;
        };
        let contents = accounts.entry(account.to_owned()).or_default();
        if contents
            .add(tokens.next(), tokens.next(), message)
            .is_none()
        {
            contents.damaged = Some(message.subject.to_string());
        }
    }
    accounts
}
