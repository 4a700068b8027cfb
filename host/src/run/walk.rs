//! A walk over one source: page by page, each stored only after its events are confirmed.
//!
//! While a page is delivered and stored, the next one is asked for, never more than that: a run that is killed repeats
//! one page at most.

use std::pin::pin;
use std::sync::Arc;

use tokio_util::task::AbortOnDropHandle;
use tracing::{Instrument, debug, info, warn};

use crate::config::Emit;
use crate::contract::bindings::inventory::connector::types::{Batch, Event};
use crate::contract::counts::PageCount;
use crate::contract::stopped::Stopped;
use crate::run::attempt::Tries;
use crate::run::context::SourceJob;
use crate::run::halt::Halt;
use crate::run::page::{DeliveredPage, PageDelivery};
use crate::run::pool::Worker;
use crate::run::process::LONG_PAUSE;
use crate::run::progress::LineProgress;
use crate::run::report::{Entry, Tally};
use crate::state::{Start, StateError, Writes};
use crate::text::printable::printable;

/// Collects every page of a source, from `start` to the end of the walk. What is confirmed is added to `entry` as soon as
/// it is.
///
/// # Errors
///
/// When the walk ends early, with the reason.
pub(super) async fn collect_pages(
    source: &Arc<SourceJob>,
    worker: &mut Worker,
    entry: &mut Entry,
    start: Start,
) -> Result<(), Halt> {
    let job = &source.job;
    let resumed = start.resumed;
    // A range is neither: it has a filter of time.
    let full = start.full && job.settings.range.is_none();
    info!(full, resumed, "collecting");
    let name = match source.has_siblings {
        true => printable(&source.name),
        false => String::new(),
    };
    let line = job
        .settings
        .progress
        .begin(job.name(), name, Some(Tally::default()), job.waits());
    let mut walk = Walk {
        source,
        full: start.full,
        entry,
        line: Arc::new(line),
        resumed,
        sent: 0,
        pages: PageCount::default(),
        pending: None,
    };
    walk.run(worker, start.cursor).await
}

/// A walk over a source.
struct Walk<'a> {
    source: &'a Arc<SourceJob>,
    full: bool,
    /// What is confirmed.
    entry: &'a mut Entry,
    line: Arc<LineProgress>,
    /// Whether the walk began in an earlier run.
    resumed: bool,
    /// Events that were passed to the destination.
    sent: u64,
    pages: PageCount,
    /// The page that is being delivered.
    pending: Option<AbortOnDropHandle<DeliveredPage>>,
}

impl Walk<'_> {
    async fn run(&mut self, worker: &mut Worker, mut cursor: Option<String>) -> Result<(), Halt> {
        loop {
            if self.source.job.settings.stop.requested() {
                self.confirm_without(worker).await?;
                return Err(Halt::Stopped);
            }
            let batch = self.next_batch(worker, cursor.as_deref()).await?;
            if let Err(limit) = self.pages.add(!batch.events.is_empty(), batch.more) {
                if let Ok(connector) = worker.connector().await {
                    connector.drop_instance();
                }
                let account = &self.source.job.ready.account;
                let exceeded = Stopped::limit_exceeded(limit, &account.limits, &account.timeouts);
                return Err(Halt::Failed(exceeded.to_string()));
            }
            let (next, more) = (batch.cursor.clone(), batch.more);
            let limit_reached = self.send(batch, cursor.is_none()).await?;
            if limit_reached || !more {
                self.confirm_without(worker).await?;
                return match limit_reached {
                    true => Err(Halt::Stopped),
                    false => Ok(()),
                };
            }
            cursor = Some(next);
        }
    }

    /// Asks for the next page while the one before is delivered, and returns once that is confirmed.
    async fn next_batch(
        &mut self,
        worker: &mut Worker,
        cursor: Option<&str>,
    ) -> Result<Batch, Halt> {
        worker.holds_page = self.pending.is_some();
        let (source, line) = (self.source, Arc::clone(&self.line));
        let (batch, confirmed) = {
            let mut asked = pin!(collect_page(worker, source, cursor, &line));
            tokio::select! {
                batch = &mut asked => (Some(batch), Ok(())),
                confirmed = self.confirm(), if self.pending.is_some() => match confirmed {
                    Ok(()) => (Some(asked.await), Ok(())),
                    Err(halt) => (None, Err(halt)),
                },
            }
        };
        self.entry.tally.retries += std::mem::take(&mut worker.retries);
        confirmed?;
        self.confirm_without(worker).await?;
        batch.unwrap_or(Err(Halt::Stopped))
    }

    /// Waits for the pending page, if there is one. The destination may take its time, so another
    /// source uses the worker's job meanwhile.
    async fn confirm_without(&mut self, worker: &mut Worker) -> Result<(), Halt> {
        if self.pending.is_some() {
            worker.leave_job();
            tokio::select! {
                confirmed = self.confirm() => return confirmed,
                () = tokio::time::sleep(LONG_PAUSE) => worker.leave_slot_of_all(),
            }
        }
        self.confirm().await
    }

    /// Begins to deliver a page. Returns whether `--limit` leaves out events of the source.
    async fn send(&mut self, mut batch: Batch, first: bool) -> Result<bool, Halt> {
        // Of a walk that began earlier it is not known how much is done.
        let total = batch.total.filter(|_| !self.resumed);
        self.line.change(|line| line.total = total);
        for warning in &batch.warnings {
            warn!("{}", printable(warning));
        }
        let found = batch.events.len();
        self.retain_changed(&mut batch.events).await?;
        let unchanged = (found - batch.events.len()) as u64;
        let limit_reached = self.cut_to_limit(&mut batch);
        let count = batch.events.len() as u64;
        let job = &self.source.job;
        // If all seen events are sent, the first page that is stored forgets all fingerprints.
        let forgotten_already =
            job.state.writes() == Writes::Everything && job.emit() == Emit::Seen && self.sent > 0;
        self.sent += count;
        let page = PageDelivery {
            source: Arc::clone(self.source),
            batch,
            unchanged,
            full: self.full,
            first,
            forgets: count > 0 && !forgotten_already,
        };
        let delivery = tokio::spawn(page.deliver().in_current_span());
        self.pending = Some(AbortOnDropHandle::new(delivery));
        Ok(limit_reached)
    }

    /// Removes the events that the destination need not get, by `emit`.
    async fn retain_changed(&self, events: &mut Vec<Event>) -> Result<(), StateError> {
        let job = &self.source.job;
        if job.emit() == Emit::Changed && !self.full {
            let changed = job.state.changed(&self.source.id, events).await?;
            let mut changed = changed.into_iter();
            events.retain(|_| changed.next().unwrap_or(true));
        }
        Ok(())
    }

    /// Removes the events beyond `--limit`, and returns whether the source has more of them. With `--limit`
    /// no cursor is stored, so the mark is not either.
    fn cut_to_limit(&self, batch: &mut Batch) -> bool {
        let Some(limit) = self.source.job.settings.limit else {
            return false;
        };
        let room = usize::try_from(limit.saturating_sub(self.sent)).unwrap_or(usize::MAX);
        let count = batch.events.len();
        if count < room || (count == room && !batch.more) {
            return false;
        }
        batch.events.truncate(room);
        batch.mark = None;
        batch.more = true;
        true
    }

    /// Waits until the pending page is confirmed and stored. If this future is dropped, the page remains pending.
    async fn confirm(&mut self) -> Result<(), Halt> {
        let Some(pending) = &mut self.pending else {
            return Ok(());
        };
        let delivered = pending.await;
        self.pending = None;
        let delivered = delivered.map_err(|error| {
            Halt::Failed(format!(
                "the delivery ended by an error of this program: {error}. Please report this; the page is sent again \
                 in the next run"
            ))
        })?;
        self.entry.tally += delivered.tally;
        delivered.result?;
        if delivered.mark.is_some() {
            self.entry.mark.clone_from(&delivered.mark);
        }
        let Tally {
            events,
            unchanged,
            rejects,
            refused,
            ..
        } = delivered.tally;
        let more = delivered.more;
        debug!(events, unchanged, rejects, refused, more, "page");
        if !more {
            info!(mark = delivered.mark, "up to date");
        }
        let tally = self.entry.tally;
        self.line.change(|line| line.tally = Some(tally));
        Ok(())
    }
}

/// Asks the component for the page behind `cursor`, again if that may help.
async fn collect_page(
    worker: &mut Worker,
    source: &SourceJob,
    cursor: Option<&str>,
    line: &LineProgress,
) -> Result<Batch, Halt> {
    let mut tries = Tries::default();
    loop {
        source.job.postpone(worker.waits())?;
        let connector = worker.connector().await?;
        line.run();
        match connector.collect(&source.config, cursor).await {
            Ok(batch) => return Ok(batch),
            Err(error) => tries.wait_after(error, worker, &source.job, line).await?,
        }
    }
}
