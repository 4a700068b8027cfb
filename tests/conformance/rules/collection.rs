//! Rules of `check`, `discover` and `collect`.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail, ensure};
use connector_runtime::Limits;
use connector_runtime::contract::check;
use connector_runtime::contract::manifest::values;
use connector_runtime::types::{Batch, Error, Source};
use serde_json::Value;

use crate::guest::Instance;
use crate::rules::{Subject, Untested, describe_error};

/// The most pages of a walk or a listing: many times those of a test's server.
const MAX_PAGES: usize = 500;

/// How many pages of a walk are tested one by one.
const TESTED_PAGES: usize = 5;

const BEGINNING: &str = "1970-01-01T00:00:00Z";

/// A walk over one source.
pub(crate) struct Walk {
    /// The config of the source.
    pub(crate) config: String,
    pub(crate) pages: Vec<Batch>,
}

impl Subject {
    pub(super) async fn check_answers(&mut self) -> Result<()> {
        let account = self.guest.instance().await?.check(&self.config).await?;
        let account = account.map_err(|error| describe_error("check", &error))?;
        ensure!(
            !account.id.is_empty() && !account.kind.is_empty(),
            "the account has no id or no kind"
        );
        Ok(())
    }

    pub(super) async fn sources_are_listed(&mut self) -> Result<()> {
        let sources = self.sources().await?;
        ensure!(!sources.is_empty(), "there is no source");
        let mut ids = BTreeSet::new();
        for source in &sources {
            match &source.config {
                Ok(config) => {
                    ensure!(
                        ids.insert(&source.id),
                        "two sources with a config have the id {}",
                        source.id
                    );
                    let invalid =
                        values::check(&self.manifest()?.config, &serde_json::from_str(config)?);
                    ensure!(
                        invalid.is_empty(),
                        "the config of source {} does not fit the manifest's schema: {invalid:?}",
                        source.id
                    );
                }
                Err(reason) => ensure!(
                    !reason.is_empty(),
                    "source {} has neither a config nor a reason",
                    source.id
                ),
            }
        }
        Ok(())
    }

    async fn sources(&self) -> Result<Vec<Source>> {
        let (mut sources, mut next) = (Vec::new(), None);
        let mut instance = self.guest.instance().await?;
        for _ in 0..MAX_PAGES {
            let page = instance.discover(&self.config, next.as_deref()).await?;
            let mut page = page.map_err(|error| describe_error("discover", &error))?;
            check::sources(&mut page, next.as_deref(), &Limits::default())?;
            sources.append(&mut page.sources);
            next = page.next;
            if next.is_none() {
                return Ok(sources);
            }
        }
        bail!("the listing does not end after {MAX_PAGES} pages");
    }

    pub(super) async fn walk_ends(&mut self) -> Result<()> {
        let sources = self
            .sources()
            .await
            .map_err(|_| Untested("discover lists no sources"))?;
        let config = sources.into_iter().find_map(|source| source.config.ok());
        let config = config.ok_or(Untested("no source has a config"))?;
        let pages = walk(&mut self.guest.instance().await?, &config, None).await?;
        self.walk = Some(Walk { config, pages });
        Ok(())
    }

    pub(super) fn events_are_events(&mut self) -> Result<()> {
        let mut cursor = None;
        for page in &self.walk()?.pages {
            check::batch(&mut page.clone(), cursor, &Limits::default())?;
            cursor = Some(page.cursor.as_str());
            for event in &page.events {
                self.is_event(&event.json)
                    .with_context(|| format!("device {}", event.device))?;
            }
        }
        Ok(())
    }

    pub(super) fn event_is_of_its_device(&mut self) -> Result<()> {
        let Walk { config, pages } = self.walk()?;
        let config: Value = serde_json::from_str(config)?;
        if config.get("omit").is_some() {
            return Err(
                Untested("the config's `omit` may leave out what tells devices apart").into(),
            );
        }
        let mut fingerprints = BTreeMap::new();
        for event in pages.iter().flat_map(|page| &page.events) {
            let device = event.device.as_str();
            ensure!(
                holds(&serde_json::from_str(&event.json)?, device),
                "the event of device {device} does not name it"
            );
            let other = *fingerprints.entry(event.fingerprint).or_insert(device);
            ensure!(
                other == device,
                "the events of the devices {other} and {device} differ, but have one fingerprint"
            );
        }
        Ok(())
    }

    pub(super) async fn cursor_is_taken_back(&mut self) -> Result<()> {
        let Walk { config, pages } = self.walk()?;
        for (index, page) in pages.iter().enumerate().take(TESTED_PAGES) {
            let mut instance = self.guest.instance().await?;
            let rest = walk(&mut instance, config, Some(&page.cursor)).await;
            let rest = rest.with_context(|| format!("from the cursor of page {}", index + 1))?;
            let following = pages.get(index + 1..).unwrap_or_default();
            let missing = missing(following, &rest);
            ensure!(
                missing.is_empty(),
                "a walk that goes on after page {} misses {missing:?}",
                index + 1
            );
        }
        Ok(())
    }

    pub(super) async fn call_can_be_repeated(&mut self) -> Result<()> {
        let Walk { config, pages } = self.walk()?;
        let mut instance = self.guest.instance().await?;
        let mut cursor = None;
        for (index, page) in pages.iter().enumerate().take(TESTED_PAGES) {
            for _ in 0..2 {
                let again = instance.collect(config, cursor).await?;
                let again =
                    again.map_err(|error| describe_error("a repeated call of collect", &error))?;
                let missing = missing(std::slice::from_ref(page), &[again]);
                ensure!(
                    missing.is_empty(),
                    "page {} misses {missing:?} when it is asked for again",
                    index + 1
                );
            }
            cursor = Some(page.cursor.as_str());
        }
        Ok(())
    }

    pub(super) async fn junk_cursor_is_refused(&mut self) -> Result<()> {
        let Walk { config, pages } = self.walk()?;
        let mut junk = vec![
            "",
            "junk",
            "{}",
            "[]",
            "null",
            "17",
            "\0",
            "{\"v\":99999}",
            "1970-13-45T00:00:00Z",
        ];
        // A cursor that was cut.
        let last = pages
            .last()
            .map(|page| page.cursor.as_str())
            .unwrap_or_default();
        junk.push(last.get(..last.len().saturating_sub(1)).unwrap_or_default());
        let mut instance = self.guest.instance().await?;
        for cursor in junk {
            match instance.collect(config, Some(cursor)).await? {
                Err(Error::InvalidCursor(_)) => {}
                Err(error) => {
                    return Err(describe_error(
                        &format!("collect with the cursor {cursor:?}"),
                        &error,
                    ));
                }
                Ok(_) => bail!("collect takes the cursor {cursor:?}"),
            }
        }
        Ok(())
    }

    pub(super) async fn time_is_a_cursor(&mut self) -> Result<()> {
        let Walk { config, pages } = self.walk()?;
        let walked = walk(&mut self.guest.instance().await?, config, Some(BEGINNING)).await?;
        has_most(pages, &walked).with_context(|| format!("from {BEGINNING}"))
    }

    pub(super) async fn reserved_fields_are_taken(&mut self) -> Result<()> {
        let Walk { config, pages } = self.walk()?;
        for (since, until) in [
            (Some(BEGINNING), None),
            (None, Some("2100-01-01T00:00:00Z")),
            (Some(BEGINNING), Some("2100-01-01T00:00:00Z")),
        ] {
            let config = ranged(config, since, until)?;
            let walked = walk(&mut self.guest.instance().await?, &config, None).await;
            let range = format!("with since {since:?} and until {until:?}");
            let walked = walked.with_context(|| range.clone())?;
            has_most(pages, &walked).context(range)?;
        }
        Ok(())
    }

    pub(super) async fn cursor_of_a_range_is_its_own(&mut self) -> Result<()> {
        let Walk { config, .. } = self.walk()?;
        let range = |until| ranged(config, Some(BEGINNING), Some(until));
        let mut instance = self.guest.instance().await?;
        let first = instance
            .collect(&range("2100-01-01T00:00:00Z")?, None)
            .await?;
        let first = first.map_err(|error| describe_error("collect of a range", &error))?;
        if !first.more {
            return Err(Untested(
                "the range has one page; a smaller page or a larger server would test it",
            )
            .into());
        }
        for other in [config.clone(), range("2099-01-01T00:00:00Z")?] {
            match instance.collect(&other, Some(&first.cursor)).await? {
                Err(Error::InvalidCursor(_)) => {}
                Err(error) => {
                    return Err(describe_error(
                        "collect with a cursor of another range",
                        &error,
                    ));
                }
                Ok(_) => bail!("collect takes a cursor of another range"),
            }
        }
        Ok(())
    }
}

/// Walks a source from a cursor to the end.
pub(super) async fn walk(
    instance: &mut Instance,
    config: &str,
    cursor: Option<&str>,
) -> Result<Vec<Batch>> {
    let mut pages = Vec::new();
    let mut cursor = cursor.map(str::to_owned);
    for number in 1..=MAX_PAGES {
        let page = instance.collect(config, cursor.as_deref()).await;
        let page = page.with_context(|| format!("page {number}"))?;
        let page =
            page.map_err(|error| describe_error(&format!("collect of page {number}"), &error))?;
        let ends = !page.more;
        ensure!(
            ends || cursor.as_ref() != Some(&page.cursor),
            "page {number} is to be followed by itself"
        );
        cursor = Some(page.cursor.clone());
        pages.push(page);
        if ends {
            return Ok(pages);
        }
    }
    bail!("the walk does not end after {MAX_PAGES} pages");
}

/// Checks that a walk over all times has most devices of one without a time: a device that was never seen is in no range.
fn has_most(pages: &[Batch], walked: &[Batch]) -> Result<()> {
    let all: BTreeSet<&str> = devices(pages).collect();
    let ranged: BTreeSet<&str> = devices(walked).collect();
    let found = all.intersection(&ranged).count();
    ensure!(
        2 * found >= all.len(),
        "the walk has {found} of the {} devices",
        all.len()
    );
    Ok(())
}

/// Returns some devices that pages have and others lack.
fn missing<'a>(pages: &'a [Batch], others: &[Batch]) -> Vec<&'a str> {
    let there: BTreeSet<&str> = devices(others).collect();
    devices(pages)
        .filter(|device| !there.contains(device))
        .take(3)
        .collect()
}

/// Returns whether a text is anywhere in a JSON value.
fn holds(json: &Value, text: &str) -> bool {
    match json {
        Value::String(known) => known == text,
        Value::Number(number) => number.to_string() == text,
        Value::Array(list) => list.iter().any(|value| holds(value, text)),
        Value::Object(fields) => fields.values().any(|value| holds(value, text)),
        Value::Null | Value::Bool(_) => false,
    }
}

pub(super) fn devices(pages: &[Batch]) -> impl Iterator<Item = &str> {
    pages
        .iter()
        .flat_map(|page| &page.events)
        .map(|event| event.device.as_str())
}

/// Returns a config with a range.
fn ranged(config: &str, since: Option<&str>, until: Option<&str>) -> Result<String> {
    let mut config: Value = serde_json::from_str(config)?;
    let fields = config.as_object_mut().context("the config is an object")?;
    for (name, value) in [("since", since), ("until", until)] {
        fields.extend(value.map(|value| (name.to_owned(), value.into())));
    }
    Ok(config.to_string())
}
