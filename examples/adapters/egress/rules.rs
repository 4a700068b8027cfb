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
    /// Makes the rules, in the place of those before; the error says which part of them is not valid.
    ///
    /// The requests of an instance that serves several calls count together.
    pub(crate) fn new(rules: &Rules, before: Option<Self>) -> Result<Self, String> {
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
        for url in typed.filter(|url| is_https(url)) {
            let _ = allow_list.add(url);
        }
        let limits = match rules.throttle {
            true => manifest.rate_limits,
            false => Vec::new(),
        };
        let timeout = Duration::from_secs(rules.timeout_seconds.into());
        let limiter = match before {
            Some(before) if before.limiter.has(&limits) => before.limiter,
            _ => Limiter::new(limits),
        };
        Ok(Self {
            allow_list,
            limiter,
            timeout_nanos: timeout.as_nanos().try_into().unwrap_or(u64::MAX),
        })
    }
}

fn is_https(url: &str) -> bool {
    url.split_once("://")
        .is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case("https"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use serde_json::json;

    use super::*;

    fn rules(config: Value) -> Rules {
        let uri = json!({ "type": "string", "format": "uri" });
        let manifest = json!({
            "hosts": ["*.central.example.com"],
            "rate_limits": [{ "requests": 1, "seconds": 60 }],
            "config": { "properties": {
                "api_host": uri,
                "note": { "type": "string" },
                "region": { "type": "string", "format": "uri", "readOnly": true },
            } },
        });
        Rules {
            manifest: manifest.to_string(),
            config: config.to_string(),
            allow: vec!["http://127.0.0.1:8080".to_owned()],
            timeout_seconds: 60,
            throttle: true,
        }
    }

    #[test]
    fn a_person_opens_the_https_origins_of_the_fields_that_are_urls() {
        let config = json!({
            "api_host": "HTTPS://CMDB.example.net:8443/list",
            "note": "https://note.example.net",
            "region": "https://region.example.net",
        });
        let gate = Gate::new(&rules(config), None).unwrap();
        for (scheme, authority, expected) in [
            ("https", "eu.central.example.com", true),
            ("https", "cmdb.example.net:8443", true),
            ("http", "127.0.0.1:8080", true),
            ("https", "note.example.net", false),
            ("https", "region.example.net", false),
        ] {
            let allowed = gate.allow_list.allows(scheme, authority);
            assert_eq!(allowed, expected, "{scheme}://{authority}");
        }
        let plain = json!({ "api_host": "http://127.0.0.1:9999" });
        let gate = Gate::new(&rules(plain), None).unwrap();
        assert!(!gate.allow_list.allows("http", "127.0.0.1:9999"));
    }

    #[test]
    fn the_calls_of_one_instance_count_together() {
        let now = std::time::Instant::now();
        let mut first = Gate::new(&rules(json!({})), None).unwrap();
        assert!(first.limiter.reserve(now).is_zero());
        let mut second = Gate::new(&rules(json!({})), Some(first)).unwrap();
        assert_eq!(second.limiter.reserve(now), Duration::from_secs(60));
    }
}
