//! One source collected: page by page, each stored only after its events are confirmed.
//!
//! While a page is being delivered and stored the next one is asked for, never more than that: a run that is killed
//! repeats one page at most.

use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tokio_util::task::AbortOnDropHandle;
use tracing::{Instrument, debug, info, warn};

use crate::config::{Account, Emit};
use crate::contract::bindings::inventory::connector::types::{Batch, Event};
use crate::contract::limits::PageCount;
use crate::contract::stopped::Stopped;
use crate::deliver::rejects::Rejects;
use crate::deliver::{Delivered, Destination};
use crate::run::attempt::{Answer, Call};
use crate::run::page::{Confirmed, Page, Step, Unconfirmed};
use crate::run::progress::SourceProgress;
use crate::run::report::Tally;
use crate::run::{Worker, with};
use crate::state::{Start, State, StateError};
use crate::stop::Stop;
use crate::text::printable::printable;

/// A source as `discover` names it, with the config to collect it.
pub(crate) struct Source {
    /// The vendor's id, by which the state is kept.
    pub id: String,
    /// What a person calls it.
    pub name: String,
    /// The config for `collect`, as JSON text.
    pub config: String,
    /// Whether an earlier run has stored something about it.
    pub known: bool,
    /// Whether the account has other sources. If not, the credentials are of no use without this one.
    pub has_siblings: bool,
}

/// How collecting a source ended.
#[derive(Debug)]
pub(crate) enum End {
    /// The source is up to date.
    UpToDate,
    /// The run was asked to stop, or `--limit` was reached.
    Cut,
    /// The source failed, with the reason in words.
    Failed(String),
    /// The credentials do not carry the right to read the source; the reason in words.
    Forbidden(String),
}

/// What a run over a source works with.
pub(crate) struct Run<'a> {
    /// The account.
    pub account: &'a Account,
    /// The state; shared with the other sources of the run.
    pub state: &'a Arc<Mutex<State>>,
    /// Whether cursors and fingerprints are stored: not for `--dry-run`, a range and `--limit`.
    pub storing: bool,
    /// Whether fingerprints of what is delivered are forgotten: where they are stored, and for `--limit`.
    pub forgetting: bool,
    /// Where rejects are written; none for `--dry-run` and `--limit`.
    pub rejects: Option<&'a Arc<Rejects>>,
    /// Where events go.
    pub destination: &'a Arc<dyn Destination>,
    /// Whether unchanged devices are left out, by the account's `emit`; never in a range and with `--limit`.
    pub emit: Emit,
    /// How many events may be delivered.
    pub limit: Option<u64>,
    /// Whether the run is asked to stop.
    pub stop: &'a Stop,
    /// The line that shows how far the source is.
    pub progress: &'a SourceProgress,
}

/// How far a source got.
#[derive(Debug, Default)]
pub(crate) struct Reached {
    /// What was done and confirmed.
    pub tally: Tally,
    /// How far the source is collected, in the component's words; none where no walk has ended.
    pub mark: Option<String>,
}

/// Collects a source from `start` to the end of its walk. `reached` is true at any time, also where the call is
/// dropped.
///
/// # Errors
///
/// When the state cannot be read or written.
pub(crate) async fn collect(
    worker: &mut Worker,
    source: &Source,
    start: &Start,
    run: &Run<'_>,
    reached: &mut Reached,
) -> Result<End, StateError> {
    let mut walk = Walk {
        source,
        run,
        full: start.full(),
        reached,
        sent: 0,
        pages: PageCount::default(),
        page: None,
    };
    match walk.go(worker, start.cursor().map(str::to_owned)).await {
        Ok(end) => Ok(end),
        Err(Halt::Stopped) => Ok(End::Cut),
        Err(Halt::Failed(why)) => Ok(End::Failed(why)),
        Err(Halt::State(error)) => Err(error),
    }
}

/// What keeps a walk from going on.
enum Halt {
    /// The run was asked to stop while the destination was waited for.
    Stopped,
    Failed(String),
    State(StateError),
}

impl From<StateError> for Halt {
    fn from(error: StateError) -> Self {
        Self::State(error)
    }
}

/// A walk over a source.
struct Walk<'a> {
    source: &'a Source,
    run: &'a Run<'a>,
    full: bool,
    reached: &'a mut Reached,
    /// Events that were handed to the destination.
    sent: u64,
    pages: PageCount,
    /// The page that is being delivered.
    page: Option<Sent>,
}

/// The page that is being delivered and stored, and what is to be told of it once it is.
struct Sent {
    events: u64,
    unchanged: u64,
    /// How many records the component set aside.
    rejects: u64,
    mark: Option<String>,
    more: bool,
    /// Requests to the destination that were made again.
    retries: Arc<AtomicU64>,
    delivery: AbortOnDropHandle<Result<Confirmed, Unconfirmed>>,
}

impl Walk<'_> {
    async fn go(&mut self, worker: &mut Worker, mut cursor: Option<String>) -> Result<End, Halt> {
        loop {
            if self.run.stop.requested() {
                self.confirm_without(worker).await?;
                return Ok(End::Cut);
            }
            let batch = match self.next_batch(worker, cursor.as_deref()).await? {
                Answer::Good(batch) => batch,
                Answer::Stopped => return Ok(End::Cut),
                Answer::Bad(why) => return Ok(End::Failed(why)),
                Answer::Forbidden(why) => return Ok(End::Forbidden(why)),
            };
            if let Err(limit) = self.pages.add(!batch.events.is_empty(), batch.more) {
                worker.connector().await.drop_instance();
                let account = self.run.account;
                let stopped = Stopped::passed(limit, &account.limits, &account.timeouts);
                return Ok(End::Failed(stopped.to_string()));
            }
            let next = batch.cursor.clone();
            let more = batch.more;
            let limit_reached = self.send(batch, cursor.is_none())?;
            if limit_reached || !more {
                self.confirm_without(worker).await?;
                return Ok(if limit_reached {
                    End::Cut
                } else {
                    End::UpToDate
                });
            }
            cursor = Some(next);
        }
    }

    /// Asks for the next page while the one before is being delivered, and returns once that is confirmed.
    async fn next_batch(
        &mut self,
        worker: &mut Worker,
        cursor: Option<&str>,
    ) -> Result<Answer<Batch>, Halt> {
        let (run, config) = (self.run, self.source.config.as_str());
        let mut call = Call::new(run.account, run.stop);
        worker.page_in_hand = self.page.is_some();
        let (answer, confirmed) = {
            let mut asked = pin!(async {
                loop {
                    let connector = worker.connector().await;
                    // The wait for a job may have been long.
                    if run.stop.requested() {
                        return Answer::Stopped;
                    }
                    let tried = connector.collect(config, cursor).await;
                    if let Some(answer) = call.tried(tried, worker).await {
                        return answer;
                    }
                }
            });
            tokio::select! {
                answer = &mut asked => (Some(answer), Ok(())),
                confirmed = self.confirm(), if self.page.is_some() => match confirmed {
                    Ok(()) => (Some(asked.await), Ok(())),
                    Err(halt) => (None, Err(halt)),
                },
            }
        };
        self.reached.tally.retries += call.retries;
        confirmed?;
        self.confirm_without(worker).await?;
        Ok(answer.unwrap_or(Answer::Stopped))
    }

    /// Waits for the page on its way, if there is one. The destination may take its time, so the worker's job goes
    /// to another source meanwhile.
    async fn confirm_without(&mut self, worker: &mut Worker) -> Result<(), Halt> {
        if self.page.is_some() {
            worker.leave_job();
        }
        self.confirm().await
    }

    /// Begins to deliver a page. Gives whether `--limit` leaves events of the source out.
    fn send(&mut self, batch: Batch, first: bool) -> Result<bool, Halt> {
        for warning in &batch.warnings {
            warn!(
                account = self.run.account.name,
                source = self.source.id,
                "{}",
                printable(warning)
            );
        }
        let found = batch.events.len();
        let mut events = self.to_deliver(batch.events)?;
        let unchanged = found - events.len();
        let room = self.run.limit.map_or(usize::MAX, |limit| {
            usize::try_from(limit.saturating_sub(self.sent)).unwrap_or(usize::MAX)
        });
        let limit_reached = events.len() > room || (events.len() == room && batch.more);
        events.truncate(room);
        let count = events.len() as u64;
        // Where everything that was seen is sent, the first page that is stored forgets all fingerprints.
        let forgotten_already = self.run.storing && self.run.emit == Emit::Seen && self.sent > 0;
        let forgets = self.run.forgetting && count > 0 && !forgotten_already;
        self.sent += count;
        let retries = Arc::<AtomicU64>::default();
        let step = Step {
            name: self.source.name.clone(),
            cursor: batch.cursor,
            mark: batch.mark.clone(),
            more: batch.more,
            full: self.full,
            first,
            emit: self.run.emit,
        };
        let page = Page {
            account: self.run.account.name.clone(),
            source: self.source.id.clone(),
            events,
            destination: Arc::clone(self.run.destination),
            rejects_file: self.run.rejects.cloned(),
            retries: Arc::clone(&retries),
            rejects: batch.rejects,
            state: self.run.forgetting.then(|| Arc::clone(self.run.state)),
            forgets,
            step: self.run.storing.then_some(step),
        };
        self.page = Some(Sent {
            events: count,
            unchanged: unchanged as u64,
            rejects: page.rejects.len() as u64,
            mark: batch.mark.filter(|_| !limit_reached),
            more: batch.more || limit_reached,
            retries,
            delivery: AbortOnDropHandle::new(tokio::spawn(page.deliver().in_current_span())),
        });
        Ok(limit_reached)
    }

    /// The events of a page without those that the destination need not be told, by `emit`.
    fn to_deliver(&self, mut events: Vec<Event>) -> Result<Vec<Event>, StateError> {
        if self.run.emit == Emit::Changed && !self.full {
            let changed = self
                .state(|state| state.changed(&self.run.account.name, &self.source.id, &events))?;
            let mut changed = changed.into_iter();
            events.retain(|_| changed.next().unwrap_or(true));
        }
        Ok(events)
    }

    /// Waits until the page on its way is confirmed and stored. A call that is dropped while it waits leaves the page
    /// on its way.
    async fn confirm(&mut self) -> Result<(), Halt> {
        let Some(page) = &mut self.page else {
            return Ok(());
        };
        let delivered = (&mut page.delivery).await;
        let Some(page) = self.page.take() else {
            return Ok(());
        };
        self.reached.tally.retries += page.retries.load(Ordering::Relaxed);
        let Confirmed { delivered, stored } = match delivered {
            Ok(Ok(confirmed)) => confirmed,
            Ok(Err(Unconfirmed::Stopped)) => return Err(Halt::Stopped),
            Ok(Err(Unconfirmed::Failed(why))) => return Err(Halt::Failed(why)),
            Ok(Err(Unconfirmed::State(error))) => return Err(Halt::State(error)),
            Err(error) => {
                return Err(Halt::Failed(format!(
                    "the delivery broke off: {error}. Please report this; the page comes again in the next run"
                )));
            }
        };
        self.count(&page, &delivered);
        self.reached.tally.pages += 1;
        stored?;
        if page.mark.is_some() {
            self.reached.mark.clone_from(&page.mark);
        }
        debug!(
            events = page.events,
            unchanged = page.unchanged,
            rejects = page.rejects,
            refused = delivered.refused.len(),
            more = page.more,
            "page"
        );
        if !page.more {
            info!(mark = page.mark, "up to date");
        }
        (self.run.progress)(&self.reached.tally);
        Ok(())
    }

    fn count(&mut self, page: &Sent, delivered: &Delivered) {
        let refused = delivered.refused.len() as u64;
        self.reached.tally.events += page.events - refused;
        self.reached.tally.refused += refused;
        self.reached.tally.rejects += page.rejects;
        self.reached.tally.unchanged += page.unchanged;
    }

    fn state<T>(&self, action: impl FnOnce(&mut State) -> T) -> T {
        with(self.run.state, action)
    }
}
