//! One source in a run: where its walk begins, and what is stored of its end.

use std::sync::Arc;

use time::OffsetDateTime;
use tracing::{error, info, warn};

use crate::config::{Account, Emit};
use crate::deliver::Destination;
use crate::run::pool::Worker;
use crate::run::report::{Entry, Outcome};
use crate::run::source::{self, End, Reached, Run, Source};
use crate::run::{Settings, with};
use crate::state::{Start, StateError, next_walk};
use crate::text::printable::printable;
use crate::units::duration;

/// One source and what is needed to collect it.
pub(super) struct Work {
    /// The account that has it.
    pub account: Arc<Account>,
    /// Where its events go.
    pub destination: Arc<dyn Destination>,
    /// What the run is asked for.
    pub settings: Arc<Settings>,
    /// The source.
    pub source: Source,
}

impl Work {
    /// Collects the source and stores how that ended. The second part of the answer fails where the state does.
    pub(super) async fn collect(&self, mut worker: Worker) -> (Entry, Result<(), StateError>) {
        let mut reached = Reached::default();
        let stop = &self.settings.stop;
        let ended = tokio::select! {
            // What is confirmed by now counts.
            biased;
            ended = self.walk(&mut worker, &mut reached) => ended,
            () = stop.grace_period_elapsed() => Ok(End::Failed(format!(
                "the page in hand did not come to its end within {} of the request to stop (--stop-within); it \
                 comes again in the next run",
                duration::format(stop.grace_period())
            ))),
        };
        let ended = ended.and_then(|end| self.store(&end).map(|()| end));
        let (outcome, ended) = match ended {
            Ok(End::UpToDate) => (Outcome::UpToDate, Ok(())),
            Ok(End::Cut) => (Outcome::Stopped, Ok(())),
            Ok(End::Forbidden(why)) if self.source.has_siblings && !self.source.known => {
                warn!("not collected: {why}");
                (Outcome::NotCollectable(why), Ok(()))
            }
            Ok(End::Failed(why) | End::Forbidden(why)) => {
                error!("{why}");
                (Outcome::Failed(why), Ok(()))
            }
            Err(error) => (Outcome::Failed(error.to_string()), Err(error)),
        };
        let entry = Entry {
            account: self.account.name.clone(),
            source: Some(self.source.id.clone()),
            name: self.source.name.clone(),
            outcome,
            tally: reached.tally,
            mark: reached.mark,
        };
        (entry, ended)
    }

    async fn walk(&self, worker: &mut Worker, reached: &mut Reached) -> Result<End, StateError> {
        let settings = &self.settings;
        let start = self.start()?;
        info!(
            full = start.full(),
            resumed = start.cursor().is_some(),
            "collecting"
        );
        let name = format!("{} {}", self.account.name, printable(&self.source.name));
        let progress = (settings.progress)(&name);
        let run = Run {
            account: &self.account,
            state: &settings.state,
            storing: settings.storing(),
            forgetting: settings.forgetting(),
            rejects: settings.rejects.as_ref(),
            destination: &self.destination,
            emit: match settings.anew() {
                true => Emit::Seen,
                false => self.account.emit,
            },
            limit: settings.limit,
            stop: &settings.stop,
            progress: &progress,
        };
        source::collect(worker, &self.source, &start, &run, reached).await
    }

    fn start(&self) -> Result<Start, StateError> {
        if self.settings.anew() {
            return Ok(Start::Everything);
        }
        let stored = with(&self.settings.state, |state| {
            state.source(&self.account.name, &self.source.id)
        })?;
        Ok(next_walk(
            stored.as_ref(),
            self.account.full_every,
            self.settings.wanted,
            OffsetDateTime::now_utc(),
        ))
    }

    fn store(&self, end: &End) -> Result<(), StateError> {
        if !self.settings.storing() {
            return Ok(());
        }
        let (account, source) = (&self.account.name, &self.source);
        let now = OffsetDateTime::now_utc();
        with(&self.settings.state, |state| match end {
            End::UpToDate => state.store_success(account, &source.id, now),
            End::Cut => Ok(()),
            End::Forbidden(_) if source.has_siblings && !source.known => Ok(()),
            End::Forbidden(why) if source.has_siblings => {
                state.store_error(account, &source.id, &source.name, why, now)?;
                state.store_not_collectable(account, &source.id, now)
            }
            End::Failed(why) | End::Forbidden(why) => {
                state.store_error(account, &source.id, &source.name, why, now)
            }
        })
    }
}
