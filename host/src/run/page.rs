//! A page on its way to its destination: delivered, its refused events written to the rejects, its cursor stored.
//!
//! All of that waits for disks and networks, so it is one task, which runs while the component computes the next page.

use std::sync::Arc;

use time::OffsetDateTime;
use tokio::task::block_in_place;
use tracing::warn;

use crate::config::Emit;
use crate::contract::bindings::inventory::connector::types::Batch;
use crate::deliver::rejects::Reject;
use crate::deliver::{DeliverError, Refused};
use crate::run::context::SourceJob;
use crate::run::halt::Halt;
use crate::run::report::Tally;
use crate::sandbox::call::MAX_WARNINGS;
use crate::state::{Fingerprints, StateError, StoredBatch};
use crate::text::printable::{fault, quote};

/// A page to deliver.
pub(crate) struct PageDelivery {
    /// The source that it is from.
    pub source: Arc<SourceJob>,
    /// What the component returned, without the events that are not delivered.
    pub batch: Batch,
    /// How many events are not delivered, as their devices have not changed.
    pub unchanged: u64,
    /// Whether it belongs to a full walk.
    pub full: bool,
    /// Whether it is the first of its walk.
    pub first: bool,
    /// Whether the fingerprints of its devices are forgotten before it is delivered.
    pub forgets: bool,
}

/// How the delivery of a page ended.
pub(crate) struct DeliveredPage {
    /// What was confirmed, whether or not its cursor is stored, and the requests that were made again.
    pub tally: Tally,
    /// The page's mark.
    pub mark: Option<String>,
    /// Whether another page follows.
    pub more: bool,
    /// Whether the page is confirmed and its cursor stored. If not, the next run sends the page again.
    pub result: Result<(), Halt>,
}

impl PageDelivery {
    /// Delivers the page, and stores its cursor once each of its events is confirmed, or refused and written to the
    /// rejects. Nothing is stored where it is not known what the destination has, or the rejects cannot be written.
    pub(crate) async fn deliver(self) -> DeliveredPage {
        let mut tally = Tally::default();
        let result = self.deliver_and_store(&mut tally).await;
        DeliveredPage {
            tally,
            mark: self.batch.mark,
            more: self.batch.more,
            result,
        }
    }

    async fn deliver_and_store(&self, tally: &mut Tally) -> Result<(), Halt> {
        let events = &self.batch.events;
        if self.forgets {
            // Until the delivery is confirmed, it is not known what the destination has of these devices.
            let devices = events.iter().map(|event| event.device.as_str());
            let (state, source) = (&self.source.job.state, &self.source.id);
            state.forget_fingerprints(source, devices).await?;
        }
        let mut refused = Vec::new();
        if !self.source.job.is_held() {
            // This process was stopped for a while, and another replica continues with the account.
            return Err(Halt::Stopped);
        }
        if !events.is_empty() {
            let delivery = self.source.destination().deliver(events).await;
            tally.retries = delivery.retries;
            refused = delivery.result.map_err(|error| match error {
                DeliverError::Stopped(_) => Halt::Stopped,
                DeliverError::Failed(why) => {
                    Halt::Failed(format!("account.{}.deliver: {why}", self.source.job.name()))
                }
            })?;
        }
        if !self.batch.rejects.is_empty() || !refused.is_empty() {
            // The disk may take its time.
            block_in_place(|| self.write_rejects(&refused))
                .map_err(|error| Halt::Failed(error.to_string()))?;
        }
        tally.pages = 1;
        tally.refused = refused.len() as u64;
        tally.events = events.len() as u64 - tally.refused;
        tally.unchanged = self.unchanged;
        tally.rejects = self.batch.rejects.len() as u64;
        Ok(self.store().await?)
    }

    async fn store(&self) -> Result<(), StateError> {
        let (source, batch) = (&self.source, &self.batch);
        // Refused events count as well: the destination does not want them again.
        let settled: Vec<_>;
        let fingerprints = match source.job.emit() {
            Emit::Changed => {
                let events = batch.events.iter();
                settled = events
                    .map(|event| (event.device.as_str(), event.fingerprint))
                    .collect();
                Fingerprints::Confirmed(&settled)
            }
            Emit::Seen => Fingerprints::Forgotten,
        };
        let batch = StoredBatch {
            source: &source.id,
            name: &source.name,
            cursor: &batch.cursor,
            mark: batch.mark.as_deref(),
            more: batch.more,
            full: self.full,
            first: self.first,
            fingerprints,
        };
        let now = OffsetDateTime::now_utc();
        source.job.state.store_batch(&batch, now).await
    }

    /// Writes what the component rejected and what the destination refused to the log and to the rejects.
    fn write_rejects(&self, refused: &[Refused]) -> Result<(), DeliverError> {
        let by_component = self
            .batch
            .rejects
            .iter()
            .map(|reject| (reject.id.as_deref(), &reject.reason));
        let by_destination = refused.iter().map(|refused| {
            let event = self.batch.events.get(refused.index);
            (event.map(|event| event.device.as_str()), &refused.reason)
        });
        let lines: Vec<_> = by_component
            .chain(by_destination)
            .map(|(id, reason)| Reject {
                account: self.source.job.name(),
                source: &self.source.id,
                id,
                reason,
            })
            .collect();
        // Each replica has a file of its own, and its log is what they have in common.
        let logged = match self.source.job.settings.has_replicas {
            true => usize::MAX,
            false => MAX_WARNINGS,
        };
        for line in lines.iter().take(logged) {
            warn!(
                device = line.id.map(quote),
                "rejected a record: {}",
                fault(line.reason)
            );
        }
        let left_out = lines.len().saturating_sub(logged);
        if left_out > 0 {
            warn!("rejected {left_out} more records of this page, which are not logged one by one");
        }
        match &self.source.job.rejects {
            Some(file) => file.append(&lines, OffsetDateTime::now_utc()),
            None => Ok(()),
        }
    }
}
