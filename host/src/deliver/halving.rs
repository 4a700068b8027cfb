//! The events that a destination refuses, found among those that it takes.
//!
//! All batches of a page are handed over first, and only then their fates are waited for: a destination that
//! takes its time for each batch takes it for all of them at once. What is refused is then sent again in
//! halves, down to the single events, so that one that is refused does not keep the others, and everything
//! behind them, from being delivered for ever.
//!
//! There is a guard: a destination that refuses [`MOST_REFUSED`] events one by one and has taken nothing of
//! the page may be set up for something else (another format, another index) or out of order, and a whole
//! fleet must not become rejects. So up to [`PROBES`] events from all over the rest of the page are sent alone.
//! If one is taken, the page goes on: its bad events are merely neighbours. If none is, the source stops and
//! the page is not confirmed. A page of which anything was taken is never stopped.
//!
//! Pages may be small: thousands of tenants with a handful of devices each. So [`MOST_REFUSED`] over all pages of
//! a run are as many as on one, for a destination that has taken nothing in the run so far.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use async_trait::async_trait;

use super::{DeliverError, Delivered, Refused};
use crate::bindings::inventory::connector::types::Event;

/// How many events are one by one refused, with none of the page taken, before the destination is doubted.
const MOST_REFUSED: usize = 20;

/// How many events are then sent alone, at most, before it is no longer believed.
const PROBES: usize = 5;

/// Takes events, one batch at a time.
#[async_trait]
pub(super) trait Intake: Send + Sync {
    /// What tells the fate of a batch that was handed over.
    type Handed: Send;

    /// Hands over a batch, and adds to `retries` each request that was made again.
    async fn hand_over(
        &self,
        events: &[Event],
        retries: &AtomicU64,
    ) -> Result<Self::Handed, DeliverError>;

    /// Waits for the fate of a batch that was handed over.
    async fn fate(&self, handed: Self::Handed, events: &[Event]) -> Result<Sent, DeliverError>;

    /// What messages call it.
    fn place(&self) -> &str;
}

/// The fate of a batch.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// All of it was taken.
    Accepted,
    /// It is refused as it is, for this reason.
    Refused(String),
}

/// What a destination took and refused since it was opened; all sources that deliver to it share it.
#[derive(Debug, Default)]
pub(super) struct Record {
    taken: AtomicBool,
    refused: AtomicUsize,
}

impl Record {
    /// Notes what became of a page. Gives how many were refused where that makes too many.
    fn note(&self, taken: bool, refused: usize) -> Option<usize> {
        if taken {
            self.taken.store(true, Ordering::Relaxed);
        }
        let refused = self.refused.fetch_add(refused, Ordering::Relaxed) + refused;
        (refused >= MOST_REFUSED && !self.taken.load(Ordering::Relaxed)).then_some(refused)
    }
}

/// Delivers events in these batches, in their order; what is refused comes behind them. Adds to `retries` each
/// request that was made again, also where it fails.
///
/// # Errors
///
/// When the fate of a batch is not known, or one event after the other is refused and none is taken.
pub(super) async fn deliver<I: Intake>(
    intake: &I,
    record: &Record,
    events: &[Event],
    batches: Vec<Range<usize>>,
    retries: &AtomicU64,
) -> Result<Delivered, DeliverError> {
    let mut page = Page {
        intake,
        events,
        retries,
        rest: Vec::new(),
        refused: Vec::new(),
        taken: false,
    };
    page.hand_over(batches).await?;
    loop {
        if page.doubted() {
            page.probe().await?;
        }
        let Some(batch) = page.rest.pop() else {
            break;
        };
        page.send(batch).await?;
    }
    if let Some(count) = record.note(page.taken, page.refused.len())
        && !page.refused.is_empty()
    {
        return Err(page.refuses_all(count));
    }
    page.refused.sort_unstable_by_key(|refused| refused.index);
    Ok(Delivered {
        refused: page.refused,
    })
}

/// A page that is being delivered.
struct Page<'a, I> {
    intake: &'a I,
    events: &'a [Event],
    retries: &'a AtomicU64,
    /// What is still to be sent; the next one is the last.
    rest: Vec<Range<usize>>,
    /// Single events that were refused.
    refused: Vec<Refused>,
    /// Whether anything was taken.
    taken: bool,
}

impl<'a, I: Intake> Page<'a, I> {
    /// Sends the batches of the page, one behind the other, and keeps what is refused for the rest.
    async fn hand_over(&mut self, batches: Vec<Range<usize>>) -> Result<(), DeliverError> {
        let mut all = Vec::with_capacity(batches.len());
        for batch in batches {
            let events = self.events(&batch);
            let handed = self.intake.hand_over(events, self.retries).await?;
            all.push((batch, handed));
        }
        let mut fates = Vec::with_capacity(all.len());
        for (batch, handed) in all {
            let sent = self.intake.fate(handed, self.events(&batch)).await?;
            fates.push((batch, sent));
        }
        // The rest is taken from its end.
        for (batch, sent) in fates.into_iter().rev() {
            self.settle(batch, sent);
        }
        Ok(())
    }

    /// Sends a batch and waits for its fate.
    async fn send(&mut self, batch: Range<usize>) -> Result<(), DeliverError> {
        let events = self.events(&batch);
        let handed = self.intake.hand_over(events, self.retries).await?;
        let sent = self.intake.fate(handed, events).await?;
        self.settle(batch, sent);
        Ok(())
    }

    /// Notes the fate of a batch; halves of one that is refused come next.
    fn settle(&mut self, batch: Range<usize>, sent: Sent) {
        match sent {
            Sent::Accepted => self.taken = true,
            Sent::Refused(reason) if batch.len() > 1 => {
                tracing::debug!(
                    destination = self.intake.place(),
                    "a batch of {} is refused ({reason}); sending its halves",
                    batch.len()
                );
                let middle = batch.start + batch.len() / 2;
                self.rest.push(middle..batch.end);
                self.rest.push(batch.start..middle);
            }
            Sent::Refused(reason) => self.refused.push(Refused {
                index: batch.start,
                reason,
            }),
        }
    }

    /// Whether the destination may be one that takes nothing.
    fn doubted(&self) -> bool {
        !self.taken && self.refused.len() >= MOST_REFUSED
    }

    /// Sends single events from all over the rest until one is taken. What becomes of them is settled.
    async fn probe(&mut self) -> Result<(), DeliverError> {
        let left: Vec<usize> = self.rest.iter().rev().cloned().flatten().collect();
        let count = left.len().min(PROBES);
        // The middles of so many parts of the rest.
        let probes = (0..count).map(|number| (2 * number + 1) * left.len() / (2 * count));
        for probe in probes.filter_map(|place| left.get(place).copied()) {
            self.take_out(probe);
            self.send(probe..probe + 1).await?;
            if self.taken {
                return Ok(());
            }
        }
        Err(self.refuses_all(self.refused.len()))
    }

    fn refuses_all(&self, count: usize) -> DeliverError {
        let last = self.refused.last();
        DeliverError::RefusesAll {
            place: self.intake.place().to_owned(),
            count,
            reason: last
                .map(|refused| refused.reason.clone())
                .unwrap_or_default(),
        }
    }

    /// Takes an event out of the rest.
    fn take_out(&mut self, event: usize) {
        if let Some((place, range)) = self
            .rest
            .iter()
            .cloned()
            .enumerate()
            .find(|(_, range)| range.contains(&event))
        {
            let around = [event + 1..range.end, range.start..event];
            let around = around.into_iter().filter(|range| !range.is_empty());
            self.rest.splice(place..=place, around);
        }
    }

    fn events(&self, batch: &Range<usize>) -> &'a [Event] {
        self.events.get(batch.clone()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
