//! The rules of an account, read from the connector's manifest and from the account's config.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::allow_list::AllowList;
use crate::bindings::exports::inventory::adapters::egress::Rules;
use crate::rate_limit::{Limiter, RateLimit};

/// What is asked of every request.
pub(crate) struct Gate {
    pub(crate) allow_list: AllowList,
    pub(crate) limiter: Limiter,
    pub(crate) timeout_nanos: u64,
}

/// What is read of a manifest.
#[derive(Deserialize)]
struct Manifest {
    config: ConfigSchema,
    hosts: Vec<String>,
    rate_limits: Vec<RateLimit>,
}

#[derive(Deserialize)]
struct ConfigSchema {
    properties: BTreeMap<String, FieldSchema>,
}

#[derive(Deserialize)]
struct FieldSchema {
    format: Option<String>,
    /// Set by the connector in the config of a source, and by no person.
    #[serde(default, rename = "readOnly")]
    read_only: bool,
}

impl Gate {
    /// Makes the rules; the error says which part of them is not valid.
    pub(crate) fn new(rules: &Rules) -> Result<Self, String> {
        let manifest: Manifest = serde_json::from_str(&rules.manifest)
            .map_err(|error| format!("the connector's manifest is not valid: {error}"))?;
        let config: Map<String, Value> = serde_json::from_str(&rules.config)
            .map_err(|error| format!("the config is not a JSON object: {error}"))?;
        let mut allow_list = AllowList::default();
        for host in &manifest.hosts {
            allow_list.add(host)?;
        }
        for entry in &rules.allow {
            allow_list.add(entry)?;
        }
        let typed = config.iter().filter(|(field, _)| {
            let schema = manifest.config.properties.get(*field);
            schema
                .is_some_and(|schema| schema.format.as_deref() == Some("uri") && !schema.read_only)
        });
        let typed = typed.filter_map(|(_, value)| value.as_str());
        // What is not a URL is for the connector to complain about.
        for url in typed.filter(|url| url.starts_with("https://")) {
            let _ = allow_list.add(url);
        }
        let limits = match rules.throttle {
            true => manifest.rate_limits,
            false => Vec::new(),
        };
        let timeout = Duration::from_secs(rules.timeout_seconds.into());
        Ok(Self {
            allow_list,
            limiter: Limiter::new(limits),
            timeout_nanos: timeout.as_nanos().try_into().unwrap_or(u64::MAX),
        })
    }
}
