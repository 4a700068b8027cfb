//! A connector: the functions that a host calls. `wit/` says what each of them must do.
//!
//! `mapping.rs` makes an event of a record, `api.rs` asks the vendor's API, `manifest.json` says what the connector asks
//! its host for.

use serde::Deserialize;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use bindings::Connector;
use bindings::exports::inventory::connector::{collection, mapping as mapping_api};
use bindings::inventory::connector::types::{
    Account, Batch, Error, Event, Explanation, FieldError, MapError, Reject, Source, SourcesPage,
};
use mapping::Record;

mod api;
mod mapping;

/// The Rust side of `wit/`.
mod bindings {
    wit_bindgen::generate!({ path: "wit", world: "connector", generate_all });
    pub struct Connector;
    export!(Connector with_types_in self);
}

/// The only cursor: each walk reads the whole list, so there is no position to remember.
const CURSOR: &str = "whole list";

/// The config of an account, as the schema in `manifest.json` describes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    url: String,
    since: Option<String>,
    until: Option<String>,
}

impl Config {
    fn read(json: &str) -> Result<Self, Error> {
        serde_json::from_str(json).map_err(|error| {
            let message = format!("the config does not fit: {error}.");
            Error::InvalidConfig(vec![FieldError {
                field: String::new(),
                message,
            }])
        })
    }

    /// Returns whether a device is in the range that the host asks for. One that tells no time always is.
    fn has(&self, record: &Record) -> bool {
        let time = |text: &Option<String>| OffsetDateTime::parse(text.as_deref()?, &Rfc3339).ok();
        let Some(seen) = record.seen() else {
            return true;
        };
        time(&self.since).is_none_or(|since| since <= seen)
            && time(&self.until).is_none_or(|until| seen < until)
    }
}

impl mapping_api::Guest for Connector {
    fn map(record: String) -> Result<String, MapError> {
        Ok(Record::read(&record)?.event())
    }

    fn explain(record: String, dialect: String) -> Result<Explanation, MapError> {
        // A fault of the dialect comes before one of the record. A config is fine too, and steers nothing here.
        let is_config = matches!(serde_json::from_str(&dialect), Ok(Value::Object(_)));
        if dialect != "ocsf" && !is_config {
            let message = "the dialect is unknown; there is: ocsf.".to_owned();
            return Err(MapError {
                message,
                line: 0,
                column: 0,
            });
        }
        let event = Record::read(&record)?.event();
        // Reasons are optional. With them, `asset-host map --explain` shows where each value comes from.
        Ok(Explanation {
            event,
            values: vec![],
            omitted: vec![],
            unused: vec![],
        })
    }
}

impl collection::Guest for Connector {
    fn describe() -> String {
        let mut manifest: Value =
            serde_json::from_str(include_str!("manifest.json")).unwrap_or_default();
        manifest["name"] = env!("CARGO_PKG_NAME").into();
        manifest["version"] = env!("CARGO_PKG_VERSION").into();
        manifest["description"] = env!("CARGO_PKG_DESCRIPTION").into();
        manifest.to_string()
    }

    fn check(config: String) -> Result<Account, Error> {
        let config = Config::read(&config)?;
        let notes = vec![format!(
            "The list has {} devices.",
            api::list(&config.url)?.len()
        )];
        Ok(Account {
            id: config.url,
            kind: "list".to_owned(),
            name: None,
            notes,
        })
    }

    fn discover(config: String, next: Option<String>) -> Result<SourcesPage, Error> {
        Config::read(&config)?;
        if next.is_some() {
            return Err(Error::InvalidCursor(api::failure(
                "there is only one page of sources.",
            )));
        }
        // An API with many tenants has a source for each, with the tenant in its config.
        let source = Source {
            id: "list".to_owned(),
            name: "list".to_owned(),
            config: Ok(config),
        };
        Ok(SourcesPage {
            sources: vec![source],
            next: None,
        })
    }

    fn collect(config: String, cursor: Option<String>) -> Result<Batch, Error> {
        let mut config = Config::read(&config)?;
        match cursor.as_deref() {
            None | Some(CURSOR) => {}
            // A time begins a walk over what was seen since.
            Some(time) if OffsetDateTime::parse(time, &Rfc3339).is_ok() => config.since = cursor,
            Some(_) => {
                return Err(Error::InvalidCursor(api::failure(
                    "the cursor is not one of this connector.",
                )));
            }
        }
        let (mut events, mut rejects) = (vec![], vec![]);
        for json in api::list(&config.url)? {
            match Record::read(json.get()) {
                Ok(record) if !config.has(&record) => {}
                Ok(record) => events.push(Event {
                    json: record.event(),
                    fingerprint: record.fingerprint(),
                    device: record.id,
                }),
                // One bad record does not cost the others.
                Err(error) => rejects.push(Reject {
                    id: None,
                    reason: error.message,
                }),
            }
        }
        let total = u64::try_from(events.len() + rejects.len()).ok();
        // An API with pages returns `more: true` and a cursor that tells the next page.
        Ok(Batch {
            events,
            rejects,
            cursor: CURSOR.to_owned(),
            mark: None,
            total,
            more: false,
            warnings: vec![],
        })
    }
}
