//! An account made ready to run: everything that can be wrong without asking anybody is found here, before
//! the first request.

use std::sync::Arc;

use anyhow::Context;
use serde_json::Value;
use tracing::warn;
use url::Url;

use crate::config::{Account, Config};
use crate::connector::Connector;
use crate::egress::Policy;
use crate::manifest::Manifest;
use crate::runtime::{Loaded, Runtime};

/// An account whose component, configuration and secrets are in order.
pub struct Ready<'a> {
    /// The account.
    pub account: &'a Account,
    /// Its component, with the account's rights.
    pub connector: Connector,
    /// The component's configuration, as JSON text.
    pub config: String,
}

/// Makes accounts ready, in their order.
///
/// # Errors
///
/// The first thing that is not in order: the component, its manifest, the account's configuration, a
/// secret.
pub async fn accounts<'a>(
    runtime: &Runtime,
    config: &Config,
    accounts: Vec<&'a Account>,
) -> anyhow::Result<Vec<Ready<'a>>> {
    let mut ready = Vec::with_capacity(accounts.len());
    for account in accounts {
        ready.push(prepare(runtime, config, account).await?);
    }
    Ok(ready)
}

async fn prepare<'a>(
    runtime: &Runtime,
    config: &Config,
    account: &'a Account,
) -> anyhow::Result<Ready<'a>> {
    let key = format!("account.{}", account.name);
    let loaded = runtime
        .load(&account.component, account.sha256.as_deref())
        .with_context(|| format!("{}: {key}.component", config.file.display()))?;
    let manifest = manifest(&loaded).await?;

    let problems = manifest.check_account(account);
    if !problems.is_empty() {
        return Err(config.invalid(problems).into());
    }
    let secrets = account
        .resolve_secrets()
        .map_err(|problems| config.invalid(problems))?;
    if account.allow_loopback_http {
        warn!(
            account = account.name,
            "allow_loopback_http is on: the component may send requests to this machine, unencrypted"
        );
    }
    let typed = typed_urls(&manifest.config, &account.config);
    let policy = Policy::new(&manifest.hosts, &typed, account.allow_loopback_http).map_err(|entry| {
        anyhow::anyhow!(
            "{}: the manifest asks for the host {entry:?}, which is neither a name nor `*.` and a name",
            loaded.path.display()
        )
    })?;
    Ok(Ready {
        account,
        connector: Connector::new(
            loaded,
            Arc::new(policy),
            Arc::new(secrets),
            account.timeouts,
        ),
        config: Value::Object(account.config.clone()).to_string(),
    })
}

/// Asks a component for its manifest.
///
/// # Errors
///
/// When the component fails or its manifest does not fit the published schema.
pub async fn manifest(loaded: &Loaded) -> anyhow::Result<Manifest> {
    let json = Connector::without_rights(loaded.clone())
        .describe()
        .await
        .with_context(|| format!("{} does not describe itself", loaded.path.display()))?;
    Manifest::parse(&json)
        .with_context(|| format!("the manifest of {} is wrong", loaded.path.display()))
}

/// The URLs that the user typed into fields of the format `uri`; defaults of the schema do not count.
fn typed_urls(schema: &Value, config: &serde_json::Map<String, Value>) -> Vec<Url> {
    let is_uri = |field: &str| {
        let format = schema
            .get("properties")
            .and_then(|fields| fields.get(field)?.get("format"));
        format.and_then(Value::as_str) == Some("uri")
    };
    config
        .iter()
        .filter(|(field, _)| is_uri(field))
        .filter_map(|(_, value)| Url::parse(value.as_str()?).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::typed_urls;

    #[test]
    fn only_what_the_user_typed_into_a_uri_field_counts() {
        let schema = json!({"properties": {
            "api_host": {"type": "string", "format": "uri"},
            "token_url": {"type": "string", "format": "uri", "default": "https://default.example/"},
            "note": {"type": "string"},
        }});
        let config = json!({"api_host": "https://typed.example", "note": "https://note.example"});
        let typed = typed_urls(&schema, config.as_object().unwrap());
        assert_eq!(
            typed.iter().map(|url| url.as_str()).collect::<Vec<_>>(),
            ["https://typed.example/"]
        );
    }
}
