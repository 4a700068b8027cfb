//! The sources of an account, as its component lists them.

use std::collections::{BTreeSet, HashSet};

use sha2::{Digest, Sha256};

use crate::contract::bindings::inventory::connector::types::{Error, Source, SourcesPage};
use crate::contract::stopped::Stopped;
use crate::run::attempt::Tries;
use crate::run::context::AccountJob;
use crate::run::halt::Halt;
use crate::run::pool::Worker;
use crate::run::progress::LineProgress;
use crate::sandbox::connector::{CallError, Connector};

/// How many pages a component may list: a million tenants.
const MAX_PAGES: usize = 10_000;

/// How many bytes all pages together may have: a million tenants, with their configs.
const MAX_BYTES: usize = 512 << 20;

/// What a source takes beside its texts, in bytes: what the host keeps of each, in memory and in the state, so that
/// the number of tiny ones is bounded too.
const EACH_SOURCE: usize = 1024;

/// What a component lists.
#[derive(Debug)]
pub(crate) struct Listing {
    /// The sources, each once.
    pub sources: Vec<Source>,
    /// Whether everything was listed. If not, what was listed before can be collected.
    pub complete: Result<(), Halt>,
}

impl Listing {
    /// Returns the listing of `sources`, in which one may be twice, as a listing may shift between two pages. What can
    /// be collected counts, and each reason once. Items that the component could not even identify share an id.
    fn new(mut sources: Vec<Source>, complete: Result<(), Halt>) -> Self {
        let good: HashSet<String> = sources
            .iter()
            .filter(|source| source.config.is_ok())
            .map(|source| source.id.clone())
            .collect();
        let mut seen = HashSet::new();
        sources.retain(|source| {
            let reason = source.config.as_ref().err();
            (reason.is_none() || !good.contains(&source.id))
                && seen.insert((source.id.clone(), reason.cloned()))
        });
        Self { sources, complete }
    }

    /// Returns this listing with what another one found in addition.
    pub(crate) fn merge(mut self, other: Self) -> Self {
        self.sources.extend(other.sources);
        Self::new(self.sources, self.complete)
    }

    /// Returns the ids of the sources.
    pub(crate) fn ids(&self) -> BTreeSet<&str> {
        let sources = self.sources.iter();
        sources.map(|source| source.id.as_str()).collect()
    }

    /// Returns the ids of the sources that can be collected.
    pub(crate) fn collectable(&self) -> BTreeSet<String> {
        let sources = self.sources.iter().filter(|source| source.config.is_ok());
        sources.map(|source| source.id.clone()).collect()
    }
}

/// Asks the component for every page of the account's sources. Ends early once the time to stop is over.
pub(crate) async fn list_sources(worker: &mut Worker, job: &AccountJob) -> Listing {
    let mut pages = Pages::default();
    let line = job
        .settings
        .progress
        .begin(job.name(), String::new(), None, job.waits());
    let all = async {
        while !pages.complete {
            let page = list_page(worker, job, pages.next.as_deref(), &line).await?;
            pages.add(page)?;
        }
        Ok(())
    };
    let complete = tokio::select! {
        complete = all => complete,
        () = job.settings.stop.grace_period_elapsed() => Err(Halt::Stopped),
    };
    Listing::new(pages.sources, complete)
}

/// Asks a connector for every page of the account's sources, and tries none again.
///
/// # Errors
///
/// The component's reason, or that it was stopped.
pub(crate) async fn list_once(
    connector: &mut Connector,
    config: &str,
) -> Result<Vec<Source>, CallError<Error>> {
    let mut pages = Pages::default();
    while !pages.complete {
        let page = connector.discover(config, pages.next.as_deref()).await;
        pages.add(page.map_err(not_a_stored_cursor)?)?;
    }
    Ok(Listing::new(pages.sources, Ok(())).sources)
}

/// The pages of a listing so far.
#[derive(Default)]
struct Pages {
    sources: Vec<Source>,
    count: usize,
    bytes: usize,
    /// The page to ask for.
    next: Option<String>,
    /// What was asked for.
    asked: HashSet<[u8; 32]>,
    complete: bool,
}

impl Pages {
    /// Adds a page.
    ///
    /// # Errors
    ///
    /// When there are too many, or another one was asked for before.
    fn add(&mut self, page: SourcesPage) -> Result<(), Stopped> {
        self.count += 1;
        self.bytes += page.sources.iter().map(size).sum::<usize>();
        self.sources.extend(page.sources);
        self.next = page.next;
        match &self.next {
            None => self.complete = true,
            Some(next) if !self.asked.insert(Sha256::digest(next).into()) => {
                return Err(Stopped::SOURCES_IN_A_CIRCLE);
            }
            Some(_) if self.count >= MAX_PAGES || self.bytes > MAX_BYTES => {
                return Err(Stopped::TOO_MANY_SOURCE_PAGES);
            }
            Some(_) => {}
        }
        Ok(())
    }
}

/// Asks the component for the page `next` of the listing, again if that may help.
async fn list_page(
    worker: &mut Worker,
    job: &AccountJob,
    next: Option<&str>,
    line: &LineProgress,
) -> Result<SourcesPage, Halt> {
    let mut tries = Tries::default();
    loop {
        job.postpone(worker.waits())?;
        let connector = worker.connector().await?;
        line.run();
        match connector.discover(&job.ready.config, next).await {
            Ok(page) => return Ok(page),
            Err(error) => {
                let error = not_a_stored_cursor(error);
                tries.wait_after(error, worker, job, line).await?;
            }
        }
    }
}

/// Returns what a source takes, in bytes.
fn size(source: &Source) -> usize {
    let (Ok(config) | Err(config)) = &source.config;
    EACH_SOURCE + source.id.len() + source.name.len() + config.len()
}

/// For `discover`, an `invalid-cursor` is about the listing's next page, not about anything that is stored.
fn not_a_stored_cursor(error: CallError<Error>) -> CallError<Error> {
    match error {
        CallError::Told(Error::InvalidCursor(failure)) => CallError::Told(Error::Protocol(failure)),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert!(size(&tiny) * 1_000_000 > MAX_BYTES);
        let larger = source("a", Err("gone"));
        assert_eq!(size(&larger) - size(&tiny), 6);
    }

    #[test]
    fn a_source_counts_once_if_it_can_be_collected_and_otherwise_once_per_reason() {
        let page = || {
            vec![
                source("a", Ok("{}")),
                source("b", Err("gone")),
                source("?", Err("no id")),
                source("?", Err("no region")),
            ]
        };
        let mut sources = page();
        sources.extend(page());
        sources.extend([source("b", Ok("{}")), source("a", Err("gone"))]);
        let listing = Listing::new(sources, Ok(()));
        let listed = listing.sources.iter();
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
        assert!(listing.ids().into_iter().eq(["?", "a", "b"]));
        assert!(listing.collectable().iter().eq(["a", "b"]));
    }
}
