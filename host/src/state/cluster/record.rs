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
}

impl Contents {
    /// Returns the account's name, and what is stored without fingerprints.
    pub(super) fn split(self) -> (String, Stored) {
        let message = self.account.unwrap_or_default();
        let stored = Stored {
            account: message.record,
            sources: self.sources,
        };
        (message.account, stored)
    }
}

/// Reads messages in the order of their sequences, and returns what they say of each account, by the accounts' tokens.
pub(super) fn gather(
    prefix: &str,
    messages: &[Message],
) -> Result<HashMap<String, Contents>, ClusterError> {
    let mut accounts: HashMap<String, Contents> = HashMap::new();
    for message in messages {
        let damaged = || ClusterError::damaged(&message.subject);
        let tokens = message.subject.strip_prefix(prefix).ok_or_else(damaged)?;
        let mut tokens = tokens.split('.').skip(2);
        let account = tokens.next().ok_or_else(damaged)?;
        let contents = accounts.entry(account.to_owned()).or_default();
        match (tokens.next(), tokens.next()) {
            (Some("acc"), None) => {
                contents.account =
                    Some(serde_json::from_slice(&message.payload).map_err(|_| damaged())?);
                let time = header(message, "Nats-Time-Stamp");
                contents.stored_at = OffsetDateTime::parse(time, &Rfc3339).ok();
            }
            (Some("cur"), Some(_)) => {
                let source: SourceMessage =
                    serde_json::from_slice(&message.payload).map_err(|_| damaged())?;
                match source.record {
                    Some(record) => contents.sources.insert(source.source, record),
                    None => contents.sources.remove(&source.source),
                };
            }
            (Some("fp"), Some(source)) => {
                let stored = contents.fingerprints.entry(source.to_owned()).or_default();
                replay(stored, &message.payload).ok_or_else(damaged)?;
            }
            _ => return Err(damaged()),
        }
    }
    Ok(accounts)
}
