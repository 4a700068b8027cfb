//! The job of one account: it is prepared, its sources are listed, those that cannot be collected are reported, the others
//! are collected in parallel.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use time::OffsetDateTime;
use tokio::task::{JoinError, JoinSet};
use tokio_util::task::AbortOnDropHandle;
use tracing::{Instrument, debug, error, error_span, warn};

use crate::config::{Account, DestinationConfig, Emit, selection};
use crate::contract::bindings::inventory::connector::types::Source;
use crate::deliver::rejects::Rejects;
use crate::deliver::{DeliveryOptions, Receiver};
use crate::run::context::{AccountJob, SourceJob};
use crate::run::failure::with_causes;
use crate::run::halt::Halt;
use crate::run::listing::{Listing, list_sources};
use crate::run::pool::{Pool, Turn, Worker};
use crate::run::prepare::prepare;
use crate::run::process::{Process, Settings};
use crate::run::queue::Assignment;
use crate::run::report::Outcome;
use crate::run::results::AccountResults;
use crate::run::source::collect_source;
use crate::state::{AccountState, Lease, SourceState, StateError, Term};
use crate::stop::Stop;

/// Runs the job of an account, once it is its turn, and adds what becomes of it to `results`.
pub(super) async fn run_account(
    process: Arc<Process>,
    assignment: Assignment,
    results: Arc<AccountResults>,
) {
    let Assignment {
        account,
        slot,
        taken,
    } = assignment;
    let (lease, turn, state, settings) = match taken {
        Some(taken) => {
            let settings = process.settings.of_tick(&taken.tick);
            let state = Arc::new(taken.state);
            (
                Some(taken.lease),
                Some(taken.turn),
                Some(state),
                Arc::new(settings),
            )
        }
        None => (None, None, None, Arc::clone(&process.settings)),
    };
    let stop = &settings.stop;
    let term = lease.as_ref().map(Lease::term);
    let _watch = term.clone().map(|term| watch(term, stop.clone()));
    let begin = async {
        let turn = match turn {
            Some(turn) => turn,
            None => Turn::wait(&process).await,
        };
        results.begin();
        let job = prepare_job(&process, &settings, account, &state, term, &results).await?;
        anyhow::Ok((Arc::new(job), turn))
    };
    let begun = tokio::select! {
        begun = begin => begun.map(Some),
        () = stop.wait() => Ok(None),
    };
    let (state, ended) = match begun {
        Ok(Some((job, turn))) => {
            let ended = collect_account(&process, &job, turn).await;
            (Some(Arc::clone(&job.state)), ended.map_err(JobError::State))
        }
        Ok(None) => {
            results.add_account(Outcome::Stopped);
            (state, Ok(()))
        }
        Err(error) => {
            results.fail(&with_causes(&error));
            // Another replica may have what this one lacks: the secret, or the component that is approved.
            (state, Err(JobError::NotReady))
        }
    };
    let is_cut = results.is_cut(stop.requested());
    let ended = match (ended, slot, &state) {
        // Stored last: what was stopped or killed goes on at the next start.
        (Ok(()), Some(slot), Some(state)) if !is_cut => {
            state.end_slot(slot).await.map_err(JobError::State)
        }
        (ended, ..) => ended,
    };
    match &ended {
        Err(JobError::State(error)) if error.is_lost() => {
            warn!("{error}");
            // Without a word on the tick, which may be in somebody else's hands.
            return results.hand_over();
        }
        Err(JobError::State(error)) => {
            error!("{error}");
            results.give_up(&error.to_string());
        }
        _ => {}
    }
    if let Some(lease) = lease {
        let given_back = match ended {
            Ok(()) if is_cut => {
                let wait = results.postponed().unwrap_or_default();
                lease.hand_back(wait).await
            }
            Ok(()) => lease.done().await,
            Err(JobError::NotReady) if settings.is_once => lease.terminate().await,
            Err(_) => lease.retry_later().await,
        };
        if let Err(error) = given_back {
            // The tick is delivered again, which finds the slot stored, or continues.
            debug!("{error}");
        }
    }
}

/// Why the job of an account did not get to its end, beside what its sources report.
enum JobError {
    /// The state cannot be used.
    State(StateError),
    /// The account is not in order on this machine.
    NotReady,
}

/// Stops a job at once when its term ends.
fn watch(term: Arc<Term>, stop: Stop) -> AbortOnDropHandle<()> {
    let watch = async move {
        term.ended().await;
        warn!(
            "the cluster did not confirm in time that this replica works on the account: another one continues with it"
        );
        stop.abort();
    };
    AbortOnDropHandle::new(tokio::spawn(watch.in_current_span()))
}

/// Makes an account ready to be collected: nothing is requested for it or approved before all of it is in order. `taken` is
/// its state where this replica has it already.
async fn prepare_job(
    process: &Process,
    settings: &Arc<Settings>,
    account: Arc<Account>,
    taken: &Option<Arc<AccountState>>,
    term: Option<Arc<Term>>,
    results: &Arc<AccountResults>,
) -> anyhow::Result<AccountJob> {
    debug!("making ready");
    let approved = match taken {
        Some(state) => state.record().await.consent,
        None => process.store.stored(&account.name).await?.account.consent,
    };
    let ready = prepare(process, &settings.stop, &account, approved).await?;
    let receiver = open_destination(&account, settings).await?;
    let state = match taken {
        Some(state) => Arc::clone(state),
        None => Arc::new(
            process
                .store
                .claim(&account.name, settings.writes())
                .await?,
        ),
    };
    state.share_requests(&ready.rights.limiter).await;
    // Last, so that an account that cannot begin has approved nothing.
    let now = OffsetDateTime::now_utc();
    state.record_consent(&ready.asks, now).await?;
    results.ready(&ready.rights);
    let keeps_rejects = !settings.dry_run && settings.limit.is_none();
    Ok(AccountJob {
        ready,
        receiver,
        state,
        settings: Arc::clone(settings),
        term,
        rejects: keeps_rejects.then(|| Rejects::at(process.store.rejects())),
        results: Arc::clone(results),
    })
}

/// Opens the destination of an account.
pub(crate) async fn open_destination(
    account: &Arc<Account>,
    settings: &Settings,
) -> anyhow::Result<Receiver> {
    if settings.dry_run {
        return Ok(Receiver::Discard);
    }
    let options = DeliveryOptions {
        accept_rejects: settings.accept_rejects,
        // No cursor is stored of these runs.
        preview: settings.ignores_state(),
    };
    let (account, stop) = (Arc::clone(account), settings.stop.clone());
    // A command that prints a secret may take its time.
    let open = move || Receiver::open(&account, &stop, options);
    Ok(tokio::task::spawn_blocking(open).await??)
}

/// Collects every source of an account and adds them to its results.
///
/// # Errors
///
/// When the state cannot be read or written.
async fn collect_account(
    process: &Arc<Process>,
    job: &Arc<AccountJob>,
    turn: Turn,
) -> Result<(), StateError> {
    let pool = Pool::new(&job.ready, process);
    let mut first = pool.first_worker(turn);
    let sources = sources_to_collect(job, &mut first).await?;
    let mut first = Some(first);
    let mut tasks = JoinSet::new();
    for source in sources {
        // The account keeps its turn: what has begun goes before what has not.
        let worker = match first.take() {
            Some(first) => first,
            None => pool.worker().await,
        };
        if let Some(ended) = tasks.try_join_next() {
            task_result(ended)?;
        }
        if job.settings.stop.requested() {
            let (id, name) = (source.id, source.name);
            job.results.add_uncollected(id, name, Outcome::Stopped);
            continue;
        }
        let (account, id) = (job.name(), &source.id);
        let name = other_name(id, &source.name);
        let span = error_span!(parent: None, "source", account, source = id, name);
        tasks.spawn(collect_source(Arc::new(source), worker).instrument(span));
    }
    drop(first);
    while let Some(ended) = tasks.join_next().await {
        task_result(ended)?;
    }
    if job.results.collects_nothing() {
        job.results.fail(
            "none of its sources can be collected; each one is reported with its reason. Check the permissions of the \
             credentials",
        );
    }
    Ok(())
}

/// Returns what a person calls a source, for the log; `None` if that is its id.
fn other_name<'a>(id: &str, name: &'a str) -> Option<&'a str> {
    Some(name).filter(|name| *name != id)
}

/// Returns how a source's task ended. A panic does not affect the other sources; its source is reported as failed.
fn task_result(ended: Result<Result<(), StateError>, JoinError>) -> Result<(), StateError> {
    ended.unwrap_or_else(|panic| {
        error!("the task of a source failed: {panic}. Please report this");
        Ok(())
    })
}

/// Lists the account's sources, reports those that are not collected, and returns the others.
async fn sources_to_collect(
    job: &Arc<AccountJob>,
    worker: &mut Worker,
) -> Result<Vec<SourceJob>, StateError> {
    warn_of_range(job);
    let stored = job.state.sources().await;
    let mut listing = list_sources(worker, job).await;
    let mut lists_all = true;
    if listing.complete.is_ok() && misses_one(&listing, &stored) {
        // A listing by page numbers may miss a source that moved to an earlier page meanwhile.
        let again = list_sources(worker, job).await;
        lists_all = again.complete.is_ok();
        listing = listing.merge(again);
    }
    match &listing.complete {
        Ok(()) if listing.sources.is_empty() => job.results.fail(
            "it lists no source, so nothing is collected and none of its sources counts as gone: check the \
             credentials, and whether a proxy changes the API's responses",
        ),
        Ok(()) if lists_all => report_gone(job, &listing, &stored).await?,
        Ok(()) => {}
        Err(Halt::Failed(why) | Halt::Forbidden(why)) => job.results.fail(why),
        Err(Halt::Stopped | Halt::State(_)) => {
            job.results.add_account(Outcome::Stopped);
        }
    }
    if listing.complete.is_ok() {
        check_selection(job, &listing, &stored);
    }
    let known: BTreeSet<_> = stored.iter().map(|stored| stored.source.as_str()).collect();
    let has_siblings = listing.ids().len() > 1;
    let ambiguous = ambiguous(job, &listing, &stored);
    let mut sources = Vec::with_capacity(listing.sources.len());
    for Source { id, name, config } in listing.sources {
        let known = known.contains(id.as_str());
        let is_ambiguous = ambiguous.contains(&id);
        match config {
            _ if !job.ready.account.wants(&id, &name) => {
                job.results.add_uncollected(id, name, Outcome::Skipped);
            }
            Err(reason) if known => fail_source(job, id, name, &reason).await?,
            Err(reason) => {
                let called = other_name(&id, &name);
                warn!(source = id, name = called, "not collected: {reason}");
                let outcome = Outcome::NotCollectable(reason);
                job.results.add_uncollected(id, name, outcome);
            }
            Ok(config) => {
                job.results.expect(&id, &name);
                sources.push(SourceJob {
                    job: Arc::clone(job),
                    config: match &job.settings.range {
                        Some(range) => range.apply(config),
                        None => config,
                    },
                    id,
                    name,
                    is_ambiguous,
                    destination: OnceLock::new(),
                    known,
                    has_siblings,
                });
            }
        }
    }
    job.settings.progress.expect(sources.len());
    job.results.listed(std::mem::take(&mut worker.retries));
    Ok(sources)
}

/// Stores which sources cannot be collected, and reports the stored ones that the account no longer has. Their cursors
/// stay.
async fn report_gone(
    job: &AccountJob,
    listing: &Listing,
    stored: &[SourceState],
) -> Result<(), StateError> {
    let now = OffsetDateTime::now_utc();
    job.state.store_listing(&listing.collectable(), now).await?;
    let listed = listing.ids();
    for gone in stored {
        if listed.contains(gone.source.as_str()) {
            continue;
        }
        let (id, name) = (gone.source.clone(), gone.name.clone());
        if job.ready.account.wants(&id, &name) {
            fail_source(job, id, name, "The account no longer lists it.").await?;
        } else {
            job.results.add_uncollected(id, name, Outcome::Skipped);
        }
    }
    Ok(())
}

/// Reports entries of `only` and `skip` that name neither a listed source nor a stored one. An entry of `skip` is a
/// warning, as it leaves nothing out.
fn check_selection(job: &AccountJob, listing: &Listing, stored: &[SourceState]) {
    let account = &job.ready.account;
    let listed = listing.sources.iter();
    let listed = listed.map(|source| (source.id.as_str(), source.name.as_str()));
    let stored = stored.iter();
    let stored = stored.map(|source| (source.source.as_str(), source.name.as_str()));
    let names: Vec<_> = listed.chain(stored).collect();
    for entry in selection::unmatched(&account.skip, &names) {
        warn!("{}", selection::no_such_source("skip", entry));
    }
    for entry in selection::unmatched(&account.only, &names) {
        let why = selection::no_such_source("only", entry);
        error!("{why}");
        let (id, name) = (entry.to_owned(), entry.to_owned());
        job.results.add_uncollected(id, name, Outcome::Failed(why));
    }
}

/// Reports that a source that was collected before cannot be collected. Nobody notices missing devices, so this fails in
/// every run until a person confirms it.
async fn fail_source(
    job: &AccountJob,
    id: String,
    name: String,
    reason: &str,
) -> Result<(), StateError> {
    let why = format!(
        "{reason} If it is not to be collected any more, name it in `skip` of the account, or forget it with \
         `asset-host state prune`; its cursor is kept until then"
    );
    error!(source = id, name = other_name(&id, &name), "{why}");
    let now = OffsetDateTime::now_utc();
    job.state.store_error(&id, &name, &why, now).await?;
    job.results.add_uncollected(id, name, Outcome::Failed(why));
    Ok(())
}

/// Warns that a range delivers devices that the next run does not know of.
fn warn_of_range(job: &AccountJob) {
    let settings = &job.settings;
    let changed = job.ready.account.emit == Emit::Changed;
    if changed && settings.range.is_some() && !settings.dry_run {
        warn!(
            "a range does not change the state, to which `emit = \"changed\"` compares: run `collect --full` \
             afterwards, or a device that changes back is left out until the next full walk"
        );
    }
}

/// Returns the sources whose names alone would lead two of them to one file. Those that are stored count as well, so that
/// a source gets no file of one that is gone, and a listing that ends early changes no path.
fn ambiguous(job: &AccountJob, listing: &Listing, stored: &[SourceState]) -> BTreeSet<String> {
    let listed = listing.sources.iter();
    let listed = listed.map(|source| (source.id.as_str(), source.name.as_str()));
    let stored = stored.iter();
    let names = stored.map(|stored| (stored.source.as_str(), stored.name.as_str()));
    // A listed name replaces the stored one.
    let names: BTreeMap<_, _> = names.chain(listed).collect();
    match &job.ready.account.deliver {
        DestinationConfig::File(file) => file.ambiguous(job.name(), names),
        _ => BTreeSet::new(),
    }
}

/// Returns whether a source that the last run listed is missing.
fn misses_one(listing: &Listing, stored: &[SourceState]) -> bool {
    let ids = listing.ids();
    stored
        .iter()
        .any(|stored| stored.gone_at.is_none() && !ids.contains(stored.source.as_str()))
}
