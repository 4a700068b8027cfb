//! The manifest, which `describe` returns.

use serde_json::{Value, json};

use crate::config;
use crate::mapping::Dialect;
use crate::ocsf;
use crate::sophos::token::CLIENT_SECRET;

/// Returns the manifest as JSON text that fits `wit/manifest.schema.json`.
pub(crate) fn manifest() -> String {
    let schema: Value = serde_json::from_str(config::SCHEMA).unwrap_or_default();
    json!({
        "manifest_version": 1,
        "name": env!("CARGO_PKG_NAME"),
        "version": env!("CARGO_PKG_VERSION"),
        "description": env!("CARGO_PKG_DESCRIPTION"),
        "vendor": "Sophos",
        "product": "Sophos Central",
        "ocsf": { "version": ocsf::VERSION, "class_uid": ocsf::CLASS_UID },
        "dialects": Dialect::ALL.map(Dialect::name),
        "config": schema,
        "secrets": [{
            "name": CLIENT_SECRET,
            "title": "Client secret",
            "description": "The client secret of the API credential. Sophos Central shows it once, when the credential is made.",
            "config_field": "token_url",
        }],
        "hosts": ["id.sophos.com", "*.central.sophos.com"],
        "rate_limits": [
            { "requests": 10, "seconds": 1 },
            { "requests": 100, "seconds": 60 },
            { "requests": 200_000, "seconds": 86_400 },
        ],
    })
    .to_string()
}
