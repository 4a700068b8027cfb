//! The account jobs of a process: each is prepared, listed, collected and reported by itself.
//!
//! A job is a task of its own, so that one that fails, hangs or waits does not affect the others. It begins when a job of
//! `--jobs` is free.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{Id, JoinError, JoinSet};
use tracing::{Instrument, error, error_span};

use crate::run::account::run_account;
use crate::run::process::Process;
use crate::run::queue::{Assignment, Due, Queue};
use crate::run::report::AccountReport;
use crate::run::results::AccountResults;

/// How much longer than its current pages a job may take to stop: a disk that hangs must not keep it for ever.
const LAST_WRITES: Duration = Duration::from_secs(5);

/// How often running jobs are an event while none ends, so that an account that waits is reported while it does.
const QUIET: Duration = Duration::from_secs(10);

/// What happens to the accounts.
pub(crate) enum Event {
    /// Its job has ended.
    Ended(AccountReport),
    /// The configuration no longer has it.
    Gone(String),
    /// Jobs are running, and nothing has ended for a while.
    Running,
}

/// Runs the jobs of the accounts that `queue` hands out, until it has no more or the process is asked to stop, and passes
/// what happens to `on_event`.
pub(crate) async fn run_jobs<Q: Queue>(
    process: &Arc<Process>,
    queue: &mut Q,
    mut on_event: impl FnMut(&Q, Event),
) {
    let stop = &process.settings.stop;
    let mut too_late = pin!(async {
        stop.grace_period_elapsed().await;
        tokio::time::sleep(LAST_WRITES).await;
    });
    let mut jobs = Jobs::default();
    let mut more = true;
    while more || !jobs.tasks.is_empty() {
        tokio::select! {
            // First what is due, so that each account is reported, also when the process is asked to stop.
            biased;
            due = queue.next(), if more => match due {
                None => {
                    more = false;
                    queue.close();
                }
                Some(Due::Gone(account)) => on_event(queue, Event::Gone(account)),
                Some(Due::Wrong { account, error }) => {
                    let results = AccountResults::new(&account);
                    error_span!("account", account).in_scope(|| results.fail(&error));
                    on_event(queue, Event::Ended(results.take("", false)));
                }
                Some(Due::Account(assignment)) => jobs.start(process, assignment),
            },
            () = stop.wait(), if more => {
                more = false;
                queue.close();
            }
            Some(ended) = jobs.tasks.join_next_with_id() => {
                let report = jobs.end(ended, stop.requested());
                queue.ended(&report);
                on_event(queue, Event::Ended(report));
            }
            () = tokio::time::sleep(QUIET), if !jobs.tasks.is_empty() => on_event(queue, Event::Running),
            () = &mut too_late => {
                let why = "it was not finished in time after the request to stop: the disk of the state or of the \
                           rejects file does not respond. Unconfirmed events are sent again in the next run";
                error!("{why}");
                for results in jobs.results.values() {
                    on_event(queue, Event::Ended(results.take(why, true)));
                }
                return;
            }
        }
    }
}

/// The jobs that are running or wait for their turn.
#[derive(Default)]
struct Jobs {
    tasks: JoinSet<()>,
    /// The results of each task, which outlive it.
    results: HashMap<Id, Arc<AccountResults>>,
}

impl Jobs {
    fn start(&mut self, process: &Arc<Process>, assignment: Assignment) {
        let account = assignment.account.name.clone();
        let span = error_span!("account", account);
        let results = Arc::new(AccountResults::new(&account));
        let shown = process.settings.progress.account(&account);
        let job = run_account(Arc::clone(process), assignment, Arc::clone(&results));
        let job = async move {
            job.await;
            drop(shown);
        };
        let task = self.tasks.spawn(job.instrument(span));
        self.results.insert(task.id(), results);
    }

    /// Returns the results of a task that has ended.
    fn end(&mut self, ended: Result<(Id, ()), JoinError>, stopping: bool) -> AccountReport {
        let id = match &ended {
            Ok((id, ())) => *id,
            Err(panic) => panic.id(),
        };
        let results = self.results.remove(&id).unwrap_or_default();
        if let Err(panic) = ended {
            error!("the task of an account failed: {panic}. Please report this");
        }
        let why = "its task ended by an error of this program. Please report this";
        results.take(why, stopping)
    }
}
