//! A page on its way to its destination: delivered, what of it is refused set aside, and its cursor stored.
//!
//! All of that waits for disks and networks, so it is one task, which goes on while the component computes the next
//! page.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

use time::OffsetDateTime;
use tokio::task::block_in_place;
use tracing::warn;

use crate::config::Emit;
use crate::contract::bindings::inventory::connector::types::{Event, Reject};
use crate::deliver::rejects::{self, Rejects};
use crate::deliver::{DeliverError, Delivered, Destination};
use crate::run::with;
use crate::sandbox::warnings::MAX_WARNINGS;
use crate::state::{Fingerprints, State, StateError, StoredBatch};
use crate::text::printable::{fault, quote};

/// What is to become of a page.
pub(crate) struct Page {
    /// The account's name.
    pub account: String,
    /// The source's id.
    pub source: String,
    /// The events to deliver.
    pub events: Vec<Event>,
    /// What the component set aside.
    pub rejects: Vec<Reject>,
    /// Where events go.
    pub destination: Arc<dyn Destination>,
    /// Where rejects are written; none for `--dry-run`.
    pub rejects_file: Option<Arc<Rejects>>,
    /// Counts requests to the destination that were made again.
    pub retries: Arc<AtomicU64>,
    /// The state that is told of it; none where nothing is stored.
    pub state: Option<Arc<Mutex<State>>>,
    /// Whether the fingerprints of its devices are forgotten before it is delivered.
    pub forgets: bool,
    /// What is stored once it is confirmed; none where nothing is.
    pub step: Option<Step>,
}

/// How far a page brings the walk over its source.
#[derive(Debug)]
pub(crate) struct Step {
    /// The source's name.
    pub name: String,
    /// The page's cursor.
    pub cursor: String,
    /// The page's mark.
    pub mark: Option<String>,
    /// The page's `more`.
    pub more: bool,
    /// Whether the walk goes over everything.
    pub full: bool,
    /// Whether the page is the first of its walk.
    pub first: bool,
    /// Which events the destination is told.
    pub emit: Emit,
}

/// A page each of whose events is confirmed, or refused and written down.
#[derive(Debug)]
pub(crate) struct Confirmed {
    /// What became of its events.
    pub delivered: Delivered,
    /// Whether its step is stored, where there is one to be stored. If not, the page comes again in the next run.
    pub stored: Result<(), StateError>,
}

/// Why the page is not confirmed.
pub(crate) enum Unconfirmed {
    /// The run was asked to stop while the destination was waited for.
    Stopped,
    /// It failed, with the reason in words.
    Failed(String),
    /// The state could not be written before it was delivered, so that it was not.
    State(StateError),
}

impl Page {
    /// Delivers the page, and stores its step once each of its events is confirmed, or refused and written down.
    ///
    /// # Errors
    ///
    /// When the fate of some events is not known, or the rejects cannot be written; nothing is stored then.
    pub(crate) async fn deliver(self) -> Result<Confirmed, Unconfirmed> {
        self.forget_fingerprints().map_err(Unconfirmed::State)?;
        let delivered = self.confirm().await?;
        let stored = self.store();
        Ok(Confirmed { delivered, stored })
    }

    async fn confirm(&self) -> Result<Delivered, Unconfirmed> {
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
        // The disk may take its time, and another process the file's lock.
        block_in_place(|| self.set_aside(&delivered))
            .map_err(|error| Unconfirmed::Failed(error.to_string()))?;
        Ok(delivered)
    }

    /// Whatever becomes of the delivery, what the destination has of these devices is not known until it is
    /// confirmed.
    fn forget_fingerprints(&self) -> Result<(), StateError> {
        let Some(state) = self.state.as_ref().filter(|_| self.forgets) else {
            return Ok(());
        };
        let devices = self.events.iter().map(|event| event.device.as_str());
        with(state, |state| {
            state.forget_fingerprints(&self.account, &self.source, devices)
        })
    }

    fn store(&self) -> Result<(), StateError> {
        let (Some(state), Some(step)) = (&self.state, &self.step) else {
            return Ok(());
        };
        // Of what was refused as well: this very event is not wanted, and another one will be sent.
        let settled: Vec<_> = match step.emit {
            Emit::Changed => self
                .events
                .iter()
                .map(|event| (event.device.as_str(), event.fingerprint))
                .collect(),
            Emit::Seen => Vec::new(),
        };
        let batch = StoredBatch {
            account: &self.account,
            source: &self.source,
            name: &step.name,
            cursor: &step.cursor,
            mark: step.mark.as_deref(),
            more: step.more,
            full: step.full,
            first: step.first,
            fingerprints: match step.emit {
                Emit::Changed => Fingerprints::Confirmed(&settled),
                Emit::Seen => Fingerprints::Forgotten,
            },
        };
        with(state, |state| {
            state.store_batch(&batch, OffsetDateTime::now_utc())
        })
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
        for (index, (id, reason)) in by_component.chain(by_destination).enumerate() {
            if index < MAX_WARNINGS {
                warn!(
                    account = self.account,
                    source = self.source,
                    device = id.map(quote),
                    "set a record aside: {}",
                    fault(reason)
                );
            }
            lines.push(rejects::Reject {
                account: &self.account,
                source: &self.source,
                id,
                reason,
            });
        }
        let left_out = lines.len().saturating_sub(MAX_WARNINGS);
        if left_out > 0 {
            warn!(
                account = self.account,
                source = self.source,
                "set {left_out} more records of this page aside, which are not logged one by one"
            );
        }
        match &self.rejects_file {
            Some(file) => file.append(&lines, OffsetDateTime::now_utc()),
            None => Ok(()),
        }
    }
}
