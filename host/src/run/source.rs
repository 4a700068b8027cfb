//! One source collected: where its walk begins, and what is stored of its end.

use std::sync::Arc;

use time::OffsetDateTime;
use tracing::{error, warn};

use crate::config::Emit;
use crate::run::context::SourceJob;
use crate::run::halt::Halt;
use crate::run::pool::Worker;
use crate::run::report::{Entry, Outcome};
use crate::run::walk::collect_pages;
use crate::state::{Start, StateError, Writes, next_walk};
use crate::units::duration;

/// Collects a source, stores how that ended, and adds it to the account's results.
///
/// # Errors
///
/// When the state cannot be read or written.
pub(super) async fn collect_source(
    source: Arc<SourceJob>,
    mut worker: Worker,
) -> Result<(), StateError> {
    let job = &source.job;
    let (id, name) = (Some(source.id.clone()), source.name.clone());
    let mut entry = Entry::new(job.name(), id, name, Outcome::UpToDate);
    let stop = &job.settings.stop;
    let walk = async {
        set_destination(&source).await?;
        let start = start(&source).await;
        collect_pages(&source, &mut worker, &mut entry, start).await
    };
    let ended = tokio::select! {
        // What is confirmed by now counts.
        biased;
        ended = walk => ended,
        () = stop.grace_period_elapsed() => Err(match stop.is_aborted() {
            true => Halt::Stopped,
            false => Halt::Failed(format!(
                "the current page was not finished within {} of the request to stop (--stop-within); it is sent again in \
                 the next run",
                duration::format(stop.grace_period)
            )),
        }),
    };
    let outcome = store_end(&source, ended).await;
    entry.outcome = match &outcome {
        Ok(outcome) => outcome.clone(),
        Err(error) if error.is_lost() => Outcome::Stopped,
        Err(error) => Outcome::Failed(error.to_string()),
    };
    job.results.add(entry);
    outcome.map(drop)
}

/// Stores the source's destination. If it is another one than in the last run, it is not known what it has.
async fn set_destination(source: &SourceJob) -> Result<(), StateError> {
    let account = &source.job.ready.account;
    let state = &source.job.state;
    if account.emit == Emit::Changed && state.writes() == Writes::Everything {
        let identity = account.deliver.identity(&source.source_name());
        if state.set_destination(&source.id, &identity).await? {
            warn!(
                "`deliver` leads to another destination than in the last run: every device that is seen counts as \
                 changed; `collect --full` sends all of them"
            );
        }
    }
    Ok(())
}

/// Returns where the source's walk begins.
async fn start(source: &SourceJob) -> Start {
    let job = &source.job;
    if job.settings.ignores_state() {
        return Start::EVERYTHING;
    }
    next_walk(
        job.state.source(&source.id).await.as_ref(),
        job.ready.account.full_every,
        job.settings.wanted,
        OffsetDateTime::now_utc(),
    )
}

/// Stores how the walk ended, and returns the source's outcome.
async fn store_end(source: &SourceJob, ended: Result<(), Halt>) -> Result<Outcome, StateError> {
    let (state, now) = (&source.job.state, OffsetDateTime::now_utc());
    let is_forbidden = matches!(ended, Err(Halt::Forbidden(_)));
    match ended {
        Ok(()) => {
            state.store_success(&source.id, now).await?;
            Ok(Outcome::UpToDate)
        }
        Err(Halt::Stopped) => Ok(Outcome::Stopped),
        Err(Halt::State(error)) => Err(error),
        Err(Halt::Forbidden(why)) if source.may_be_forbidden() => {
            warn!("not collected: {why}");
            Ok(Outcome::NotCollectable(why))
        }
        Err(Halt::Failed(why) | Halt::Forbidden(why)) => {
            error!("{why}");
            state
                .store_error(&source.id, &source.name, &why, now)
                .await?;
            if is_forbidden && source.has_siblings {
                state.store_not_collectable(&source.id, now).await?;
            }
            Ok(Outcome::Failed(why))
        }
    }
}
