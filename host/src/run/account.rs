//! One account in a run: lists its sources, tells of those that are not collected, and hands the others out.

use std::collections::BTreeSet;
use std::sync::Arc;

use time::OffsetDateTime;
use tokio::sync::Semaphore;
use tokio::task::{JoinError, JoinSet};
use tracing::{Instrument, error, error_span, warn};

use crate::config::Emit;
use crate::contract::bindings::inventory::connector::types::Source as Listed;
use crate::deliver::Destination;
use crate::run::discovery::{self, Discovered, End};
use crate::run::done::SharedDone;
use crate::run::pool::Pool;
use crate::run::prepare::Ready;
use crate::run::report::Outcome;
use crate::run::source::Source;
use crate::run::work::Work;
use crate::run::{Settings, with};
use crate::state::{SourceState, StateError};
use crate::text::printable::printable;

/// Collects every source of an account, and puts into `done` what became of them.
///
/// # Errors
///
/// When the state cannot be read or written.
pub(super) async fn collect(
    ready: Ready,
    destination: Arc<dyn Destination>,
    settings: Arc<Settings>,
    jobs: Arc<Semaphore>,
    done: &SharedDone,
) -> Result<(), StateError> {
    let pool = Pool::new(ready.access.clone(), jobs, settings.jobs as usize);
    let account = Account {
        ready: &ready,
        settings: &settings,
        pool,
        done,
    };
    let sources = account.discover().await?;
    done.listed(&ready.account.name);
    let mut tasks = JoinSet::new();
    for source in sources {
        let worker = account.pool.worker().await;
        if let Some(ended) = tasks.try_join_next() {
            of_task(ended)?;
        }
        if settings.stop.requested() {
            account.tell(source.id, source.name, Outcome::Stopped);
            continue;
        }
        let span = error_span!(
            parent: None,
            "source",
            account = ready.account.name,
            source = source.id
        );
        let work = Work {
            account: Arc::clone(&ready.account),
            destination: Arc::clone(&destination),
            settings: Arc::clone(&settings),
            source,
        };
        let done = done.clone();
        let task = async move {
            let (entry, ended) = work.collect(worker).await;
            done.add(entry);
            ended
        };
        tasks.spawn(task.instrument(span));
    }
    while let Some(ended) = tasks.join_next().await {
        of_task(ended)?;
    }
    if done.collects_nothing(&ready.account.name) {
        account.fail(
            "none of its sources can be collected; each one is reported with its reason. Check which rights the \
             credential carries"
                .to_owned(),
        );
    }
    Ok(())
}

/// How a source's task ended: one that panicked costs itself alone, and is told as failed.
fn of_task(ended: Result<Result<(), StateError>, JoinError>) -> Result<(), StateError> {
    ended.unwrap_or_else(|broken| {
        error!("a source broke off: {broken}. Please report this");
        Ok(())
    })
}

struct Account<'a> {
    ready: &'a Ready,
    settings: &'a Settings,
    pool: Arc<Pool>,
    done: &'a SharedDone,
}

impl Account<'_> {
    /// The sources that are to be collected.
    async fn discover(&self) -> Result<Vec<Source>, StateError> {
        let account = &self.ready.account;
        self.warn_of_range();
        self.forget_another_receiver()?;
        let stored = with(&self.settings.state, |state| {
            state.sources_of(&account.name)
        })?;
        let mut discovered = self.list().await;
        let mut certain = true;
        if matches!(discovered.end, End::Complete) && misses_one(&discovered, &stored) {
            // A listing by page numbers may pass one over that moved to an earlier page meanwhile.
            let again = self.list().await;
            certain = matches!(again.end, End::Complete);
            discovered.merge(again);
        }
        self.done.retried(discovered.retries);
        match &discovered.end {
            End::Complete if discovered.ids().is_empty() => self.fail(
                "it lists no source, so nothing is collected and none of its sources counts as gone: check the \
                 credential, and whether a proxy changes the API's answers"
                    .to_owned(),
            ),
            End::Complete if certain => self.tell_gone(&discovered, &stored)?,
            End::Complete => {}
            End::Stopped => self.done.tell(&account.name, None, Outcome::Stopped),
            End::Failed(why) => self.fail(why.clone()),
        }
        for entry in discovered.unmatched(account.selection(), &stored) {
            let why = format!(
                "`only` names {entry:?}, which is neither the id nor the name of a source: check the spelling, or \
                 remove it if the source has gone"
            );
            error!("{why}");
            let name = (entry.to_owned(), entry.to_owned());
            self.done
                .tell(&account.name, Some(name), Outcome::Failed(why));
        }
        let known: BTreeSet<_> = stored.iter().map(|stored| stored.source.as_str()).collect();
        let has_siblings = discovered.ids().len() > 1;
        let mut sources = Vec::with_capacity(discovered.sources.len());
        for listed in discovered.sources {
            if account.selection().wants(&listed.id, &listed.name) {
                let known = known.contains(listed.id.as_str());
                sources.extend(self.to_collect(listed, known, has_siblings)?);
            } else {
                self.tell(listed.id, listed.name, Outcome::Skipped);
            }
        }
        Ok(sources)
    }

    /// Everything that the component lists; nothing where the time to stop was over before.
    async fn list(&self) -> Discovered {
        let mut worker = self.pool.worker().await;
        let (account, stop) = (&self.ready.account, &self.settings.stop);
        tokio::select! {
            discovered = discovery::discover(&mut worker, account, &self.ready.config, stop) => discovered,
            () = stop.grace_period_elapsed() => Discovered::stopped(),
        }
    }

    /// A listed source with the config to collect it; none where it cannot be, which is told. `known` is whether the
    /// state has it from an earlier run, `has_siblings` whether the account has other sources.
    fn to_collect(
        &self,
        listed: Listed,
        known: bool,
        has_siblings: bool,
    ) -> Result<Option<Source>, StateError> {
        let config = match (listed.config, &self.settings.range) {
            (Ok(config), Some(range)) => range.apply(config),
            (Ok(config), None) => config,
            (Err(reason), _) if known => {
                self.fail_source(listed.id, listed.name, &reason)?;
                return Ok(None);
            }
            (Err(reason), _) => {
                warn!(source = listed.id, "not collected: {reason}");
                self.tell(listed.id, listed.name, Outcome::NotCollectable(reason));
                return Ok(None);
            }
        };
        self.done
            .expect(&self.ready.account.name, &listed.id, &listed.name);
        Ok(Some(Source {
            id: listed.id,
            name: listed.name,
            config,
            known,
            has_siblings,
        }))
    }

    /// Stores which sources cannot be collected, and tells of the stored ones that the account has no more. Their
    /// cursors stay.
    fn tell_gone(&self, discovered: &Discovered, stored: &[SourceState]) -> Result<(), StateError> {
        let account = &self.ready.account;
        if self.settings.storing() {
            with(&self.settings.state, |state| {
                let now = OffsetDateTime::now_utc();
                state.store_listing(&account.name, discovered.collectable(), now)
            })?;
        }
        let listed = discovered.ids();
        for gone in stored.iter().filter(|it| !listed.contains(&it.source)) {
            let (id, name) = (gone.source.clone(), gone.name.clone());
            if account.selection().wants(&id, &name) {
                self.fail_source(id, name, "The account does not list it any more.")?;
            } else {
                self.tell(id, name, Outcome::Skipped);
            }
        }
        Ok(())
    }

    /// A source that the state knows cannot be collected. Nobody notices devices that are missing, so this fails in
    /// every run until a person has said that it is right.
    fn fail_source(&self, id: String, name: String, reason: &str) -> Result<(), StateError> {
        let account = &self.ready.account.name;
        let why = format!(
            "{reason} If it is not to be collected any more, name it in `skip` of the account, or forget it with \
             `asset-host state prune`; its cursor is kept until then"
        );
        error!(source = id, "{}: {why}", printable(&name));
        if self.settings.storing() {
            with(&self.settings.state, |state| {
                state.store_error(account, &id, &name, &why, OffsetDateTime::now_utc())
            })?;
        }
        self.tell(id, name, Outcome::Failed(why));
        Ok(())
    }

    /// The account fails as a whole.
    fn fail(&self, why: String) {
        error!("{why}");
        self.done
            .tell(&self.ready.account.name, None, Outcome::Failed(why));
    }

    /// What a range delivers is not what the next run compares to.
    fn warn_of_range(&self) {
        let settings = self.settings;
        let changed = self.ready.account.emit == Emit::Changed;
        if changed && settings.range.is_some() && !settings.dry_run {
            warn!(
                "a range leaves the state alone, and with it what `emit = \"changed\"` compares to: run \
                 `collect --full` afterwards, or a device that changes back is left out until the next full walk"
            );
        }
    }

    /// With another destination than the last time, nothing is known of what it has.
    fn forget_another_receiver(&self) -> Result<(), StateError> {
        let account = &self.ready.account;
        if account.emit == Emit::Changed && self.settings.storing() {
            let destination = account.deliver.identity();
            let another = with(&self.settings.state, |state| {
                state.set_destination(&account.name, &destination)
            })?;
            if another {
                warn!(
                    "`deliver` names another destination than in the last run: every device that is seen counts as \
                     changed; `collect --full` sends all of them"
                );
            }
        }
        Ok(())
    }

    fn tell(&self, id: String, name: String, outcome: Outcome) {
        self.done
            .tell(&self.ready.account.name, Some((id, name)), outcome);
    }
}

/// Whether a source that was there in the last run is not in the listing.
fn misses_one(discovered: &Discovered, stored: &[SourceState]) -> bool {
    let ids = discovered.ids();
    stored
        .iter()
        .any(|stored| stored.gone_at.is_none() && !ids.contains(&stored.source))
}
