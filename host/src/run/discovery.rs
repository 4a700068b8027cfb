//! The sources of an account: everything that its component lists.

use std::collections::{BTreeSet, HashSet};

use sha2::{Digest, Sha256};
use tracing::warn;

use crate::config::{Account, Selection};
use crate::contract::bindings::inventory::connector::types::{Error, Source};
use crate::contract::check::Breach;
use crate::contract::stopped::Stopped;
use crate::run::Worker;
use crate::run::attempt::{Answer, Call};
use crate::sandbox::connector::CallError;
use crate::state::SourceState;
use crate::stop::Stop;

/// The most pages that a component may list: a million tenants of Sophos.
const MOST_PAGES: usize = 10_000;

/// The most that all pages together may have, in bytes: a million tenants of Sophos, with their configs.
const MOST_BYTES: usize = 512 << 20;

/// What a source takes beside its texts, in bytes: what the host keeps of each, in memory and in the state, so that
/// a great many tiny ones are bounded too.
const EACH_SOURCE: usize = 1024;

/// What was discovered.
#[derive(Debug, Default)]
pub(crate) struct Discovered {
    /// The sources, each once.
    pub sources: Vec<Source>,
    ids: BTreeSet<String>,
    /// The ids of those that can be collected.
    good: BTreeSet<String>,
    /// The ids of those that cannot be, each with its reasons.
    bad: HashSet<(String, String)>,
    /// How the listing ended.
    pub end: End,
    /// Calls that were made again.
    pub retries: u64,
}

impl Discovered {
    /// Nothing, as the run was asked to stop.
    pub(crate) fn stopped() -> Self {
        Self {
            end: End::Stopped,
            ..Self::default()
        }
    }

    /// The ids of the sources.
    pub(crate) fn ids(&self) -> &BTreeSet<String> {
        &self.ids
    }

    /// The ids of the sources that can be collected.
    pub(crate) fn collectable(&self) -> &BTreeSet<String> {
        &self.good
    }

    /// Adds the sources of a page. A listing that shifts between two pages may show one twice: what can be
    /// collected counts, and each reason once. Items that the component could not even identify share an id.
    fn add(&mut self, sources: Vec<Source>) {
        for source in sources {
            self.ids.insert(source.id.clone());
            let new = match &source.config {
                Ok(_) => self.good.insert(source.id.clone()),
                Err(reason) => {
                    !self.good.contains(&source.id)
                        && self.bad.insert((source.id.clone(), reason.clone()))
                }
            };
            if new {
                self.sources.push(source);
            }
        }
    }

    /// Takes away the reasons of those that another page shows to be collectable.
    fn settle(&mut self) {
        let good = &self.good;
        self.sources
            .retain(|source| source.config.is_ok() || !good.contains(&source.id));
    }

    /// Adds what another listing found beside.
    pub(crate) fn merge(&mut self, other: Self) {
        self.add(other.sources);
        self.settle();
        self.retries += other.retries;
    }

    /// The entries of an account's `only` that name neither a source of a complete listing nor a `stored` one. Those
    /// of `skip` are told in the log: they leave nothing out.
    pub(crate) fn unmatched<'a>(
        &self,
        selection: Selection<'a>,
        stored: &[SourceState],
    ) -> Vec<&'a str> {
        if !matches!(self.end, End::Complete) {
            return Vec::new();
        }
        let listed = self.sources.iter();
        let listed = listed.map(|source| (source.id.as_str(), source.name.as_str()));
        let stored = stored.iter();
        let stored = stored.map(|source| (source.source.as_str(), source.name.as_str()));
        let names: Vec<_> = listed.chain(stored).collect();
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
pub(crate) enum End {
    /// Everything was listed.
    #[default]
    Complete,
    /// The run was asked to stop.
    Stopped,
    /// It broke off, with the reason in words. What was listed by then can be collected.
    Failed(String),
}

/// Asks for every page of the sources of an account, whose component has this `config` as JSON text.
pub(crate) async fn discover(
    worker: &mut Worker,
    account: &Account,
    config: &str,
    stop: &Stop,
) -> Discovered {
    let mut discovered = Discovered::default();
    discovered.end = list(&mut discovered, worker, account, config, stop).await;
    discovered.settle();
    discovered
}

/// Adds every page to `discovered`, and tells how that ended.
async fn list(
    discovered: &mut Discovered,
    worker: &mut Worker,
    account: &Account,
    config: &str,
    stop: &Stop,
) -> End {
    let mut next: Option<String> = None;
    let mut asked = HashSet::new();
    let mut bytes = 0;
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
            Answer::Stopped => return End::Stopped,
            Answer::Bad(why) | Answer::Forbidden(why) => return End::Failed(why),
        };
        bytes += page.sources.iter().map(size).sum::<usize>();
        discovered.add(page.sources);
        next = page.next;
        let Some(next) = &next else {
            return End::Complete;
        };
        if !asked.insert(Sha256::digest(next)) {
            return End::Failed(Stopped::Broke(Breach::ListInACircle).to_string());
        }
        if bytes > MOST_BYTES {
            break;
        }
    }
    End::Failed(Stopped::Broke(Breach::ListTooLong).to_string())
}

/// What a source takes, in bytes.
fn size(source: &Source) -> usize {
    let (Ok(config) | Err(config)) = &source.config;
    EACH_SOURCE + source.id.len() + source.name.len() + config.len()
}

/// Of `discover`, an `invalid-cursor` is about the listing's next page, not about anything that is stored.
fn no_cursor(error: CallError<Error>) -> CallError<Error> {
    match error {
        CallError::Told(Error::InvalidCursor(failure)) => CallError::Told(Error::Protocol(failure)),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::{Discovered, MOST_BYTES, Source, size};

    fn source(id: &str, config: Result<&str, &str>) -> Source {
        Source {
            id: id.into(),
            name: id.to_uppercase(),
            config: config.map(str::to_owned).map_err(str::to_owned),
        }
    }

    #[test]
    fn tiny_sources_are_bounded_too() {
        let tiny = source("", Ok(""));
        assert!(size(&tiny) * 1_000_000 > MOST_BYTES);
        let larger = source("a", Err("gone"));
        assert_eq!(size(&larger) - size(&tiny), 6);
    }

    #[test]
    fn what_can_be_collected_counts_and_each_reason_once() {
        let mut discovered = Discovered::default();
        let page = || {
            vec![
                source("a", Ok("{}")),
                source("b", Err("gone")),
                source("?", Err("no id")),
                source("?", Err("no region")),
            ]
        };
        discovered.add(page());
        discovered.add(page());
        discovered.add(vec![source("b", Ok("{}")), source("a", Err("gone"))]);
        discovered.settle();
        let listed = discovered.sources.iter();
        let listed: Vec<_> = listed
            .map(|source| {
                (
                    source.id.as_str(),
                    source.config.as_deref().map_err(|reason| reason.as_str()),
                )
            })
            .collect();
        assert_eq!(
            listed,
            [
                ("a", Ok("{}")),
                ("?", Err("no id")),
                ("?", Err("no region")),
                ("b", Ok("{}")),
            ]
        );
        assert!(discovered.ids().iter().eq(["?", "a", "b"]));
    }
}
