//! Finds the events that a destination refuses among those that it takes.
//!
//! The batches of a page are handed over first and their fates are awaited afterwards, so that a platform which
//! ingests each batch in a task works on all of them at once. A batch that is refused is sent again in halves, down to
//! single events, in the order of the page.
//!
//! A refusal counts only beside an acceptance, because a destination that breaks refuses good events as well. An event
//! that is refused alone is a suspect. Once the destination has taken another event, the suspect is sent again, and if
//! it is refused again, it becomes a reject as soon as the destination has taken something after that as well: a
//! destination that breaks between the acceptance and the second attempt rejects nothing. Usually the rest of the page
//! provides these acceptances. At the end of the page, the last event that the destination took in this run is sent
//! again instead. If there is none, or it is refused now, the page fails.
//!
//! [`MAX_SUSPECTS`] suspects without an acceptance in between fail the page at once: it is more likely that the
//! destination is set up for something else, or broken, than that all of these events are wrong.

use std::cmp::Reverse;
use std::mem;
use std::ops::Range;
use std::slice;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;

use crate::contract::bindings::inventory::connector::types::Event;
use crate::deliver::{DeliverError, Delivered, Refused};

/// How many events may be refused one by one without an acceptance in between.
const MAX_SUSPECTS: usize = 20;

/// Takes events, one batch at a time.
#[async_trait]
pub(super) trait Intake: Send + Sync {
    /// What tells the fate of a batch later.
    type Task: Send;

    /// Hands over a batch, and adds each repeated request to `retries`.
    async fn hand_over(
        &self,
        events: &[Event],
        retries: &AtomicU64,
    ) -> Result<Handed<Self::Task>, DeliverError>;

    /// Waits for the fate of a batch that was handed over.
    async fn fate(&self, task: Self::Task, events: &[Event]) -> Result<BatchOutcome, DeliverError>;

    /// The destination's name in messages.
    fn place(&self) -> &str;
}

/// A batch that was handed over.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Handed<Task> {
    /// Its fate is known.
    Settled(BatchOutcome),
    /// The task tells its fate.
    Pending(Task),
}

/// The fate of a batch.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum BatchOutcome {
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
    /// Nothing is taken yet. With `accept`, every event that is refused alone is a reject.
    pub(super) fn new(accept: bool) -> Self {
        Self {
            accept,
            last_taken: Mutex::default(),
        }
    }

    fn note_taken(&self, events: &[Event]) {
        if let Some(last) = events.last() {
            let mut taken = self
                .last_taken
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            *taken = Some(last.clone());
        }
    }

    fn last_taken(&self) -> Option<Event> {
        let taken = self
            .last_taken
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        taken.clone()
    }
}

/// Delivers the events in these batches. Adds each repeated request to `retries`, also where the delivery fails.
///
/// # Errors
///
/// When the fate of a batch is unknown, or the destination refuses events and there is reason to doubt it.
pub(super) async fn deliver<I: Intake>(
    intake: &I,
    refusals: &Refusals,
    events: &[Event],
    batches: Vec<Range<usize>>,
    retries: &AtomicU64,
) -> Result<Delivered, DeliverError> {
    let mut page = Page {
        intake,
        refusals,
        events,
        retries,
        rest: Vec::new(),
        suspects: Vec::new(),
        refused_twice: Vec::new(),
        rejects: Vec::new(),
    };
    page.hand_over(batches).await?;
    while let Some(batch) = page.rest.pop() {
        page.deliver(batch).await?;
    }
    page.compare().await?;
    page.rejects.sort_unstable_by_key(|reject| reject.index);
    Ok(Delivered {
        refused: page.rejects,
    })
}

/// A page that is being delivered.
struct Page<'a, I> {
    intake: &'a I,
    refusals: &'a Refusals,
    events: &'a [Event],
    retries: &'a AtomicU64,
    /// What is still to be sent, in reverse order.
    rest: Vec<Range<usize>>,
    /// Events that were refused alone; the destination has taken nothing since.
    suspects: Vec<Refused>,
    /// Events that were refused alone, and again after the destination had taken another one; it has taken nothing
    /// since.
    refused_twice: Vec<Refused>,
    /// Events that are refused for good.
    rejects: Vec<Refused>,
}

impl<'a, I: Intake> Page<'a, I> {
    /// Hands over the batches up to the first one that is refused at once, and settles their fates.
    async fn hand_over(&mut self, batches: Vec<Range<usize>>) -> Result<(), DeliverError> {
        let mut batches = batches.into_iter();
        let mut handed_over = Vec::with_capacity(batches.len());
        for batch in batches.by_ref() {
            let events = self.events(&batch);
            let handed = self.intake.hand_over(events, self.retries).await?;
            let refused = matches!(handed, Handed::Settled(BatchOutcome::Refused(_)));
            handed_over.push((batch, handed));
            if refused {
                break;
            }
        }
        self.rest.extend(batches);
        for (batch, handed) in handed_over {
            let sent = self.fate(handed, self.events(&batch)).await?;
            self.settle(batch, sent).await?;
        }
        self.rest.sort_unstable_by_key(|batch| Reverse(batch.start));
        Ok(())
    }

    /// Sends a batch and settles its fate.
    async fn deliver(&mut self, batch: Range<usize>) -> Result<(), DeliverError> {
        let sent = self.send(self.events(&batch)).await?;
        self.settle(batch, sent).await
    }

    /// Sends events and waits for their fate.
    async fn send(&self, events: &[Event]) -> Result<BatchOutcome, DeliverError> {
        let handed = self.intake.hand_over(events, self.retries).await?;
        self.fate(handed, events).await
    }

    async fn fate(
        &self,
        handed: Handed<I::Task>,
        events: &[Event],
    ) -> Result<BatchOutcome, DeliverError> {
        let sent = match handed {
            Handed::Settled(sent) => sent,
            Handed::Pending(task) => self.intake.fate(task, events).await?,
        };
        if sent == BatchOutcome::Accepted {
            self.refusals.note_taken(events);
        }
        Ok(sent)
    }

    /// Notes the fate of a batch. The halves of one that was refused are sent next.
    async fn settle(
        &mut self,
        batch: Range<usize>,
        sent: BatchOutcome,
    ) -> Result<(), DeliverError> {
        match sent {
            BatchOutcome::Accepted => return self.retry_suspects().await,
            BatchOutcome::Refused(reason) if batch.len() > 1 => {
                tracing::debug!(
                    destination = self.intake.place(),
                    "a batch of {} events was refused ({reason}): its halves are sent",
                    batch.len()
                );
                let middle = batch.start + batch.len() / 2;
                self.rest.push(middle..batch.end);
                self.rest.push(batch.start..middle);
            }
            BatchOutcome::Refused(reason) => {
                let index = batch.start;
                let refused = Refused { index, reason };
                if self.refusals.accept {
                    self.rejects.push(refused);
                    return Ok(());
                }
                self.suspects.push(refused);
                if self.suspects.len() >= MAX_SUSPECTS {
                    return Err(self.refuses("and took none in between"));
                }
            }
        }
        Ok(())
    }

    /// Sends the suspects again, after the destination has taken another event. This acceptance also decides about the
    /// events that had been refused twice before it.
    async fn retry_suspects(&mut self) -> Result<(), DeliverError> {
        self.rejects.append(&mut self.refused_twice);
        for Refused { index, .. } in mem::take(&mut self.suspects) {
            match self.send(self.events(&(index..index + 1))).await? {
                BatchOutcome::Accepted => self.rejects.append(&mut self.refused_twice),
                BatchOutcome::Refused(reason) => self.refused_twice.push(Refused { index, reason }),
            }
        }
        Ok(())
    }

    /// Decides about the suspects that the rest of the page has left, by sending again the last event that the
    /// destination took in this run: once before the second attempt, and once after it.
    async fn compare(&mut self) -> Result<(), DeliverError> {
        while !self.suspects.is_empty() || !self.refused_twice.is_empty() {
            let Some(taken) = self.refusals.last_taken() else {
                return Err(self.refuses("and has taken none in this run to compare them with"));
            };
            if let BatchOutcome::Refused(reason) = self.send(slice::from_ref(&taken)).await? {
                return Err(DeliverError::Unconfirmed {
                    what: format!(
                        "{} now refuses an event that it took earlier in this run ({reason})",
                        self.intake.place()
                    ),
                    advice: "the other events that it refused are not rejected; see what has changed at the \
                             destination",
                });
            }
            self.retry_suspects().await?;
        }
        Ok(())
    }

    /// Returns the error of a destination that refuses the suspects and gives reason to doubt it.
    fn refuses(&self, doubt: &str) -> DeliverError {
        let last = self.suspects.last();
        DeliverError::Unconfirmed {
            what: format!(
                "{} refused {} events, one by one, {doubt} (the last: {})",
                self.intake.place(),
                self.suspects.len(),
                last.map_or("", |suspect| &suspect.reason)
            ),
            advice: "none of its events is rejected, as the destination may be out of order or set up for something \
                     else; see account.NAME.deliver and what the destination expects, or give these events up with \
                     `asset-host collect --accept-rejects`, for one run",
        }
    }

    fn events(&self, batch: &Range<usize>) -> &'a [Event] {
        self.events.get(batch.clone()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
