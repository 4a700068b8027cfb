//! Finds the events that a destination refuses among those that it takes.
//!
//! A batch that is refused is sent again in halves, down to single events, in the order of the page. An event becomes a
//! reject once it was refused alone, another event was taken, it was refused again, and another event was taken:
//! a destination that breaks refuses good events as well, but takes none between two refusals and after them.
//!
//! Usually the rest of the page provides the events that are taken. At its end, the last event that the destination took
//! in this run is sent again instead. If there is none, or it is refused now, the page fails, as it does at once after
//! [`MAX_SUSPECTS`] refusals without an acceptance in between.

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
const MAX_SUSPECTS: usize = 20;

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

/// What became of a batch: it was taken but for these events, by their positions in it, or it was refused as it is, for
/// this reason.
pub(super) type Outcome = Result<Vec<Refused>, String>;

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

    /// Returns the same for another destination.
    pub(super) fn renewed(&self) -> Self {
        Self::new(self.accept)
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
        suspects: Vec::new(),
        refused_twice: Vec::new(),
        rejects: Vec::new(),
    };
    let result = page.deliver(batches).await;
    page.rejects.sort_unstable_by_key(|reject| reject.index);
    Delivery {
        result: result.map(|()| page.rejects),
        retries: page.retries,
    }
}

/// A page that is being delivered.
struct Page<'a, I> {
    intake: &'a I,
    refusals: &'a Refusals,
    events: &'a [Event],
    retries: u64,
    /// Events that were refused alone; the destination has taken nothing since.
    suspects: Vec<Refused>,
    /// Events that were refused alone, and again after the destination had taken another one; it has taken nothing
    /// since.
    refused_twice: Vec<Refused>,
    /// Events that are refused for good.
    rejects: Vec<Refused>,
}

impl<'a, I: Intake> Page<'a, I> {
    /// Sends all batches before any task is waited for, so that the destination works on all of them at once; but none
    /// after one that is refused at once. Then sends the halves of those that were refused.
    async fn deliver(&mut self, batches: Vec<Range<usize>>) -> Result<(), DeliverError> {
        let mut batches = batches.into_iter();
        let mut sent = Vec::with_capacity(batches.len());
        for batch in batches.by_ref() {
            let events = self.events(&batch);
            let one = self.intake.send(events, &mut self.retries).await?;
            let is_refused = matches!(one, Sent::Settled(Err(_)));
            sent.push((batch, one));
            if is_refused {
                break;
            }
        }
        let mut rest: Vec<_> = batches.collect();
        for (batch, one) in sent {
            let outcome = self.outcome(one, self.events(&batch)).await?;
            self.settle(batch, outcome, &mut rest).await?;
        }
        rest.sort_unstable_by_key(|batch| Reverse(batch.start));
        while let Some(batch) = rest.pop() {
            let outcome = self.send(self.events(&batch)).await?;
            self.settle(batch, outcome, &mut rest).await?;
        }
        self.compare().await
    }

    /// Notes the outcome of a batch, and adds the halves of one that was refused to `rest`.
    async fn settle(
        &mut self,
        batch: Range<usize>,
        outcome: Outcome,
        rest: &mut Vec<Range<usize>>,
    ) -> Result<(), DeliverError> {
        let reason = match outcome {
            Ok(mut refused) => {
                refused.sort_unstable_by_key(|one| one.index);
                let row = |one: &Refused, next: &Refused| one.index + 1 == next.index;
                let row = refused.chunk_by(row).find(|row| row.len() >= MAX_SUSPECTS);
                if let Some(row) = row.filter(|_| !self.refusals.accept) {
                    self.suspects = row.to_vec();
                    return Err(self.doubt("and took none in between"));
                }
                for one in &mut refused {
                    one.index += batch.start;
                }
                self.rejects.append(&mut refused);
                return self.retry_suspects().await;
            }
            Err(reason) => reason,
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
        let refused = Refused { index, reason };
        if self.refusals.accept {
            self.rejects.push(refused);
            return Ok(());
        }
        self.suspects.push(refused);
        if self.suspects.len() >= MAX_SUSPECTS {
            return Err(self.doubt("and took none in between"));
        }
        Ok(())
    }

    /// Sends the suspects again, after the destination has taken another event. This acceptance also decides about the
    /// events that had been refused twice before it.
    async fn retry_suspects(&mut self) -> Result<(), DeliverError> {
        self.rejects.append(&mut self.refused_twice);
        for Refused { index, .. } in mem::take(&mut self.suspects) {
            match self.send(self.events(&(index..index + 1))).await? {
                Ok(_) => self.rejects.append(&mut self.refused_twice),
                Err(reason) => self.refused_twice.push(Refused { index, reason }),
            }
        }
        Ok(())
    }

    /// Decides about the suspects that the rest of the page has left, by sending again the last event that the
    /// destination took in this run: once before the second attempt, and once after it.
    async fn compare(&mut self) -> Result<(), DeliverError> {
        while !self.suspects.is_empty() || !self.refused_twice.is_empty() {
            let taken = self.refusals.last_taken().clone();
            let Some(taken) = taken else {
                return Err(self.doubt("and has taken none in this run to compare them with"));
            };
            if let Err(reason) = self.send(slice::from_ref(&taken)).await? {
                return Err(DeliverError::unconfirmed(
                    format_args!(
                        "{} now refuses an event that it took earlier in this run ({reason})",
                        self.intake.place()
                    ),
                    "the other events that it refused are not rejected; see what has changed at the destination",
                ));
            }
            self.retry_suspects().await?;
        }
        Ok(())
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
        if let Ok(refused) = &outcome {
            let is_taken = |index: &usize| refused.iter().all(|one| one.index != *index);
            let last = (0..events.len()).rev().find(is_taken);
            if let Some(last) = last.and_then(|index| events.get(index)) {
                *self.refusals.last_taken() = Some(last.clone());
            }
        }
        Ok(outcome)
    }

    /// Returns the error of a destination that refuses the suspects and gives reason to doubt it.
    fn doubt(&self, why: &str) -> DeliverError {
        let count = self.suspects.len();
        let reason = self.suspects.last().map_or("", |last| &last.reason);
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
