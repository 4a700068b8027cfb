//! One run: every source of every account, several in parallel.
//!
//! Each source is a task of its own, so that one that fails or hangs does not affect the others.

use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tracing::{Instrument, error, error_span};

use crate::deliver::Destination;
use crate::run::account::collect_account;
use crate::run::context::{AccountJob, Settings};
use crate::run::prepare::Ready;
use crate::run::results::{RunResults, SharedResults};
use crate::state::{AccountState, State};

/// How much longer than its current pages a run may take to stop: a disk that hangs must not keep it for ever.
const LAST_WRITES: Duration = Duration::from_secs(5);

/// Collects every source of the accounts, each of which delivers to the destination beside it.
pub(crate) async fn collect_accounts(
    settings: Settings,
    state: State,
    accounts: Vec<(Ready, Arc<Destination>)>,
) -> RunResults {
    let permits = Arc::new(Semaphore::new(settings.jobs as usize));
    let settings = Arc::new(settings);
    let state = Arc::new(Mutex::new(state));
    let results = SharedResults::default();
    let mut tasks = JoinSet::new();
    for (ready, destination) in accounts {
        let account = &ready.account.name;
        results.expect_listing(account);
        let span = error_span!("account", account);
        let job = Arc::new(AccountJob {
            state: AccountState::new(account, settings.writes(), &state),
            ready,
            destination,
            settings: Arc::clone(&settings),
            results: results.clone(),
        });
        tasks.spawn(collect_account(job, Arc::clone(&permits)).instrument(span));
    }
    let mut too_late = pin!(async {
        settings.stop.grace_period_elapsed().await;
        tokio::time::sleep(LAST_WRITES).await;
    });
    loop {
        let ended = tokio::select! {
            ended = tasks.join_next() => ended,
            () = &mut too_late => {
                let why = "it was not finished in time after the request to stop: the disk of the state or of the \
                           rejects file does not respond. Unconfirmed events are sent again in the next run";
                error!("{why}");
                results.abort(why.to_owned());
                break;
            }
        };
        match ended {
            None => break,
            Some(Ok(Ok(()))) => {}
            // Without the state nothing can be stored any more, of any account.
            Some(Ok(Err(state))) => {
                error!("{state}");
                results.abort(state.to_string());
                tasks.abort_all();
            }
            Some(Err(aborted)) if aborted.is_cancelled() => {}
            // Its sources without a result are reported as failed.
            Some(Err(panic)) => {
                error!("the task of an account failed: {panic}. Please report this");
            }
        }
    }
    results.take()
}
