//! The ticks: which account is due, and who works on it.

use std::time::Duration;

use async_nats::jetstream::{AckKind, Message};
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use tokio::time::timeout;
use tracing::warn;

use crate::state::cluster::error::ClusterError;
use crate::state::cluster::exchange::Outgoing;
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
        let payload =
            serde_json::to_vec(tick).map_err(|error| ClusterError::Other(error.to_string()))?;
        let mut message = Outgoing::new(names::tick(&self.prefix, &tick.account), payload);
        let id = format!(
            "{}@{}",
            names::token(&tick.account),
            tick.slot.unix_timestamp_nanos()
        );
        message.headers.insert("Nats-Msg-Id", id);
        let mut tries = self.exchange.tries();
        loop {
            let error = match self.exchange.publish(message.clone()).await {
                Ok(Ok(stored)) if stored.duplicate => return Ok(Published::Duplicate),
                Ok(Ok(_)) => return Ok(Published::Stored),
                Ok(Err(error)) if error.to_string().contains("maximum messages per subject") => {
                    return Ok(Published::Queued);
                }
                Ok(Err(error)) => ClusterError::refused(&error),
                Err(error) => error,
            };
            tries.again(error).await?;
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
            let mut messages = batch.messages().await.map_err(ClusterError::unreachable)?;
            let message = messages.next().await.transpose();
            message.map_err(ClusterError::unreachable)
        };
        let message = timeout(wait + MAX_WAIT, pull)
            .await
            .map_err(|_| ClusterError::unreachable("no answer in time"))??;
        let Some(message) = message else {
            return Ok(None);
        };
        let Ok(tick) = serde_json::from_slice(&message.payload) else {
            discard(&message).await;
            return Ok(None);
        };
        let (_, acker) = message.split();
        let client = self.exchange.context().client();
        Ok(Some(Delivery {
            tick,
            lease: Lease::new(client, acker, asked, self.lease),
        }))
    }
}

/// Removes a message that is no tick.
async fn discard(message: &Message) {
    warn!(
        "{} is not a tick, and is removed from the queue",
        message.subject
    );
    if let Err(error) = message.ack_with(AckKind::Term).await {
        warn!("it could not be removed: {error}");
    }
}
