//! Finds the events that a destination refuses among those that it takes.
//!
//! A batch that is refused is sent again in halves, down to single events, in the order of the page. At the end of the
//! page, the events that were refused alone are sent a second time, between two comparisons: the last event that the
//! destination took in this run, sent again. Those that are refused twice become rejects if both comparisons are taken.
//! A destination that breaks refuses good events as well, but takes none between two refusals and after them.
//!
//! If nothing was taken in this run, or a comparison is refused, the page fails, as it does at once after [`MAX_IN_A_ROW`]
//! refusals without an acceptance in between.

use std::cmp::Reverse;
use std::mem;
use std::ops::Range;
use std::slice;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tracing::debug;

use crate::contract::bindings::inventory::connector::types::Event;
use crate::deliver::destination::{Delivery, Refused};
use crate::deliver::error::DeliverError;

/// How many events may be refused one by one without an acceptance in between.
const MAX_IN_A_ROW: usize = 20;

/// Takes events, one batch at a time.
pub(super) trait Intake {
    /// Sends a batch, and adds each repeated request to `retries`.
    async fn send(&self, events: &[Event], retries: &mut u64) -> Result<Sent, DeliverError>;

    /// Waits until the destination has ended its work on a batch.
    async fn task_outcome(&self, task: Task, events: &[Event]) -> Result<Outcome, DeliverError>;

    /// Returns the destination's name in messages.
    fn place(&self) -> &str;
}

/// A batch that was sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// Its outcome is known.
    Settled(Outcome),
    /// The destination works on it.
    Pending(Task),
}

/// The work of a destination on a batch.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Task {
    pub id: String,
    pub accepted_at: Instant,
}

/// What became of a batch.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// All of it was taken.
    Accepted,
    /// It was refused as it is, for this reason.
    Refused(String),
}

/// What decides whether a refused event is a reject; shared by all sources that deliver to a destination.
pub(super) struct Refusals {
    /// Whether an event that is refused alone is a reject without any comparison (`--accept-rejects`).
    accept: bool,
    /// The last event that the destination took since it was opened, which is once per run.
    last_taken: Mutex<Option<Event>>,
}

impl Refusals {
    /// Begins a run in which nothing has been taken yet. With `accept`, every event that is refused alone is a reject.
    pub(super) fn new(accept: bool) -> Self {
        Self {
            accept,
            last_taken: Mutex::default(),
        }
    }

    fn last_taken(&self) -> MutexGuard<'_, Option<Event>> {
        self.last_taken
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Delivers the events in these batches. It fails where the outcome of a batch is unknown, or the destination refuses
/// events and there is reason to doubt it.
pub(super) async fn deliver(
    intake: &impl Intake,
    refusals: &Refusals,
    events: &[Event],
    batches: Vec<Range<usize>>,
) -> Delivery {
    let mut page = Page {
        intake,
        refusals,
        events,
        retries: 0,
        refused: Vec::new(),
        in_a_row: 0,
    };
    let result = page.deliver(batches).await;
    Delivery {
        result: result.map(|()| page.refused),
        retries: page.retries,
    }
}

/// A page that is being delivered.
struct Page<'a, I> {
    intake: &'a I,
    refusals: &'a Refusals,
    events: &'a [Event],
    retries: u64,
    /// Events that were refused alone.
    refused: Vec<Refused>,
    /// How many of them the destination has refused since it last took something.
    in_a_row: usize,
}

impl<'a, I: Intake> Page<'a, I> {
    async fn deliver(&mut self, batches: Vec<Range<usize>>) -> Result<(), DeliverError> {
        self.search(batches).await?;
        if !self.refused.is_empty() && !self.refusals.accept {
            self.compare().await?;
        }
        self.refused.sort_unstable_by_key(|refused| refused.index);
        Ok(())
    }

    /// Sends all batches before any task is waited for, so that the destination works on all of them at once; but none
    /// after one that is refused at once. Then sends the halves of those that were refused.
    async fn search(&mut self, batches: Vec<Range<usize>>) -> Result<(), DeliverError> {
        let mut batches = batches.into_iter();
        let mut sent = Vec::with_capacity(batches.len());
        for batch in batches.by_ref() {
            let events = self.events(&batch);
            let one = self.intake.send(events, &mut self.retries).await?;
            let is_refused = matches!(one, Sent::Settled(Outcome::Refused(_)));
            sent.push((batch, one));
            if is_refused {
                break;
            }
        }
        let mut rest: Vec<_> = batches.collect();
        for (batch, one) in sent {
            let outcome = self.outcome(one, self.events(&batch)).await?;
            self.settle(batch, outcome, &mut rest)?;
        }
        rest.sort_unstable_by_key(|batch| Reverse(batch.start));
        while let Some(batch) = rest.pop() {
            let outcome = self.send(self.events(&batch)).await?;
            self.settle(batch, outcome, &mut rest)?;
        }
        Ok(())
    }

    /// Notes the outcome of a batch, and adds the halves of one that was refused to `rest`.
    fn settle(
        &mut self,
        batch: Range<usize>,
        outcome: Outcome,
        rest: &mut Vec<Range<usize>>,
    ) -> Result<(), DeliverError> {
        let Outcome::Refused(reason) = outcome else {
            self.in_a_row = 0;
            return Ok(());
        };
        if batch.len() > 1 {
            debug!(
                destination = self.intake.place(),
                "a batch of {} events was refused ({reason}): its halves are sent",
                batch.len()
            );
            let middle = batch.start + batch.len() / 2;
            rest.push(middle..batch.end);
            rest.push(batch.start..middle);
            return Ok(());
        }
        let index = batch.start;
        self.refused.push(Refused { index, reason });
        self.in_a_row += 1;
        if self.in_a_row >= MAX_IN_A_ROW && !self.refusals.accept {
            return Err(self.doubt(self.in_a_row, "and took none in between"));
        }
        Ok(())
    }

    /// Sends the refused events again, and keeps those that are refused again while the destination takes the
    /// comparison before and after them.
    async fn compare(&mut self) -> Result<(), DeliverError> {
        let taken = self.refusals.last_taken().clone().ok_or_else(|| {
            let why = "and has taken none in this run to compare them with";
            self.doubt(self.refused.len(), why)
        })?;
        self.send_comparison(&taken).await?;
        for Refused { index, .. } in mem::take(&mut self.refused) {
            let events = self.events(&(index..index + 1));
            if let Outcome::Refused(reason) = self.send(events).await? {
                self.refused.push(Refused { index, reason });
            }
        }
        self.send_comparison(&taken).await
    }

    async fn send_comparison(&mut self, taken: &Event) -> Result<(), DeliverError> {
        match self.send(slice::from_ref(taken)).await? {
            Outcome::Accepted => Ok(()),
            Outcome::Refused(reason) => Err(DeliverError::unconfirmed(
                format_args!(
                    "{} now refuses an event that it took earlier in this run ({reason})",
                    self.intake.place()
                ),
                "the other events that it refused are not rejected; see what has changed at the destination",
            )),
        }
    }

    /// Sends events and waits for their outcome.
    async fn send(&mut self, events: &[Event]) -> Result<Outcome, DeliverError> {
        let sent = self.intake.send(events, &mut self.retries).await?;
        self.outcome(sent, events).await
    }

    async fn outcome(&self, sent: Sent, events: &[Event]) -> Result<Outcome, DeliverError> {
        let outcome = match sent {
            Sent::Settled(outcome) => outcome,
            Sent::Pending(task) => self.intake.task_outcome(task, events).await?,
        };
        if outcome == Outcome::Accepted
            && let Some(last) = events.last()
        {
            *self.refusals.last_taken() = Some(last.clone());
        }
        Ok(outcome)
    }

    /// Returns the error of a destination that refused so many events and gives reason to doubt it.
    fn doubt(&self, count: usize, why: &str) -> DeliverError {
        let reason = self.refused.last().map_or("", |last| &last.reason);
        DeliverError::unconfirmed(
            format_args!(
                "{} refused {count} events, one by one, {why} (the last: {reason})",
                self.intake.place()
            ),
            "none of its events is rejected, as the destination may be out of order or set up for something else; see \
             account.NAME.deliver and what the destination expects, or give these events up with `asset-host collect \
             --accept-rejects`, for one run",
        )
    }

    fn events(&self, batch: &Range<usize>) -> &'a [Event] {
        self.events.get(batch.clone()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
