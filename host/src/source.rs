//! One source collected: page by page, each stored only after its events are confirmed.

use std::time::Instant;

use indicatif::ProgressBar;
use time::OffsetDateTime;
use tracing::{debug, info, warn};

use crate::bindings::inventory::connector::types::{Batch, Error};
use crate::config::Account;
use crate::connector::{CallError, Connector};
use crate::deliver::Destination;
use crate::failure;
use crate::retry::{Attempts, Next};
use crate::state::{Fingerprints, Start, State, StateError, StoredBatch};
use crate::stop::Stop;

/// A source as `discover` names it, with the config to collect it.
pub struct Source {
    /// The vendor's id, by which the state is kept.
    pub id: String,
    /// What a person calls it.
    pub name: String,
    /// The config for `collect`, as JSON text.
    pub config: String,
}

/// What collecting came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Pages that were confirmed.
    pub pages: u64,
    /// Events that were confirmed.
    pub events: u64,
    /// Records that were set aside.
    pub rejects: u64,
    /// Calls that were made again.
    pub retries: u64,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.pages += other.pages;
        self.events += other.events;
        self.rejects += other.rejects;
        self.retries += other.retries;
    }
}

/// How collecting a source ended.
#[derive(Debug)]
pub enum End {
    /// The source is up to date.
    UpToDate,
    /// The run was asked to stop, or `--limit` was reached.
    Cut,
    /// The source failed, with the reason in words.
    Failed(String),
}

/// What a run over a source works with.
pub struct Run<'a> {
    /// The account.
    pub account: &'a Account,
    /// Where cursors are stored; none for `--dry-run` and for a range.
    pub state: Option<&'a mut State>,
    /// Where events go.
    pub destination: &'a dyn Destination,
    /// How many more events may be delivered.
    pub limit: Option<u64>,
    /// Whether the run is asked to stop.
    pub stop: &'a Stop,
    /// The line that shows how far the source is.
    pub progress: &'a ProgressBar,
}

/// Collects a source from `start` to the end of its walk.
///
/// # Errors
///
/// When the state cannot be written; the tally counts what was confirmed until then.
pub async fn collect(
    connector: &mut Connector,
    source: &Source,
    start: &Start,
    mut run: Run<'_>,
    tally: &mut Tally,
) -> Result<End, StateError> {
    let account = run.account.name.as_str();
    let mut cursor = start.cursor().map(str::to_owned);
    let mut first = cursor.is_none();
    let mut delivered = 0;
    loop {
        if run.stop.requested() {
            return Ok(End::Cut);
        }
        let called = again(
            connector,
            run.account,
            run.stop,
            &mut tally.retries,
            async |connector| connector.collect(&source.config, cursor.as_deref()).await,
        );
        let batch = match called.await {
            Answer::Good(batch) => batch,
            Answer::Stopped => return Ok(End::Cut),
            Answer::Bad(error) => return Ok(End::Failed(failure::explain(&error, account))),
        };

        let room = run.limit.map_or(usize::MAX, |limit| {
            usize::try_from(limit.saturating_sub(delivered)).unwrap_or(usize::MAX)
        });
        let events = batch.events.get(..room).unwrap_or(&batch.events);
        let cut = events.len() < batch.events.len();
        if let Err(error) = run.destination.deliver(events).await {
            return Ok(End::Failed(error.to_string()));
        }
        delivered += events.len() as u64;
        tally.events += events.len() as u64;
        if cut {
            return Ok(End::Cut);
        }
        tally.pages += 1;
        set_aside(account, source, &batch, tally);
        if let Some(state) = run.state.as_deref_mut() {
            let stored = StoredBatch {
                account,
                source: &source.id,
                name: &source.name,
                cursor: &batch.cursor,
                mark: batch.mark.as_deref(),
                more: batch.more,
                full: start.full(),
                first,
                fingerprints: Fingerprints::Forgotten,
            };
            state.store_batch(&stored, OffsetDateTime::now_utc())?;
        }
        debug!(
            account,
            source = source.id,
            events = events.len(),
            rejects = batch.rejects.len(),
            more = batch.more,
            "page"
        );
        run.progress
            .set_message(format!("{} pages, {} events", tally.pages, tally.events));
        first = false;
        if !batch.more {
            info!(account, source = source.id, mark = batch.mark, "up to date");
            return Ok(End::UpToDate);
        }
        if run.limit.is_some_and(|limit| delivered >= limit) {
            return Ok(End::Cut);
        }
        cursor = Some(batch.cursor);
    }
}

fn set_aside(account: &str, source: &Source, batch: &Batch, tally: &mut Tally) {
    tally.rejects += batch.rejects.len() as u64;
    for reject in &batch.rejects {
        warn!(
            account,
            source = source.id,
            device = reject.id,
            "set a record aside: {}",
            reject.reason
        );
    }
}

/// What a call came to in the end.
pub enum Answer<T> {
    /// It succeeded.
    Good(T),
    /// It failed, and another try does not help.
    Bad(CallError<Error>),
    /// The run was asked to stop while it waited.
    Stopped,
}

/// Calls until the answer is good or another try does not help, and counts the tries after the first.
pub async fn again<T>(
    connector: &mut Connector,
    account: &Account,
    stop: &Stop,
    retries: &mut u64,
    mut call: impl AsyncFnMut(&mut Connector) -> Result<T, CallError<Error>>,
) -> Answer<T> {
    let mut attempts = Attempts::default();
    let mut failing_since = None;
    loop {
        let error = match call(connector).await {
            Ok(value) => return Answer::Good(value),
            Err(CallError::Told(error)) => error,
            Err(stopped) => return Answer::Bad(stopped),
        };
        let elapsed = failing_since.get_or_insert_with(Instant::now).elapsed();
        let Next::Again(wait) = attempts.after(&error, &account.retry, elapsed, fastrand::f64())
        else {
            return Answer::Bad(CallError::Told(error));
        };
        *retries += 1;
        let error = CallError::Told(error);
        info!(
            account = account.name,
            "trying again in {:.1} s: {}",
            wait.as_secs_f64(),
            failure::explain(&error, &account.name)
        );
        if stop.sleep(wait).await {
            return Answer::Stopped;
        }
    }
}
