//! Which account is collected next.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use crate::config::{Account, Config, ConfigError};
use crate::run::schedule::Schedule;

/// The longest sleep before the clock is looked at again, which a person or a suspended machine may set forward.
const MAX_SLEEP: Duration = Duration::from_secs(60);

/// Hands out the accounts that are due, each to one job at a time.
pub(crate) trait Queue {
    /// Waits until something is due, and returns it; `None` where nothing will be due any more. What a dropped future did
    /// not return stays due.
    async fn next(&mut self) -> Option<Due>;

    /// Notes that the job of an account has ended, so that it can be due again.
    fn ended(&mut self, account: &str);
}

/// What a queue hands out.
pub(crate) enum Due {
    /// An account to collect.
    Account {
        /// The account.
        account: Arc<Account>,
        /// The state file that its configuration names.
        state: Arc<PathBuf>,
        /// The slot of the schedule in which it begins, if there is a schedule.
        slot: Option<OffsetDateTime>,
    },
    /// An account that cannot be collected, as its configuration is wrong.
    Wrong { account: String, error: String },
    /// An account that the configuration no longer has.
    Gone(String),
}

/// The queue of one process: the accounts of the configuration, once each or on a schedule. The configuration is read anew
/// whenever an account is due, and at the beginning of each slot.
pub(crate) struct LocalQueue {
    /// The accounts that `--account` names; all if empty.
    selected: Vec<String>,
    /// `--every`; without it, each account is due once.
    schedule: Option<Schedule>,
    /// The configuration that was read last.
    config: Config,
    accounts: BTreeMap<String, Known>,
    due: VecDeque<Due>,
    /// When the accounts that are due were last added.
    looked_at: Option<OffsetDateTime>,
}

/// What is known of an account between its jobs.
#[derive(Default)]
struct Known {
    /// The file that has it.
    file: PathBuf,
    every: Option<Duration>,
    /// The last slot that it was begun in.
    last: Option<OffsetDateTime>,
    is_running: bool,
}

impl LocalQueue {
    /// Returns the queue of the accounts of `config`, or of those of them that are `selected`, which begins where `slots`
    /// says that an earlier process stopped.
    pub(crate) fn new(
        config: Config,
        selected: Vec<String>,
        schedule: Option<Schedule>,
        slots: BTreeMap<String, OffsetDateTime>,
    ) -> Self {
        let known = |last| Known {
            last: Some(last),
            ..Known::default()
        };
        let accounts = slots.into_iter().map(|(name, last)| (name, known(last)));
        let mut queue = Self {
            selected,
            schedule,
            config,
            accounts: accounts.collect(),
            due: VecDeque::new(),
            looked_at: None,
        };
        // What earlier processes collected and this one does not is of no interest.
        let configured = queue.configured();
        queue.accounts.retain(|name, _| configured.contains(name));
        queue
    }

    /// Returns how long an account has to wait for its next job; `None` while its job is running, or without a schedule.
    pub(crate) fn wait_of(&self, account: &str) -> Option<Duration> {
        let known = self
            .accounts
            .get(account)
            .filter(|known| !known.is_running)?;
        let schedule = self.schedule?.of_account(known.every);
        let now = OffsetDateTime::now_utc();
        let next = schedule.next(account, known.last, now);
        Some((next - now).try_into().unwrap_or_default())
    }

    /// Returns how long it takes until an account is due; `None` while the jobs of all are running.
    pub(crate) fn wait(&self) -> Option<Duration> {
        let accounts = self.accounts.keys();
        accounts.filter_map(|name| self.wait_of(name)).min()
    }

    fn configured(&self) -> BTreeSet<String> {
        let accounts = self.config.accounts.iter().map(|account| &account.name);
        let wrong = self.config.wrong.iter().map(|wrong| &wrong.name);
        let is_selected =
            |name: &&String| self.selected.is_empty() || self.selected.contains(*name);
        accounts.chain(wrong).filter(is_selected).cloned().collect()
    }

    /// Begins the next slot of an account if it is due now, and returns whether it is.
    fn begins(&mut self, account: &str, file: &Path, every: Option<Duration>) -> bool {
        let now = OffsetDateTime::now_utc();
        let known = self.accounts.entry(account.to_owned()).or_default();
        known.every = every;
        file.clone_into(&mut known.file);
        let Some(schedule) = self.schedule else {
            return true;
        };
        let schedule = schedule.of_account(every);
        if known.is_running || schedule.next(account, known.last, now) > now {
            return false;
        }
        known.last = Some(schedule.slot(now));
        true
    }

    /// Adds what is due now, by the configuration as it is now.
    fn add_due(&mut self) {
        if self.looked_at.is_some() {
            match self.config.load_again() {
                Ok(config) => self.config = config,
                Err(error) => {
                    self.looked_at = Some(OffsetDateTime::now_utc());
                    return self.add_failed(&error);
                }
            }
        }
        self.looked_at = Some(OffsetDateTime::now_utc());
        let configured = self.configured();
        let Config {
            accounts,
            wrong,
            state,
            ..
        } = self.config.clone();
        let state = Arc::new(state);
        for account in accounts {
            if !configured.contains(&account.name)
                || !self.begins(&account.name, &account.file, account.every)
            {
                continue;
            }
            let Some(known) = self.accounts.get_mut(&account.name) else {
                continue;
            };
            known.is_running = true;
            self.due.push_back(Due::Account {
                slot: known.last.filter(|_| self.schedule.is_some()),
                account: Arc::new(account),
                state: Arc::clone(&state),
            });
        }
        let mut missing: Vec<_> = self.accounts.keys().cloned().collect();
        missing.retain(|name| !configured.contains(name));
        for wrong in wrong {
            // A file that cannot be read does not tell which accounts it has.
            let of_file = |name: &&String| {
                let known = self.accounts.get(*name);
                known.is_some_and(|known| known.file == wrong.file)
            };
            let mut names: Vec<_> = missing.iter().filter(of_file).cloned().collect();
            missing.retain(|name| !names.contains(name));
            if names.is_empty() && configured.contains(&wrong.name) {
                names.push(wrong.name);
            }
            for account in names {
                let every = self.accounts.get(&account).and_then(|known| known.every);
                if self.begins(&account, &wrong.file, every) {
                    let error = wrong.error.to_string();
                    self.due.push_back(Due::Wrong { account, error });
                }
            }
        }
        for name in missing {
            if self
                .accounts
                .get(&name)
                .is_some_and(|known| !known.is_running)
            {
                self.accounts.remove(&name);
                self.due.push_back(Due::Gone(name));
            }
        }
    }

    /// Reports to each account that is due that the configuration cannot be read.
    fn add_failed(&mut self, error: &ConfigError) {
        let known = self.accounts.iter();
        let known: Vec<_> = known
            .map(|(name, known)| (name.clone(), known.file.clone(), known.every))
            .collect();
        for (account, file, every) in known {
            if self.begins(&account, &file, every) {
                let error = error.to_string();
                self.due.push_back(Due::Wrong { account, error });
            }
        }
    }
}

impl Queue for LocalQueue {
    async fn next(&mut self) -> Option<Due> {
        loop {
            if let Some(due) = self.due.pop_front() {
                return Some(due);
            }
            if let Some(looked_at) = self.looked_at {
                let schedule = self.schedule?;
                let now = OffsetDateTime::now_utc();
                let wait = self.wait().unwrap_or(MAX_SLEEP);
                // At the beginning of a slot also without an account that is due: there may be a new one.
                if !wait.is_zero() && schedule.slot(looked_at) == schedule.slot(now) {
                    let slot = schedule.rest_of_slot(now);
                    tokio::time::sleep(wait.min(slot).min(MAX_SLEEP)).await;
                    continue;
                }
            }
            self.add_due();
        }
    }

    fn ended(&mut self, account: &str) {
        if let Some(known) = self.accounts.get_mut(account) {
            known.is_running = false;
        }
    }
}
