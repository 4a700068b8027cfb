//! What a process shows of its progress, without knowing the terminal.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::deliver::waiting::Waiting;
use crate::run::report::Tally;
use crate::sandbox::rate_limit::SharedLimiter;

/// The progress of a process. Clones share it; what shows it goes with the last one.
#[derive(Clone)]
pub(crate) struct Progress {
    board: Arc<Mutex<Board>>,
    _display: Arc<dyn Any + Send + Sync>,
}

/// What is known of the accounts that are collected at a time, and of those that ended meanwhile: it begins anew once no
/// account is left.
#[derive(Default)]
pub(crate) struct Board {
    /// The accounts that are collected, or wait for their turn.
    open: BTreeSet<String>,
    /// How many accounts have ended.
    pub ended: usize,
    /// How many sources are to be collected, as far as they are listed.
    pub sources: usize,
    /// How many of them have ended.
    pub done: usize,
    /// The events of those.
    events: u64,
    began: Option<Instant>,
    next: u64,
    lines: BTreeMap<u64, Line>,
}

/// What goes on at a time: a source that is collected, or an account whose sources are listed.
pub(crate) struct Line {
    /// The account.
    pub account: String,
    /// What a person calls the source, in a text that is safe for a terminal; empty for the account's only one.
    pub name: String,
    /// What is collected so far; `None` while sources are listed.
    pub tally: Option<Tally>,
    /// How many records the walk has in all, where that is known and this run began the walk.
    pub total: Option<u64>,
    /// Since when it has a job; `None` until it has one for the first time.
    began: Option<Instant>,
    waits: Waits,
}

/// Where it is known what a source waits for.
#[derive(Clone)]
pub(crate) struct Waits {
    /// The requests of its account.
    pub limiter: SharedLimiter,
    /// The next try of a failed call.
    pub call: Waiting,
    /// The next try of a failed delivery.
    pub destination: Waiting,
}

impl Progress {
    /// Returns the progress of a process without accounts. `display` makes what shows it.
    pub(crate) fn new<D: Any + Send + Sync>(display: impl FnOnce(Arc<Mutex<Board>>) -> D) -> Self {
        let board = Arc::default();
        Self {
            _display: Arc::new(display(Arc::clone(&board))),
            board,
        }
    }

    /// Adds an account that is to be collected; it ends when what is returned is dropped.
    pub(crate) fn account(&self, name: &str) -> AccountProgress {
        let mut board = lock(&self.board);
        if board.open.is_empty() {
            *board = Board::default();
        }
        board.open.insert(name.to_owned());
        AccountProgress(Arc::clone(&self.board), name.to_owned())
    }

    /// Adds sources that are to be collected.
    pub(crate) fn expect(&self, sources: usize) {
        lock(&self.board).sources += sources;
    }

    /// Begins a source that was expected, or to list the sources of an account where nothing is said of what is collected.
    pub(crate) fn begin(
        &self,
        account: &str,
        name: String,
        tally: Option<Tally>,
        waits: Waits,
    ) -> LineProgress {
        let mut board = lock(&self.board);
        board.began.get_or_insert_with(Instant::now);
        board.next += 1;
        let number = board.next;
        let line = Line {
            account: account.to_owned(),
            name,
            tally,
            total: None,
            began: None,
            waits: waits.clone(),
        };
        board.lines.insert(number, line);
        LineProgress {
            board: Arc::clone(&self.board),
            number,
            waits,
        }
    }
}

/// Counts an account as one that is collected, until it is dropped.
pub(crate) struct AccountProgress(Arc<Mutex<Board>>, String);

impl Drop for AccountProgress {
    fn drop(&mut self) {
        let mut board = lock(&self.0);
        board.ended += usize::from(board.open.remove(&self.1));
    }
}

/// Keeps a line up to date. The line goes when this is dropped.
pub(crate) struct LineProgress {
    board: Arc<Mutex<Board>>,
    number: u64,
    /// What it waits for.
    pub waits: Waits,
}

impl LineProgress {
    /// Changes the line.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Line)) {
        if let Some(line) = lock(&self.board).lines.get_mut(&self.number) {
            change(line);
        }
    }

    /// Records that it has a job.
    pub(crate) fn run(&self) {
        self.change(|line| line.began = line.began.or_else(|| Some(Instant::now())));
    }
}

impl Drop for LineProgress {
    fn drop(&mut self) {
        let mut board = lock(&self.board);
        if let Some(tally) = board.lines.remove(&self.number).and_then(|line| line.tally) {
            board.done += 1;
            board.events += tally.events;
        }
    }
}

impl Board {
    /// Returns how many accounts are collected or were since the board began.
    pub(crate) fn accounts(&self) -> usize {
        self.ended + self.open.len()
    }

    /// Returns how many events are confirmed.
    pub(crate) fn events(&self) -> u64 {
        let tallies = self.lines.values().filter_map(|line| line.tally);
        self.events + tallies.map(|tally| tally.events).sum::<u64>()
    }

    /// Returns the lines that have or had a job: first those that wait for nothing, with what the others wait for.
    pub(crate) fn lines(&self, now: Instant) -> Vec<(&Line, Option<(&'static str, Duration)>)> {
        let begun = self.lines.values().filter(|line| line.began.is_some());
        let mut lines: Vec<_> = begun.map(|line| (line, line.waits.at(now))).collect();
        lines.sort_by_key(|(_, wait)| wait.is_some());
        lines
    }

    /// Returns how many events are confirmed in a second.
    pub(crate) fn rate(&self, now: Instant) -> f64 {
        let took = self.began.map(|began| now.saturating_duration_since(began));
        self.events() as f64 / took.unwrap_or_default().as_secs_f64().max(1.0)
    }

    /// Returns how long the accounts still take: `None` unless that is known of each source.
    pub(crate) fn left(&self, now: Instant) -> Option<Duration> {
        let accounts: BTreeSet<_> = self.lines.values().map(|line| &line.account).collect();
        let all_begun = self.done + self.lines.len() == self.sources
            && self.open.iter().all(|account| accounts.contains(account));
        let left: Option<Vec<_>> = self.lines.values().map(|line| line.left(now)).collect();
        left?.into_iter().max().filter(|_| all_begun)
    }
}

impl Line {
    /// Returns how much of the walk is done, from 0 to 1.
    pub(crate) fn share(&self) -> Option<f64> {
        let tally = self.tally?;
        let total = self.total.filter(|total| *total > 0)?;
        let records = tally.events + tally.unchanged + tally.rejects + tally.refused;
        Some((records as f64 / total as f64).min(1.0))
    }

    /// Returns how long the source still takes at the speed it had so far.
    pub(crate) fn left(&self, now: Instant) -> Option<Duration> {
        let share = self.share().filter(|share| *share > 0.0)?;
        let took = now.saturating_duration_since(self.began?);
        Duration::try_from_secs_f64(took.as_secs_f64() * (1.0 / share - 1.0)).ok()
    }
}

impl Waits {
    /// Returns what is waited for, and how long it still takes.
    fn at(&self, now: Instant) -> Option<(&'static str, Duration)> {
        let waits = [
            ("rate limit:", self.limiter.waits()),
            ("API: trying again in", self.call.left(now)),
            ("destination: trying again in", self.destination.left(now)),
        ];
        // A limit per second lets none wait long.
        let waits = waits.into_iter().filter(|(_, left)| left.as_secs() > 0);
        waits.max_by_key(|(_, left)| *left)
    }
}

fn lock(board: &Mutex<Board>) -> MutexGuard<'_, Board> {
    board.lock().unwrap_or_else(PoisonError::into_inner)
}
