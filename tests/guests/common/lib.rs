//! The common parts of the hostile components of `tests/guests/`: each of them is one small file beside this folder,
//! named after the rule that it breaks, and the tests of `tests/hostile/` run it in the real host.
//!
//! A guest misbehaves in one export; in all others it is a harmless connector with one source. It reports honestly: a
//! failed attempt is the contract's error for it, and a successful one is an event, so that a test which finds an event
//! knows what the sandbox let through.

use serde_json::{Value, json};

pub mod bindings;
mod config;
mod http;
mod report;

pub use bindings::inventory::connector::secrets::get as secret;
pub use bindings::inventory::connector::types::{
    Account, Batch, Error, Event, Explanation, Failure, MapError, MappedValue, Reject, Source,
    SourceValue, SourcesPage,
};
pub use config::Config;
pub use http::{Answer, Refused, field, get, send};
pub use report::{
    all_refused, all_urls_refused, batch, event, nothing_new, other, without_reasons,
};
/// JSON and WASI, so that a guest needs no dependency of its own.
pub use {serde_json, wasi};

/// A component that misbehaves in one of its exports and is harmless in all others.
pub trait Hostile {
    /// The manifest as JSON text; `manifest` is the harmless one.
    fn describe(manifest: Value) -> String {
        manifest.to_string()
    }

    /// Maps a record to an event.
    ///
    /// # Errors
    ///
    /// As the contract says.
    fn map(record: &str) -> Result<String, MapError> {
        Ok(json!({ "record": record }).to_string())
    }

    /// Maps a record to an event, with reasons.
    ///
    /// # Errors
    ///
    /// As the contract says.
    fn explain(record: &str, _how: &str) -> Result<Explanation, MapError> {
        Ok(without_reasons(Self::map(record)?))
    }

    /// Returns the owner of the credentials.
    ///
    /// # Errors
    ///
    /// As the contract says.
    fn check(_config: &Config) -> Result<Account, Error> {
        Ok(Account {
            id: "guest".to_owned(),
            kind: "guest".to_owned(),
            name: None,
            notes: Vec::new(),
        })
    }

    /// Lists the sources: one, with the account's own config.
    ///
    /// # Errors
    ///
    /// As the contract says.
    fn discover(config: &Config) -> Result<SourcesPage, Error> {
        Ok(one_source(config.as_text().to_owned()))
    }

    /// Collects a page.
    ///
    /// # Errors
    ///
    /// As the contract says.
    fn collect(_config: &Config, _cursor: Option<&str>) -> Result<Batch, Error> {
        Ok(nothing_new())
    }
}

/// Returns the listing of a guest: one source with this config.
pub fn one_source(config: String) -> SourcesPage {
    SourcesPage {
        sources: vec![Source {
            id: "guest".to_owned(),
            name: "guest".to_owned(),
            config: Ok(config),
        }],
        next: None,
    }
}

/// Returns the harmless manifest of the guest `rule`: it asks for the host `api.guest.example`, and for a secret that
/// goes to `token_url`.
pub fn manifest(rule: &str) -> Value {
    let url = |title: &str| json!({ "title": title, "description": "A URL.", "type": "string", "format": "uri" });
    json!({
        "manifest_version": 1,
        "name": rule.replace('_', "-"),
        "version": "0.1.0",
        "vendor": "Example",
        "product": "Example guests",
        "description": "A component that misbehaves, for tests.",
        "ocsf": { "version": "1.6.0", "class_uid": 5001 },
        "dialects": ["guest"],
        "config": {
            "type": "object",
            "additionalProperties": false,
            "properties": {
                "api_url": url("API URL"),
                "token_url": url("Token URL"),
                "port": { "title": "Port", "description": "A port of this machine.", "type": "integer" },
                "how": { "title": "How", "description": "Which of its deeds the guest does.", "type": "string" },
            },
        },
        "secrets": [{
            "name": "secret",
            "title": "Secret",
            "description": "The guest's secret.",
            "config_field": "token_url",
        }],
        "hosts": ["api.guest.example"],
        "rate_limits": [],
    })
}

/// Exports a type that is [`Hostile`] as the component; the guest has the name of its file.
#[macro_export]
macro_rules! hostile {
    ($guest:ty) => {
        /// The component's exports.
        struct Exports;

        impl $crate::bindings::exports::inventory::connector::mapping::Guest for Exports {
            fn map(record: String) -> Result<String, $crate::MapError> {
                <$guest as $crate::Hostile>::map(&record)
            }

            fn explain(
                record: String,
                how: String,
            ) -> Result<$crate::Explanation, $crate::MapError> {
                <$guest as $crate::Hostile>::explain(&record, &how)
            }
        }

        impl $crate::bindings::exports::inventory::connector::collection::Guest for Exports {
            fn describe() -> String {
                <$guest as $crate::Hostile>::describe($crate::manifest(env!("CARGO_CRATE_NAME")))
            }

            fn check(config: String) -> Result<$crate::Account, $crate::Error> {
                <$guest as $crate::Hostile>::check(&$crate::Config::read(config))
            }

            fn discover(
                config: String,
                _next: Option<String>,
            ) -> Result<$crate::SourcesPage, $crate::Error> {
                <$guest as $crate::Hostile>::discover(&$crate::Config::read(config))
            }

            fn collect(
                config: String,
                cursor: Option<String>,
            ) -> Result<$crate::Batch, $crate::Error> {
                <$guest as $crate::Hostile>::collect(
                    &$crate::Config::read(config),
                    cursor.as_deref(),
                )
            }
        }

        $crate::bindings::export!(Exports with_types_in $crate::bindings);
    };
}
