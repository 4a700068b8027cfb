//! A page on its way to its destination: delivered, and what of it is refused set aside.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use time::OffsetDateTime;
use tokio::task::spawn_blocking;
use tracing::warn;

use crate::bindings::inventory::connector::types::{Event, Reject};
use crate::deliver::{DeliverError, Delivered, Destination};
use crate::rejects::{self, Rejects};

/// What is to become of a page.
pub struct Page {
    /// The account's name.
    pub account: String,
    /// The source's id.
    pub source: String,
    /// The events to deliver.
    pub events: Arc<Vec<Event>>,
    /// What the component set aside.
    pub rejects: Vec<Reject>,
    /// Where events go.
    pub destination: Arc<dyn Destination>,
    /// Where rejects are written; none for `--dry-run`.
    pub rejects_file: Option<Arc<Rejects>>,
    /// Counts requests to the destination that were made again.
    pub retries: Arc<AtomicU64>,
}

/// Why the page is not confirmed.
pub enum Unconfirmed {
    /// The run was asked to stop while the destination was waited for.
    Stopped,
    /// It failed, with the reason in words.
    Failed(String),
}

impl Page {
    /// Delivers the page and returns once each of its events is confirmed, or refused and written down.
    ///
    /// # Errors
    ///
    /// When the fate of some events is not known, or the rejects cannot be written.
    pub async fn deliver(self) -> Result<Delivered, Unconfirmed> {
        let mut delivered = Delivered::default();
        if !self.events.is_empty() {
            let sent = self.destination.deliver(&self.events, &self.retries).await;
            delivered = sent.map_err(|error| match error {
                DeliverError::Stopped { .. } => Unconfirmed::Stopped,
                error => Unconfirmed::Failed(error.to_string()),
            })?;
        }
        if self.rejects.is_empty() && delivered.refused.is_empty() {
            return Ok(delivered);
        }
        let failed = |error: String| Unconfirmed::Failed(error);
        // The disk may take its time, and another process the file's lock.
        let written = spawn_blocking(move || self.set_aside(&delivered).map(|()| delivered));
        written
            .await
            .map_err(|error| failed(error.to_string()))?
            .map_err(|error| failed(error.to_string()))
    }

    /// Tells what was set aside by the component and what the destination refused, in the log and in the file.
    fn set_aside(&self, delivered: &Delivered) -> Result<(), rejects::RejectsError> {
        let by_component = self
            .rejects
            .iter()
            .map(|reject| (reject.id.as_deref(), &reject.reason));
        let by_destination = delivered.refused.iter().map(|refused| {
            let event = self.events.get(refused.index);
            (event.map(|event| event.device.as_str()), &refused.reason)
        });
        let mut lines = Vec::new();
        for (id, reason) in by_component.chain(by_destination) {
            warn!(
                account = self.account,
                source = self.source,
                device = id,
                "set a record aside: {reason}"
            );
            lines.push(rejects::Reject {
                account: &self.account,
                source: &self.source,
                id,
                reason,
            });
        }
        match &self.rejects_file {
            Some(file) => file.append(&lines, OffsetDateTime::now_utc()),
            None => Ok(()),
        }
    }
}
