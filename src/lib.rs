//! Sophos Central endpoints as OCSF *Device Inventory Info* events: two components from one mapping.
//!
//! With the feature `connector`, the default, this is `sophos-assets.wasm`, of the world
//! `inventory:connector/connector`; without it `sophos-mapper.wasm`, of the world `mapper`, which a web page
//! runs. This file only holds their exports. Where to look:
//!
//! | module | what it knows |
//! |---|---|
//! | [`mapping`] | one endpoint to one event |
//! | [`ocsf`] | the form of the events |
//! | `sophos::endpoint` | the record of an endpoint, in every shape that the API sends |
//! | [`json`] | a JSON text, read once |
//! | `clock` | the moment, by the host's clock |
//!
//! and, in the connector alone:
//!
//! | module | what it knows |
//! |---|---|
//! | `check`, `discover`, `collect` | one call of each export of that name |
//! | `cursor` | the position of a collection, so that no device is lost |
//! | [`sophos`] | the rest of Sophos Central's API: tokens, whoami, tenants, pages, errors |
//! | `http` | one request and its response |
//! | `config`, `manifest` | the user's settings, and the component's manifest |

// These could trap on an input as well, beyond what the whole workspace denies: a trap fails the run of a source.
#![deny(
    clippy::exit,
    clippy::integer_division,
    clippy::panic_in_result_fn,
    clippy::string_slice
)]
#![warn(unreachable_pub)]

use bindings::Component;
#[cfg(feature = "connector")]
use bindings::inventory::connector::types::{Account, Batch, Error, SourcesPage};
use bindings::inventory::connector::types::{Explanation, MapError, MappedValue, SourceValue};
use mapping::Mapping;

mod bindings;

// Only the generated module may contain unsafe code.
#[cfg(feature = "connector")]
#[forbid(unsafe_code)]
mod check;
#[forbid(unsafe_code)]
mod clock;
#[cfg(feature = "connector")]
#[forbid(unsafe_code)]
pub mod collect;
#[cfg(feature = "connector")]
#[forbid(unsafe_code)]
pub mod config;
#[cfg(feature = "connector")]
#[forbid(unsafe_code)]
pub mod cursor;
#[cfg(feature = "connector")]
#[forbid(unsafe_code)]
mod discover;
#[cfg(feature = "connector")]
#[forbid(unsafe_code)]
mod http;
#[forbid(unsafe_code)]
pub mod json;
#[cfg(feature = "connector")]
#[forbid(unsafe_code)]
mod manifest;
#[forbid(unsafe_code)]
mod map_error;
#[forbid(unsafe_code)]
pub mod mapping;
#[forbid(unsafe_code)]
pub mod ocsf;
#[forbid(unsafe_code)]
pub mod sophos;
#[cfg(feature = "connector")]
#[forbid(unsafe_code)]
pub mod text;
#[cfg(feature = "connector")]
#[forbid(unsafe_code)]
pub mod timestamp;

impl bindings::exports::inventory::connector::mapping::Guest for Component {
    fn map(endpoint_json: String) -> Result<String, MapError> {
        let endpoint = mapping::read(&endpoint_json).map_err(map_error)?;
        let mapped = Mapping::default().map(&endpoint, clock::now());
        Ok(mapped.map_err(map_error)?.json)
    }

    fn explain(endpoint_json: String, dialect: String) -> Result<Explanation, MapError> {
        let mapping = Mapping::of(&dialect).map_err(map_error)?;
        let endpoint = mapping::read(&endpoint_json).map_err(map_error)?;
        let explanation = mapping.explain(&endpoint, clock::now());
        explanation.map(Into::into).map_err(map_error)
    }
}

#[cfg(feature = "connector")]
impl bindings::exports::inventory::connector::collection::Guest for Component {
    fn describe() -> String {
        manifest::manifest()
    }

    fn check(config: String) -> Result<Account, Error> {
        check::check(&config)
    }

    fn discover(config: String, next: Option<String>) -> Result<SourcesPage, Error> {
        discover::discover(&config, next.as_deref())
    }

    fn collect(config: String, cursor: Option<String>) -> Result<Batch, Error> {
        collect::collect(&config, cursor.as_deref())
    }
}

fn map_error(error: mapping::MapError) -> MapError {
    MapError {
        message: error.message,
        line: error.line,
        column: error.column,
    }
}

impl From<mapping::Explanation> for Explanation {
    fn from(explanation: mapping::Explanation) -> Self {
        let values = |values: Vec<mapping::MappedValue>| {
            let value = |value: mapping::MappedValue| MappedValue {
                path: value.path,
                value_json: value.value_json,
                sources: value.sources.into_iter().map(Into::into).collect(),
                rule: value.rule.into_owned(),
            };
            values.into_iter().map(value).collect()
        };
        Self {
            event: explanation.event,
            values: values(explanation.values),
            omitted: values(explanation.omitted),
            unused: explanation.unused,
        }
    }
}

impl From<mapping::SourceValue> for SourceValue {
    fn from(source: mapping::SourceValue) -> Self {
        Self {
            pointer: source.pointer,
            value_json: source.value_json,
        }
    }
}
