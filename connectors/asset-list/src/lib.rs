//! A list of assets behind a URL as OCSF *Device Inventory Info* events: two components from one mapping.
//!
//! With the feature `connector`, the default, this is `asset-list.wasm`, of the world `inventory:connector/connector`;
//! without it `asset-list-mapper.wasm`, of the world `mapper`, which a web page runs. This file only holds their exports.
//! Where to look:
//!
//! | module | what it does |
//! |---|---|
//! | `explain` | one call of `map` or `explain` |
//! | `settings` | which column becomes which attribute |
//! | `mapping`, `attributes`, `convert` | one record to one event |
//! | `event` | the event as the list of its scalars |
//! | `record` | one record as a tree, and the columns in it |
//! | `clock` | the moment, by the host's clock |
//!
//! and, in the connector alone:
//!
//! | module | what it does |
//! |---|---|
//! | `check`, `collect` | one call of the export of that name |
//! | `cursor` | the position of a walk, so that no row is lost |
//! | `fetch`, `http` | one request, its response, and errors by their meaning |
//! | `list`, `split` | the text of a list to its rows |
//! | `config`, `manifest` | what a user can set, and what the component says about itself |

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
use bindings::inventory::connector::types::{Explanation, MapError};

#[forbid(unsafe_code)]
mod attributes;
mod bindings;
#[cfg(feature = "connector")]
#[forbid(unsafe_code)]
mod check;
#[forbid(unsafe_code)]
mod clock;
#[cfg(feature = "connector")]
#[forbid(unsafe_code)]
mod collect;
#[cfg(feature = "connector")]
#[forbid(unsafe_code)]
mod config;
#[forbid(unsafe_code)]
mod convert;
#[cfg(feature = "connector")]
#[forbid(unsafe_code)]
mod cursor;
#[forbid(unsafe_code)]
mod event;
#[forbid(unsafe_code)]
mod explain;
#[cfg(feature = "connector")]
#[forbid(unsafe_code)]
mod fetch;
#[cfg(feature = "connector")]
#[forbid(unsafe_code)]
mod http;
#[cfg(feature = "connector")]
#[forbid(unsafe_code)]
mod list;
#[cfg(feature = "connector")]
#[forbid(unsafe_code)]
mod manifest;
#[forbid(unsafe_code)]
mod mapping;
#[forbid(unsafe_code)]
mod record;
#[forbid(unsafe_code)]
mod settings;
#[cfg(feature = "connector")]
#[forbid(unsafe_code)]
mod split;
#[cfg(test)]
mod tests;

impl bindings::exports::inventory::connector::mapping::Guest for Component {
    fn map(endpoint_json: String) -> Result<String, MapError> {
        explain::map(&endpoint_json)
    }

    fn explain(endpoint_json: String, dialect: String) -> Result<Explanation, MapError> {
        explain::explain(&endpoint_json, &dialect)
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
        check::discover(config, next.as_deref())
    }

    fn collect(config: String, cursor: Option<String>) -> Result<Batch, Error> {
        collect::collect(&config, cursor.as_deref())
    }
}
