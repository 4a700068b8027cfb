//! The sources of an account.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::bindings::inventory::connector::types::{Error, Source, SourcesPage};
use crate::{Patience, collection};

#[derive(Serialize)]
struct Json<'a> {
    id: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    config: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

/// Returns a source as one line of JSON: its config, or the reason why it cannot be collected.
///
/// # Errors
///
/// When the connector gave a config that is not JSON.
pub fn to_json(source: &Source) -> serde_json::Result<String> {
    let config = source.config.as_ref();
    serde_json::to_string(&Json {
        id: &source.id,
        name: &source.name,
        config: config
            .ok()
            .map(|text| serde_json::from_str(text))
            .transpose()?,
        reason: config.err().map(String::as_str),
    })
}

/// Lists one page of the sources.
///
/// # Errors
///
/// Those of the connector.
pub fn page_of_sources(config: &str, next: Option<&str>) -> Result<SourcesPage, Error> {
    collection::discover(config, next)
}

/// Lists all sources. One that the connector lists on two pages comes once.
///
/// # Errors
///
/// Those of the connector.
pub fn list(config: &str, patience: Patience) -> Result<Vec<Source>, Error> {
    let mut sources: Vec<Source> = Vec::new();
    let mut next = None;
    loop {
        let page = patience.call(|| page_of_sources(config, next.as_deref()))?;
        for source in page.sources {
            // Sources without an id of their own share a placeholder, and have no config.
            let known = |other: &Source| other.id == source.id && source.config.is_ok();
            if !sources.iter().any(known) {
                sources.push(source);
            }
        }
        next = page.next;
        if next.is_none() {
            return Ok(sources);
        }
    }
}
