//! Which account is collected next.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use crate::config::{Account, Config};
use crate::run::pool::Turn;
use crate::run::report::AccountReport;
use crate::run::schedule::Schedule;
use crate::state::{AccountState, Lease, Tick};

/// The longest sleep before the clock is looked at again, which a person or a suspended machine may set forward.
const MAX_SLEEP: Duration = Duration::from_secs(60);

/// Hands out the accounts that are due, each to one job at a time.
pub(crate) trait Queue {
    /// Waits until something is due, and returns it; `None` where nothing will be due any more. What a dropped future did
    /// not return stays due.
    async fn next(&mut self) -> Option<Due>;

    /// Notes that the job of an account has ended, so that it can be due again.
    fn ended(&mut self, report: &AccountReport);

    /// Returns how long an account has to wait for its next job; `None` while its job is running, or without a schedule.
    fn wait_of(&self, account: &str) -> Option<Duration>;

    /// Notes that nothing more is asked of it.
    fn close(&mut self) {}
}

/// What a queue hands out.
pub(crate) enum Due {
    /// An account to collect.
    Account(Assignment),
    /// An account that cannot be collected, as its configuration is wrong.
    Wrong { account: String, error: String },
    /// An account that the configuration no longer has.
    Gone(String),
}

/// An account to collect.
pub(crate) struct Assignment {
    /// The account.
    pub account: Arc<Account>,
    /// The slot of the schedule in which it begins, if there is a schedule.
    pub slot: Option<OffsetDateTime>,
    /// What the job has already; `None` in a process without replicas.
    pub taken: Option<Box<Taken>>,
}

/// An account that this replica has taken.
pub(crate) struct Taken {
    /// What it is to do.
    pub tick: Tick,
    /// The right to work on the account.
    pub lease: Lease,
    /// What persists of the account.
    pub state: AccountState,
    /// The turn to begin.
    pub turn: Turn,
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
    /// No account is due before; to ask each one anew would take too long while replicas publish thousands of ticks.
    quiet_until: Option<OffsetDateTime>,
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
        let mut queue = Self {
            selected,
            schedule,
            config,
            accounts: BTreeMap::new(),
            due: VecDeque::new(),
            looked_at: None,
            quiet_until: None,
        };
        for name in queue.configured().into_keys() {
            let last = slots.get(&name).copied();
            let known = Known {
                last,
                ..Known::default()
            };
            queue.accounts.insert(name, known);
        }
        queue
    }

    /// Returns the account of this name, if it is in order.
    pub(crate) fn account(&self, name: &str) -> Option<&Account> {
        let accounts = &self.config.accounts;
        let found = accounts.binary_search_by(|account| account.name.as_str().cmp(name));
        accounts.get(found.ok()?)
    }

    /// Returns whether the slot of an account is over; never without a schedule.
    pub(crate) fn is_over(&self, account: &str, slot: OffsetDateTime) -> bool {
        let every = self.accounts.get(account).and_then(|known| known.every);
        let schedule = self.schedule.map(|schedule| schedule.of_account(every));
        schedule.is_some_and(|schedule| schedule.slot(OffsetDateTime::now_utc()) > slot)
    }

    /// Notes that no job of this process runs for an account, which was last collected in `slot`.
    pub(crate) fn collected_in(&mut self, account: &str, slot: OffsetDateTime) {
        if let Some(known) = self.accounts.get_mut(account) {
            known.is_running = false;
            known.last = Some(slot);
        }
        self.wake_for(account);
    }

    /// Notes that an account may be due earlier than what was known to be due next.
    fn wake_for(&mut self, account: &str) {
        let due = self
            .wait_of(account)
            .map(|wait| OffsetDateTime::now_utc() + wait);
        self.quiet_until = self.quiet_until.zip(due).map(|(quiet, due)| quiet.min(due));
    }

    /// Returns how long no account is due.
    fn quiet(&mut self, now: OffsetDateTime) -> Duration {
        let quiet_until = self.quiet_until.filter(|until| *until > now);
        let until = quiet_until.unwrap_or_else(|| now + self.wait().unwrap_or(MAX_SLEEP));
        self.quiet_until = Some(until);
        (until - now).try_into().unwrap_or_default()
    }

    /// Returns how long it takes until an account is due; `None` while the jobs of all are running.
    pub(crate) fn wait(&self) -> Option<Duration> {
        let accounts = self.accounts.keys();
        accounts.filter_map(|name| self.wait_of(name)).min()
    }

    /// Adds what is due now, by the configuration as it is now.
    fn add_due(&mut self) {
        self.quiet_until = None;
        let is_first = self.looked_at.replace(OffsetDateTime::now_utc()).is_none();
        let loaded = match is_first {
            true => Ok(()),
            false => self.config.load_again().map(|config| self.config = config),
        };
        let found: BTreeMap<_, _> = match loaded {
            Ok(()) => self.configured(),
            Err(error) => {
                let known = self.accounts.iter();
                let failed = known.map(|(name, known)| {
                    let error = Err(error.to_string());
                    (name.clone(), (known.file.clone(), error))
                });
                failed.collect()
            }
        };
        let is_gone =
            |name: &String, known: &mut Known| !known.is_running && !found.contains_key(name);
        let gone = self.accounts.extract_if(.., is_gone);
        self.due.extend(gone.map(|(name, _)| Due::Gone(name)));
        for (name, (file, account)) in found {
            let Some(slot) = self.begin(&name, file, account.as_ref().ok()) else {
                continue;
            };
            self.due.push_back(match account {
                Ok(account) => Due::Account(Assignment {
                    account: Arc::new(account),
                    slot,
                    taken: None,
                }),
                Err(error) => Due::Wrong {
                    account: name,
                    error,
                },
            });
        }
    }

    /// Returns the configured accounts by name, each with its file, or why one is wrong.
    fn configured(&self) -> BTreeMap<String, (PathBuf, Result<Account, String>)> {
        let accounts = self.config.accounts.iter().map(|account| {
            let found = (account.file.clone(), Ok(account.clone()));
            (account.name.clone(), found)
        });
        let mut found: BTreeMap<_, _> = accounts.collect();
        for wrong in &self.config.wrong {
            let error = || (wrong.file.clone(), Err(wrong.error.to_string()));
            // A file that cannot be read does not tell which accounts it has.
            let known = self.accounts.iter();
            let of_file = known.filter(|(_, known)| known.file == wrong.file);
            let of_file: Vec<_> = of_file.map(|(name, _)| name.clone()).collect();
            if of_file.is_empty() || self.accounts.contains_key(&wrong.name) {
                found.insert(wrong.name.clone(), error());
            }
            for name in of_file {
                found.entry(name).or_insert_with(error);
            }
        }
        found.retain(|name, _| self.selected.is_empty() || self.selected.contains(name));
        found
    }

    /// Begins the next job of an account if it is due now, and returns its slot, if there is a schedule.
    fn begin(
        &mut self,
        name: &str,
        file: PathBuf,
        account: Option<&Account>,
    ) -> Option<Option<OffsetDateTime>> {
        let now = OffsetDateTime::now_utc();
        let known = self.accounts.entry(name.to_owned()).or_default();
        known.file = file;
        if let Some(account) = account {
            known.every = account.every;
        }
        let schedule = self
            .schedule
            .map(|schedule| schedule.of_account(known.every));
        let is_due = schedule.is_none_or(|schedule| schedule.next(name, known.last, now) <= now);
        if known.is_running || !is_due {
            return None;
        }
        known.is_running = account.is_some();
        known.last = schedule.map(|schedule| schedule.slot(now));
        Some(known.last)
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
                let wait = self.quiet(now);
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

    fn ended(&mut self, report: &AccountReport) {
        if let Some(known) = self.accounts.get_mut(&report.account) {
            known.is_running = false;
        }
        self.wake_for(&report.account);
    }

    fn wait_of(&self, account: &str) -> Option<Duration> {
        let known = self
            .accounts
            .get(account)
            .filter(|known| !known.is_running)?;
        let schedule = self.schedule?.of_account(known.every);
        let now = OffsetDateTime::now_utc();
        let next = schedule.next(account, known.last, now);
        Some((next - now).try_into().unwrap_or_default())
    }
}
