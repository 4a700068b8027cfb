//! The sources of an account: everything that its component lists.

use std::collections::BTreeSet;

use tracing::warn;

use crate::attempt::{Answer, Call};
use crate::bindings::inventory::connector::types::{Error, Source};
use crate::config::{Account, Selection};
use crate::connector::CallError;
use crate::run::Worker;
use crate::stop::Stop;

/// The most pages that a component may list: more than a million tenants of Sophos.
const MOST_PAGES: usize = 10_000;

/// What was discovered.
#[derive(Debug, Default)]
pub struct Discovered {
    /// The sources, each once.
    pub sources: Vec<Source>,
    ids: BTreeSet<String>,
    /// How the listing ended.
    pub end: End,
    /// Calls that were made again.
    pub retries: u64,
}

impl Discovered {
    /// Nothing, as the run was asked to stop.
    pub fn stopped() -> Self {
        Self {
            end: End::Stopped,
            ..Self::default()
        }
    }

    /// The ids of the sources.
    pub fn ids(&self) -> &BTreeSet<String> {
        &self.ids
    }

    /// Adds the sources of a page. A listing that shifts between two pages may show one twice: what can be
    /// collected counts, and each reason once. Items that the component could not even identify share an id.
    fn add(&mut self, sources: Vec<Source>) {
        for source in sources {
            if self.ids.insert(source.id.clone()) {
                self.sources.push(source);
                continue;
            }
            let known = |known: &Source| {
                known.id == source.id && (known.config.is_ok() || known.config == source.config)
            };
            if self.sources.iter().any(known) {
                continue;
            }
            if source.config.is_ok() {
                self.sources.retain(|known| known.id != source.id);
            }
            self.sources.push(source);
        }
    }

    /// Adds what another listing found beside.
    pub fn merge(&mut self, other: Self) {
        self.add(other.sources);
        self.retries += other.retries;
    }

    /// The entries of an account's `only` that name no source of a complete listing. Those of `skip` are told in
    /// the log: they leave nothing out.
    pub fn unmatched<'a>(&self, selection: &'a Selection) -> Vec<&'a str> {
        if !matches!(self.end, End::Complete) {
            return Vec::new();
        }
        let names: Vec<_> = self
            .sources
            .iter()
            .map(|source| (source.id.as_str(), source.name.as_str()))
            .collect();
        for entry in selection.unmatched_skip(&names) {
            warn!(
                "`skip` names {entry:?}, which is neither the id nor the name of a source: check the spelling, or \
                 remove it if the source has gone"
            );
        }
        selection.unmatched_only(&names)
    }
}

/// How a listing ended.
#[derive(Debug, Default)]
pub enum End {
    /// Everything was listed.
    #[default]
    Complete,
    /// The run was asked to stop.
    Stopped,
    /// It broke off, with the reason in words. What was listed by then can be collected.
    Failed(String),
}

/// Asks for every page of the sources of an account, whose component has this `config` as JSON text.
pub async fn discover(
    worker: &mut Worker,
    account: &Account,
    config: &str,
    stop: &Stop,
) -> Discovered {
    let mut discovered = Discovered::default();
    let mut next = None;
    for _ in 0..MOST_PAGES {
        let mut call = Call::new(account, stop);
        let answer = loop {
            let connector = worker.connector().await;
            // The wait for a job may have been long.
            if stop.requested() {
                break Answer::Stopped;
            }
            let tried = connector.discover(config, next.as_deref()).await;
            let tried = tried.map_err(no_cursor);
            if let Some(answer) = call.tried(tried, worker).await {
                break answer;
            }
        };
        discovered.retries += call.retries;
        let page = match answer {
            Answer::Good(page) => page,
            Answer::Stopped => {
                discovered.end = End::Stopped;
                return discovered;
            }
            Answer::Bad(why) => {
                discovered.end = End::Failed(why);
                return discovered;
            }
        };
        discovered.add(page.sources);
        next = page.next;
        if next.is_none() {
            return discovered;
        }
    }
    discovered.end = End::Failed(format!(
        "the component lists more than {MOST_PAGES} pages of sources. Please report this to its maker"
    ));
    discovered
}

/// Of `discover`, an `invalid-cursor` is about the listing's next page, not about anything that is stored.
fn no_cursor(error: CallError<Error>) -> CallError<Error> {
    match error {
        CallError::Told(Error::InvalidCursor(failure)) => CallError::Told(Error::Protocol(failure)),
        other => other,
    }
}
