//! The queue of replicas: each publishes a tick for what is due by its configuration, and takes the ticks that it has room
//! for, whoever published them.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use tokio::task::JoinSet;
use tracing::{debug, error, info, warn};

use crate::run::pool::Turn;
use crate::run::process::Process;
use crate::run::queue::{Assignment, Due, LocalQueue, Queue, Taken};
use crate::run::report::AccountReport;
use crate::state::{
    AccountState, Cluster, Delivery, Published, StateError, Stored, Tick, Wanted, Writes,
};

/// How long to wait before what failed is tried again, or before the cluster is asked again what other replicas have done.
const PAUSE: Duration = Duration::from_secs(1);

/// How far the clocks of replicas may differ.
const MAX_CLOCK_DIFFERENCE: Duration = Duration::from_secs(600);

/// How many ticks are published at a time.
const MAX_PUBLISHING: usize = 64;

/// The queue of a replica.
pub(crate) struct ClusterQueue {
    process: Arc<Process>,
    cluster: Cluster,
    /// Decides which accounts are due.
    local: LocalQueue,
    /// Ticks that are yet to be published, each after a pause.
    unpublished: VecDeque<(Tick, Duration)>,
    /// The beginnings of the slots that are to be collected before the process ends, by account.
    awaited: BTreeMap<String, OffsetDateTime>,
    /// The ticks that this process works on, by account.
    taken: BTreeMap<String, Tick>,
    tasks: JoinSet<Done>,
    publishing: usize,
    is_taking: bool,
    is_looking: bool,
    /// Whether the last request to the cluster failed, which is logged once.
    is_failing: bool,
}

/// What a task of the queue has done.
enum Done {
    Published(Tick, Result<Published, StateError>),
    Delivered(Result<Option<Delivery>, StateError>),
    Claimed(Delivery, Box<Result<AccountState, StateError>>),
    Taken(Box<Taken>),
    Looked(Result<BTreeMap<String, Stored>, StateError>),
    GivenBack,
}

impl ClusterQueue {
    /// Returns the queue of a replica that publishes what `local` says is due, for ever or once.
    pub(crate) fn new(process: &Arc<Process>, cluster: Cluster, local: LocalQueue) -> Self {
        Self {
            process: Arc::clone(process),
            cluster,
            local,
            unpublished: VecDeque::new(),
            awaited: BTreeMap::new(),
            taken: BTreeMap::new(),
            tasks: JoinSet::new(),
            publishing: 0,
            is_taking: false,
            is_looking: false,
            is_failing: false,
        }
    }

    /// Spawns the tasks that can run now.
    fn begin_tasks(&mut self) {
        while self.publishing < MAX_PUBLISHING
            && let Some((tick, pause)) = self.unpublished.pop_front()
        {
            self.publishing += 1;
            let cluster = self.cluster.clone();
            self.tasks.spawn(async move {
                tokio::time::sleep(pause).await;
                let published = cluster.publish(&tick).await.map_err(StateError::from);
                Done::Published(tick, published)
            });
        }
        if !self.is_taking {
            self.is_taking = true;
            let (cluster, process) = (self.cluster.clone(), Arc::clone(&self.process));
            let pause = match self.is_failing {
                true => PAUSE,
                false => Duration::ZERO,
            };
            self.tasks.spawn(async move {
                tokio::time::sleep(pause).await;
                // A tick that waits here would not be taken by a replica that has room.
                drop(Turn::wait(&process).await);
                Done::Delivered(cluster.pull().await.map_err(StateError::from))
            });
        }
        if self.is_once() && !self.is_looking && !self.awaited.is_empty() {
            self.is_looking = true;
            let cluster = self.cluster.clone();
            self.tasks.spawn(async move {
                tokio::time::sleep(PAUSE).await;
                Done::Looked(cluster.read_all().await.map_err(StateError::from))
            });
        }
    }

    /// Returns whether the process ends once what is due now is collected.
    fn is_once(&self) -> bool {
        self.process.settings.is_once
    }

    /// Adds a tick for an account that is due.
    fn add(&mut self, assignment: &Assignment) {
        let account = assignment.account.name.clone();
        let slot = assignment.slot.unwrap_or_else(OffsetDateTime::now_utc);
        self.local.collected_in(&account, slot);
        if self.is_once() {
            self.awaited.insert(account.clone(), slot);
        }
        let settings = &self.process.settings;
        let tick = Tick {
            account,
            slot,
            wanted: settings.wanted,
            accept_rejects: settings.accept_rejects,
        };
        self.unpublished.push_back((tick, Duration::ZERO));
    }

    /// Continues after a task, and returns an account to collect where that is what comes next.
    fn handle(&mut self, done: Done) -> Option<Assignment> {
        match done {
            Done::Published(tick, published) => {
                self.publishing -= 1;
                match self.check(published) {
                    Some(Published::Stored | Published::Duplicate) => {}
                    // Whoever works on the account publishes the slot that is then the current one.
                    Some(Published::Queued) if !self.is_once() => {}
                    Some(Published::Queued) | None => self.unpublished.push_back((tick, PAUSE)),
                }
            }
            Done::Delivered(delivered) => match self.check(delivered).flatten() {
                Some(delivery) => self.claim(delivery),
                None => self.is_taking = false,
            },
            Done::Claimed(delivery, claimed) => match *claimed {
                Ok(state) => self.take(delivery, state),
                Err(error) => {
                    // It may be the account's alone, so the next one is tried.
                    warn!(account = delivery.tick.account, "{error}");
                    self.give_back(async move { delivery.lease.retry_later().await });
                }
            },
            Done::Taken(taken) => {
                self.is_taking = false;
                let account = self.local.account(&taken.tick.account)?;
                self.taken.insert(account.name.clone(), taken.tick.clone());
                return Some(Assignment {
                    account: Arc::new(account.clone()),
                    slot: Some(taken.tick.slot),
                    taken: Some(taken),
                });
            }
            Done::Looked(stored) => {
                self.is_looking = false;
                if let Some(stored) = self.check(stored) {
                    self.look(&stored);
                }
            }
            Done::GivenBack => self.is_taking = false,
        }
        None
    }

    /// Claims the account of a tick, if this replica collects it: one without a schedule only what it waits for.
    fn claim(&mut self, delivery: Delivery) {
        let account = delivery.tick.account.clone();
        let is_unwanted = self.is_once() && !self.awaited.contains_key(&account);
        if is_unwanted || self.local.account(&account).is_none() {
            let is_over = !is_unwanted && self.local.is_over(&account, delivery.tick.slot);
            debug!(account, "not an account that this replica collects");
            return self.give_back(async move {
                match is_over {
                    true => delivery.lease.terminate().await,
                    false => delivery.lease.retry_later().await,
                }
            });
        }
        let process = Arc::clone(&self.process);
        self.tasks.spawn(async move {
            let claimed = process.store.claim(&account, Writes::Everything).await;
            Done::Claimed(delivery, Box::new(claimed))
        });
    }

    /// Takes a tick once there is a turn for it, unless its slot has been collected.
    fn take(&mut self, delivery: Delivery, state: AccountState) {
        let Delivery { tick, lease } = delivery;
        let process = Arc::clone(&self.process);
        let stop = process.settings.stop.clone();
        self.tasks.spawn(async move {
            let collected = state.record().await.slot;
            // A slot further in the future was stored under a wrong clock.
            let latest = OffsetDateTime::now_utc() + MAX_CLOCK_DIFFERENCE;
            let is_collected = collected.is_some_and(|slot| (tick.slot..=latest).contains(&slot));
            if is_collected && tick.wanted == Wanted::Normal {
                let acknowledged = lease.done().await;
                acknowledged.unwrap_or_else(|error| debug!("{error}"));
                return Done::GivenBack;
            }
            tokio::select! {
                turn = Turn::wait(&process) => Done::Taken(Box::new(Taken {
                    tick,
                    lease,
                    state,
                    turn,
                })),
                () = stop.wait() => {
                    let given_back = lease.hand_back(Duration::ZERO).await;
                    given_back.unwrap_or_else(|error| debug!("{error}"));
                    Done::GivenBack
                }
            }
        });
    }

    fn give_back<E: Display>(&mut self, end: impl Future<Output = Result<(), E>> + Send + 'static) {
        self.tasks.spawn(async move {
            end.await.unwrap_or_else(|error| debug!("{error}"));
            Done::GivenBack
        });
    }

    /// Removes what other replicas have collected from what this process waits for.
    fn look(&mut self, stored: &BTreeMap<String, Stored>) {
        let taken = &self.taken;
        let is_collected = |account: &String, slot: &mut OffsetDateTime| {
            let stored = stored.get(account).and_then(|stored| stored.account.slot);
            !taken.contains_key(account) && stored.is_some_and(|stored| stored >= *slot)
        };
        for (account, _) in self.awaited.extract_if(.., is_collected) {
            info!(account, "another replica has collected the account");
        }
    }

    /// Logs that the cluster fails, and that it works again, once each.
    fn check<T>(&mut self, result: Result<T, StateError>) -> Option<T> {
        match result {
            Ok(value) => {
                if std::mem::take(&mut self.is_failing) {
                    info!("the cluster works again");
                }
                Some(value)
            }
            Err(error) if error.is_lost() => None,
            Err(error) => {
                if !std::mem::replace(&mut self.is_failing, true) {
                    warn!("{error}. This replica goes on trying");
                }
                None
            }
        }
    }
}

impl Queue for ClusterQueue {
    async fn next(&mut self) -> Option<Due> {
        let mut is_complete = false;
        loop {
            self.begin_tasks();
            let is_idle = self.unpublished.is_empty() && self.publishing == 0;
            if self.is_once() && is_complete && is_idle && self.awaited.is_empty() {
                return None;
            }
            tokio::select! {
                biased;
                due = self.local.next(), if !is_complete => match due {
                    Some(Due::Account(assignment)) => self.add(&assignment),
                    Some(other) => return Some(other),
                    None => is_complete = true,
                },
                Some(done) = self.tasks.join_next() => match done {
                    Ok(done) => {
                        if let Some(assignment) = self.handle(done) {
                            return Some(Due::Account(assignment));
                        }
                    }
                    Err(panic) => {
                        error!("a task of the queue failed: {panic}. Please report this");
                        (self.is_taking, self.is_looking) = (false, false);
                    }
                }
            }
        }
    }

    fn ended(&mut self, report: &AccountReport) {
        let Some(tick) = self.taken.remove(&report.account) else {
            return;
        };
        if report.cut {
            return;
        }
        // The servers refused the tick of its next slot until now.
        self.local.collected_in(&report.account, tick.slot);
        let wanted = self.process.settings.wanted;
        self.awaited.retain(|account, slot| {
            *account != report.account || (*slot > tick.slot && wanted != Wanted::Normal)
        });
    }

    fn close(&mut self) {
        // The leases that these tasks hold end, and other replicas take over.
        self.tasks = JoinSet::new();
    }

    fn wait_of(&self, account: &str) -> Option<Duration> {
        self.local.wait_of(account)
    }
}
