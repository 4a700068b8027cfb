//! An account and its sources.

use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;

use crate::bindings::inventory::connector::types::{Account, Error, Source};
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

/// Returns an account as one line of JSON.
pub fn account_to_json(account: &Account) -> String {
    let Account {
        id,
        kind,
        name,
        notes,
    } = account;
    json!({ "id": id, "kind": kind, "name": name, "notes": notes }).to_string()
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

/// Lists all sources. One that the connector lists on two pages comes once.
///
/// # Errors
///
/// Those of the connector.
pub fn list(config: &str, patience: Patience) -> Result<Vec<Source>, Error> {
    let mut sources: Vec<Source> = Vec::new();
    let mut next = None;
    loop {
        let page = patience.call(|| collection::discover(config, next.as_deref()))?;
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
