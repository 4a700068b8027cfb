//! The ticks: which account is due, and who works on it.

use std::time::Duration;

use async_nats::Subject;
use async_nats::jetstream::message::PublishMessage;
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use tokio::time::timeout;
use tracing::warn;

use crate::state::cluster::error::ClusterError;
use crate::state::cluster::handle::Cluster;
use crate::state::cluster::lease::{Lease, now};
use crate::state::cluster::names;
use crate::state::start::Wanted;

/// How long a pull waits for a tick.
const MAX_WAIT: Duration = Duration::from_secs(1);

/// An account is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tick {
    /// The account's name.
    pub account: String,
    /// The beginning of the slot that it is due in.
    #[serde(with = "time::serde::rfc3339")]
    pub slot: OffsetDateTime,
    /// Where its walks begin.
    #[serde(default)]
    pub wanted: Wanted,
    /// `--accept-rejects`
    #[serde(default)]
    pub accept_rejects: bool,
}

/// What became of a tick that was published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Published {
    /// It is in the queue.
    Stored,
    /// It was published before, at most two minutes ago.
    Duplicate,
    /// Another tick of the account is in the queue or in work.
    Queued,
}

/// A tick to work on, for as long as the lease is held.
pub(crate) struct Delivery {
    /// The tick.
    pub tick: Tick,
    /// The lease of its account.
    pub lease: Lease,
}

impl Cluster {
    /// Publishes that an account is due.
    pub(crate) async fn publish(&self, tick: &Tick) -> Result<Published, ClusterError> {
        let subject = names::tick(&self.prefix, &tick.account);
        let slot = tick.slot.unix_timestamp_nanos();
        let message = PublishMessage::build()
            .payload(serde_json::to_vec(tick)?.into())
            .message_id(format!("{subject}@{slot}"));
        let subject = Subject::from(subject);
        let mut tries = self.exchange.tries();
        loop {
            let published = self.exchange.publish(subject.clone(), message.clone());
            match published.await {
                Ok(stored) if stored.duplicate => return Ok(Published::Duplicate),
                Ok(_) => return Ok(Published::Stored),
                Err(ClusterError::Queued) => return Ok(Published::Queued),
                Err(error) => tries.again(error).await?,
            }
        }
    }

    /// Waits up to a second for the next tick. A tick that arrives while the future is dropped is delivered again when
    /// the lease has ended.
    pub(crate) async fn pull(&self) -> Result<Option<Delivery>, ClusterError> {
        let wait = MAX_WAIT.min(self.lease / 3);
        // The lease counts from before the delivery.
        let asked = now();
        let pull = async {
            let batch = self.consumer.batch().max_messages(1).expires(wait);
            let message = batch.messages().await?.next().await;
            Ok(message.transpose()?)
        };
        let pulled = timeout(wait + MAX_WAIT, pull).await;
        let Some(message) = pulled.unwrap_or_else(|_| Err(ClusterError::no_answer()))? else {
            return Ok(None);
        };
        let deliveries = message.info().map_or(1, |info| info.delivered);
        let deliveries = u32::try_from(deliveries).unwrap_or(1);
        let (message, acker) = message.split();
        let client = self.exchange.client.clone();
        let lease = Lease::new(client, acker, deliveries, asked, self.lease);
        if let Ok(tick) = serde_json::from_slice(&message.payload) {
            return Ok(Some(Delivery { tick, lease }));
        }
        let subject = message.subject;
        warn!("the message on {subject} is not a tick: removed from the queue");
        lease.terminate().await.map(|()| None)
    }
}
