//! One run: every source of every account, several in parallel.
//!
//! Each source is a task of its own, so that one that fails or hangs does not affect the others.

use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use time::OffsetDateTime;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tracing::{Instrument, error, error_span};

use crate::deliver::Destination;
use crate::run::account::collect_account;
use crate::run::context::{AccountJob, Settings};
use crate::run::prepare::Ready;
use crate::run::report::{Entry, Outcome, Report};
use crate::run::results::AccountResults;
use crate::state::{AccountState, State, StateError};
use crate::stop::Stop;

/// How much longer than its current pages a run may take to stop: a disk that hangs must not keep it for ever.
const LAST_WRITES: Duration = Duration::from_secs(5);

/// Collects every source of the accounts, each of which delivers to the destination beside it.
pub(crate) async fn collect_accounts(
    settings: Settings,
    state: State,
    accounts: Vec<(Ready, Arc<Destination>)>,
) -> Report {
    let started_at = OffsetDateTime::now_utc();
    let permits = Arc::new(Semaphore::new(settings.jobs as usize));
    let settings = Arc::new(settings);
    let state = Arc::new(Mutex::new(state));
    let mut jobs = Vec::with_capacity(accounts.len());
    let mut tasks = JoinSet::new();
    for (ready, destination) in accounts {
        let account = &ready.account.name;
        let span = error_span!("account", account);
        let job = Arc::new(AccountJob {
            state: AccountState::new(account, settings.writes(), &state),
            results: AccountResults::new(account),
            ready,
            destination,
            settings: Arc::clone(&settings),
        });
        jobs.push(Arc::clone(&job));
        tasks.spawn(collect_account(job, Arc::clone(&permits)).instrument(span));
    }
    let given_up = join(&mut tasks, &settings.stop).await;
    let why = given_up.unwrap_or_else(|| {
        "its task ended by an error of this program. Please report this".to_owned()
    });
    let mut report = Report {
        started_at,
        ended_at: OffsetDateTime::now_utc(),
        dry_run: settings.dry_run,
        cut: false,
        retries: 0,
        entries: Vec::new(),
        denied: jobs
            .iter()
            .map(|job| (job.name().to_owned(), job.ready.rights.denials.counts()))
            .collect(),
    };
    for job in &jobs {
        let (entries, retries) = job.results.take(&why);
        report.entries.extend(entries);
        report.retries += retries;
    }
    let is_cut = |entry: &Entry| match entry.outcome {
        Outcome::Stopped => true,
        Outcome::Failed(_) => settings.stop.requested(),
        _ => false,
    };
    report.cut = report.entries.iter().any(is_cut);
    report
}

/// Waits for the tasks of the accounts, and returns why some were given up.
async fn join(tasks: &mut JoinSet<Result<(), StateError>>, stop: &Stop) -> Option<String> {
    let mut too_late = pin!(async {
        stop.grace_period_elapsed().await;
        tokio::time::sleep(LAST_WRITES).await;
    });
    let mut given_up = None;
    loop {
        let ended = tokio::select! {
            ended = tasks.join_next() => ended,
            () = &mut too_late => {
                let why = "it was not finished in time after the request to stop: the disk of the state or of the \
                           rejects file does not respond. Unconfirmed events are sent again in the next run";
                error!("{why}");
                return given_up.or(Some(why.to_owned()));
            }
        };
        match ended {
            None => return given_up,
            Some(Ok(Ok(()))) => {}
            // Without the state nothing can be stored any more, of any account.
            Some(Ok(Err(state))) => {
                error!("{state}");
                given_up.get_or_insert(state.to_string());
                tasks.abort_all();
            }
            Some(Err(aborted)) if aborted.is_cancelled() => {}
            // Its sources without a result are reported as failed.
            Some(Err(panic)) => {
                error!("the task of an account failed: {panic}. Please report this");
            }
        }
    }
}
