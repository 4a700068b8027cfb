//! One run: every source of every account, several at a time.
//!
//! Each source is a task of its own, so that one that fails or hangs neither stops nor delays the others. An
//! account has as many instances of its component as it has sources at work, each with one token, and all of
//! them share the account's rate limiter.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use time::OffsetDateTime;
use tokio::sync::Semaphore;
use tokio::task::{JoinError, JoinSet};
use tracing::{Instrument, error, error_span, info, warn};

use crate::config::Emit;
use crate::connector::Connector;
use crate::deliver::Destination;
use crate::discovery::{self, Discovered};
use crate::duration;
use crate::log::Terminal;
use crate::prepare::Ready;
use crate::printable::printable;
use crate::range::Range;
use crate::rejects::Rejects;
use crate::report::{Entry, Outcome, Tally};
use crate::source::{self, End, Run, Source, with};
use crate::state::{Start, State, StateError, Wanted, next_walk};
use crate::stop::Stop;

/// What all accounts of a run have in common.
pub struct Settings {
    /// The state; open to read only where nothing is stored.
    pub state: Mutex<State>,
    /// Where rejects are written; none for `--dry-run`.
    pub rejects: Option<Rejects>,
    /// `--dry-run`: nothing is stored.
    pub dry_run: bool,
    /// `--since` and `--until`
    pub range: Option<Range>,
    /// Where a walk begins: `--full`, `--restart`.
    pub wanted: Wanted,
    /// How many events of each source are delivered at most.
    pub limit: Option<u64>,
    /// How many sources are collected at a time.
    pub jobs: u32,
    /// Whether the run is asked to stop.
    pub stop: Stop,
    /// Where progress is shown.
    pub terminal: Terminal,
}

impl Settings {
    /// Whether anything is stored: a range and a dry run leave the state alone.
    fn storing(&self) -> bool {
        !self.dry_run && self.range.is_none()
    }
}

/// What a run did.
#[derive(Debug, Default)]
pub struct Done {
    /// What became of every source, in the order in which they ended.
    pub entries: Vec<Entry>,
    /// Calls that were made again to list the sources.
    pub retries: u64,
}

/// Collects every source of the accounts, each of which delivers to the destination beside it.
pub async fn run(settings: Settings, accounts: Vec<(Ready, Arc<dyn Destination>)>) -> Done {
    let jobs = Arc::new(Semaphore::new(settings.jobs as usize));
    let settings = Arc::new(settings);
    let done = SharedDone::default();
    let mut tasks = JoinSet::new();
    for (ready, destination) in accounts {
        let span = error_span!("account", account = ready.account.name);
        let account = Account {
            ready: Arc::new(ready),
            destination,
            settings: Arc::clone(&settings),
            jobs: Arc::clone(&jobs),
            done: done.clone(),
        };
        tasks.spawn(account.collect().instrument(span));
    }
    while let Some(ended) = tasks.join_next().await {
        match ended {
            Ok(Ok(())) => {}
            // Without the state nothing more can be stored, of any account.
            Ok(Err(_)) => tasks.abort_all(),
            Err(broken) if broken.is_cancelled() => {}
            Err(broken) => error!("an account broke off: {broken}. Please report this"),
        }
    }
    done.take()
}

/// What the run has done so far; shared by the tasks, so that none of it is lost with them.
#[derive(Clone, Default)]
struct SharedDone(Arc<Mutex<Done>>);

impl SharedDone {
    fn add(&self, entry: Entry) {
        self.lock().entries.push(entry);
    }

    fn take(&self) -> Done {
        std::mem::take(&mut self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Done> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One account in a run.
struct Account {
    ready: Arc<Ready>,
    destination: Arc<dyn Destination>,
    settings: Arc<Settings>,
    jobs: Arc<Semaphore>,
    done: SharedDone,
}

impl Account {
    async fn collect(self) -> Result<(), StateError> {
        let mut first = Connector::new(self.ready.access.clone());
        let sources = self.discover(&mut first).await?;
        let idle = Arc::new(Mutex::new(vec![first]));
        let mut tasks = JoinSet::new();
        for source in sources {
            // The semaphore is never closed.
            let Ok(permit) = Arc::clone(&self.jobs).acquire_owned().await else {
                break;
            };
            if let Some(ended) = tasks.try_join_next() {
                self.ended(ended)?;
            }
            if self.settings.stop.requested() {
                self.tell(source.id, source.name, Outcome::Stopped);
                continue;
            }
            let work = Work {
                ready: Arc::clone(&self.ready),
                destination: Arc::clone(&self.destination),
                settings: Arc::clone(&self.settings),
                source,
            };
            let (idle, done) = (Arc::clone(&idle), self.done.clone());
            let span = error_span!(
                parent: None,
                "source",
                account = self.ready.account.name,
                source = work.source.id
            );
            let task = async move {
                let taken = lock(&idle).pop();
                let mut connector =
                    taken.unwrap_or_else(|| Connector::new(work.ready.access.clone()));
                let (entry, ended) = work.collect(&mut connector).await;
                done.add(entry);
                lock(&idle).push(connector);
                drop(permit);
                ended
            };
            tasks.spawn(task.instrument(span));
        }
        while let Some(ended) = tasks.join_next().await {
            self.ended(ended)?;
        }
        Ok(())
    }

    /// Lists the account's sources, tells of those that are not collected, and returns the others.
    async fn discover(&self, connector: &mut Connector) -> Result<Vec<Source>, StateError> {
        let account = &self.ready.account;
        let permit = self.jobs.acquire().await;
        let stop = &self.settings.stop;
        let mut discovered = tokio::select! {
            discovered = discovery::discover(connector, account, &self.ready.config, stop) => discovered,
            () = stop.overdue() => Discovered { end: discovery::End::Stopped, ..Discovered::default() },
        };
        drop(permit);
        self.done.lock().retries += discovered.retries;
        match &discovered.end {
            discovery::End::Complete => self.tell_gone(&discovered)?,
            discovery::End::Stopped => self.tell_whole(Outcome::Stopped),
            discovery::End::Failed(why) => {
                error!("{why}");
                self.tell_whole(Outcome::Failed(why.clone()));
            }
        }
        for skipped in discovery::take_skipped(account, &mut discovered) {
            self.tell(skipped.id, skipped.name, Outcome::Skipped);
        }
        let mut sources = Vec::with_capacity(discovered.sources.len());
        for listed in discovered.sources {
            let config = match (listed.config, &self.settings.range) {
                (Ok(config), Some(range)) => range.apply(config),
                (Ok(config), None) => config,
                (Err(reason), _) => {
                    warn!(source = listed.id, "not collected: {reason}");
                    self.tell(listed.id, listed.name, Outcome::NotCollectable(reason));
                    continue;
                }
            };
            sources.push(Source {
                id: listed.id,
                name: listed.name,
                config,
            });
        }
        Ok(sources)
    }

    /// Tells which stored sources the account has no more. Their cursors stay.
    fn tell_gone(&self, discovered: &Discovered) -> Result<(), StateError> {
        if !self.settings.storing() {
            return Ok(());
        }
        let ids: BTreeSet<String> = discovered
            .sources
            .iter()
            .map(|source| source.id.clone())
            .collect();
        let gone = with(&self.settings.state, |state| {
            state.discovered(&self.ready.account.name, &ids, OffsetDateTime::now_utc())
        })
        .inspect_err(|error| error!("{error}"))?;
        for stored in gone {
            warn!(
                source = stored.source,
                "the account does not list {} any more; its cursor is kept until `asset-host state prune`",
                printable(&stored.name)
            );
            self.tell(stored.source, stored.name, Outcome::Gone);
        }
        Ok(())
    }

    /// What became of a source that is not collected.
    fn tell(&self, id: String, name: String, outcome: Outcome) {
        self.done.add(Entry {
            account: self.ready.account.name.clone(),
            source: Some(id),
            name,
            outcome,
            tally: Tally::default(),
            mark: None,
        });
    }

    /// What became of the account as a whole.
    fn tell_whole(&self, outcome: Outcome) {
        let account = &self.ready.account.name;
        self.done.add(Entry {
            account: account.clone(),
            source: None,
            name: account.clone(),
            outcome,
            tally: Tally::default(),
            mark: None,
        });
    }

    /// How a source's task ended: one that panicked costs itself alone.
    fn ended(&self, ended: Result<Result<(), StateError>, JoinError>) -> Result<(), StateError> {
        ended.unwrap_or_else(|broken| {
            let why = format!("a source broke off: {broken}. Please report this");
            error!("{why}");
            self.tell_whole(Outcome::Failed(why));
            Ok(())
        })
    }
}

fn lock(idle: &Mutex<Vec<Connector>>) -> MutexGuard<'_, Vec<Connector>> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One source in a run.
struct Work {
    ready: Arc<Ready>,
    destination: Arc<dyn Destination>,
    settings: Arc<Settings>,
    source: Source,
}

impl Work {
    /// Collects the source and stores how that ended. Fails where the state does.
    async fn collect(&self, connector: &mut Connector) -> (Entry, Result<(), StateError>) {
        let mut tally = Tally::default();
        let mut mark = None;
        let stop = &self.settings.stop;
        let ended = tokio::select! {
            ended = self.walk(connector, &mut tally, &mut mark) => ended,
            () = stop.overdue() => Ok(End::Failed(format!(
                "the page in hand did not come to its end within {} of the request to stop (--stop-within); it \
                 comes again in the next run",
                duration::format(stop.within())
            ))),
        };
        let ended = ended.and_then(|end| self.store(&end).map(|()| end));
        let (outcome, ended) = match ended {
            Ok(End::UpToDate) => (Outcome::UpToDate, Ok(())),
            Ok(End::Cut) => (Outcome::Stopped, Ok(())),
            Ok(End::Failed(why)) => {
                error!("{why}");
                (Outcome::Failed(why), Ok(()))
            }
            Err(error) => {
                error!("{error}");
                (Outcome::Failed(error.to_string()), Err(error))
            }
        };
        let entry = Entry {
            account: self.ready.account.name.clone(),
            source: Some(self.source.id.clone()),
            name: self.source.name.clone(),
            outcome,
            tally,
            mark,
        };
        (entry, ended)
    }

    async fn walk(
        &self,
        connector: &mut Connector,
        tally: &mut Tally,
        mark: &mut Option<String>,
    ) -> Result<End, StateError> {
        let account = &self.ready.account;
        let start = self.start()?;
        info!(
            full = start.full(),
            resumed = start.cursor().is_some(),
            "collecting"
        );
        let progress = self.settings.terminal.progress(&format!(
            "{} {}",
            account.name,
            printable(&self.source.name)
        ));
        let run = Run {
            account,
            state: &self.settings.state,
            storing: self.settings.storing(),
            rejects: self.settings.rejects.as_ref(),
            destination: &self.destination,
            emit: match self.settings.range {
                Some(_) => Emit::Seen,
                None => account.emit,
            },
            limit: self.settings.limit,
            stop: &self.settings.stop,
            progress: &progress,
        };
        source::collect(connector, &self.source, &start, &run, tally, mark).await
    }

    fn start(&self) -> Result<Start, StateError> {
        if self.settings.range.is_some() {
            return Ok(Start::Everything);
        }
        let account = &self.ready.account;
        let stored = with(&self.settings.state, |state| {
            state.source(&account.name, &self.source.id)
        })?;
        Ok(next_walk(
            stored.as_ref(),
            account.full_every,
            self.settings.wanted,
            OffsetDateTime::now_utc(),
        ))
    }

    fn store(&self, end: &End) -> Result<(), StateError> {
        if !self.settings.storing() {
            return Ok(());
        }
        let (account, source) = (&self.ready.account.name, &self.source);
        let now = OffsetDateTime::now_utc();
        with(&self.settings.state, |state| match end {
            End::UpToDate => state.store_success(account, &source.id, now),
            End::Cut => Ok(()),
            End::Failed(why) => state.store_error(account, &source.id, &source.name, why, now),
        })
    }
}
