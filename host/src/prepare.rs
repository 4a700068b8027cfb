//! An account made ready to run: everything that can be wrong without asking anybody is found here, before
//! the first request.

use std::sync::Arc;

use anyhow::{Context, bail};
use serde_json::Value;
use tracing::warn;
use url::Url;

use crate::config::{Account, Config, Problem, SecretMode};
use crate::connector::{Access, Connector};
use crate::consent::Asks;
use crate::egress::addresses::Allowed;
use crate::egress::denials::Denials;
use crate::egress::policy::{Hosts, normal};
use crate::egress::{Policy, is_loopback};
use crate::http_client::{Addresses, ClientError, ClientOptions, HttpClient};
use crate::manifest::{Manifest, is_uri};
use crate::rate_limit::Limiters;
use crate::runtime::{Loaded, Runtime};
use crate::stand_in::Secrets;
use crate::stop::Stop;

/// An account whose component, configuration and secrets are in order.
pub struct Ready {
    /// The account.
    pub account: Arc<Account>,
    /// Its component, with the account's rights.
    pub access: Access,
    /// The component's configuration, as JSON text.
    pub config: String,
    /// What the component asks for.
    pub asks: Asks,
}

impl Ready {
    /// What accounts ask for, each by its name.
    pub fn asks(ready: &[Self]) -> Vec<(&str, &Asks)> {
        ready
            .iter()
            .map(|ready| (ready.account.name.as_str(), &ready.asks))
            .collect()
    }
}

/// Makes accounts ready, in their order. Their requests keep to `limiters`, and wait for them until `stop` only.
///
/// # Errors
///
/// The first thing that is not in order: the component, its manifest, the account's configuration, a
/// secret.
pub async fn accounts(
    runtime: &Runtime,
    config: &Config,
    accounts: Vec<&Account>,
    limiters: &mut Limiters,
    stop: Option<&Stop>,
) -> anyhow::Result<Vec<Ready>> {
    let mut ready = Vec::with_capacity(accounts.len());
    for account in accounts {
        ready.push(prepare(runtime, config, account, limiters, stop).await?);
    }
    Ok(ready)
}

async fn prepare(
    runtime: &Runtime,
    config: &Config,
    account: &Account,
    limiters: &mut Limiters,
    stop: Option<&Stop>,
) -> anyhow::Result<Ready> {
    let Checked {
        loaded,
        manifest,
        asked,
        narrowed,
    } = component(runtime, config, account).await?;
    // A command that prints a secret may take its time, or wait for a person.
    let account = Arc::new(account.clone());
    let resolved = {
        let account = Arc::clone(&account);
        tokio::task::spawn_blocking(move || account.resolve_secrets()).await?
    };
    let values = resolved.map_err(|problems| config.invalid(problems))?;
    if account.reach.allow_loopback_http {
        warn!(
            account = account.name,
            "allow_loopback_http is on: the component may send requests to this machine, unencrypted"
        );
    }
    if account.reach.secret_mode == SecretMode::Value {
        warn!(
            account = account.name,
            "secret_mode is \"value\": the component is handed its secrets themselves, and can hide them in any \
             request that it may send; leave the key out unless the component cannot work with stand-ins"
        );
    }
    let typed =
        typed_urls(&manifest.config, &account).map_err(|problem| config.invalid(vec![problem]))?;
    let policy = Policy::new(asked, narrowed, &typed, account.reach.allow_loopback_http);
    let client = client(&account).map_err(|error| match error {
        ClientError::AuthorityFile { .. } => {
            let key = format!("account.{}.ca_file", account.name);
            let problem = Problem::new(key, error);
            anyhow::Error::from(config.invalid(vec![problem]))
        }
        other => anyhow::Error::from(other).context(format!("account.{}", account.name)),
    })?;
    let limits = account
        .rate_limits
        .as_ref()
        .unwrap_or(&manifest.rate_limits);
    Ok(Ready {
        account: Arc::clone(&account),
        asks: Asks::of(&loaded.digest, &manifest, Some(&account)),
        access: Access {
            loaded,
            policy: Arc::new(policy),
            client: Some(client),
            secrets: Arc::new(Secrets::new(&manifest, &account, values)?),
            timeouts: account.timeouts,
            limits: account.limits,
            denials: Denials::default(),
            limiter: limiters.of(&account.name, limits),
            stop: stop.cloned(),
        },
        config: Value::Object(account.config.clone()).to_string(),
    })
}

/// The component of an account that fits it.
pub struct Checked {
    /// The component.
    pub loaded: Loaded,
    /// What it says of itself.
    pub manifest: Manifest,
    /// The hosts that it asks for.
    asked: Hosts,
    /// What the account leaves of them; none where it leaves all.
    narrowed: Option<Hosts>,
}

/// Loads the component of an account and checks the account against its manifest; asks for no secret.
///
/// # Errors
///
/// When the component or its manifest is not in order, or the account's configuration does not fit it.
pub async fn component(
    runtime: &Runtime,
    config: &Config,
    account: &Account,
) -> anyhow::Result<Checked> {
    let key = format!("account.{}", account.name);
    let loaded = runtime
        .load(&account.component, account.sha256.as_deref())
        .with_context(|| format!("{}: {key}.component", config.file.display()))?;
    let manifest = manifest(&loaded).await?;
    let asked = Hosts::parse(&manifest.hosts).map_err(|entry| {
        anyhow::anyhow!(
            "{}: the manifest asks for the host {entry:?}, which is neither a name nor `*.` and a name",
            loaded.path.display()
        )
    })?;
    let mut problems = manifest.check_account(account);
    let narrowed = narrowed(&manifest, &asked, account, &mut problems);
    if !problems.is_empty() {
        return Err(config.invalid(problems).into());
    }
    Ok(Checked {
        loaded,
        manifest,
        asked,
        narrowed,
    })
}

/// Asks a component for its manifest.
///
/// # Errors
///
/// When the component fails, its manifest is another one when it is asked again, or does not fit the published
/// schema.
pub async fn manifest(loaded: &Loaded) -> anyhow::Result<Manifest> {
    let json = manifest_text(loaded).await?;
    Manifest::parse(&json)
        .with_context(|| format!("the manifest of {} is wrong", loaded.path.display()))
}

/// Asks a component for its manifest twice, and gives the text as it is.
///
/// # Errors
///
/// When the component fails, or answers something else the second time: what is checked and approved would not
/// be what it goes by.
pub async fn manifest_text(loaded: &Loaded) -> anyhow::Result<String> {
    let mut connector = Connector::without_rights(loaded.clone());
    let mut describe = async || {
        let told = connector.describe().await;
        told.with_context(|| format!("{} does not describe itself", loaded.path.display()))
    };
    let (first, second) = (describe().await?, describe().await?);
    if first != second {
        bail!(
            "the manifest of {} is wrong: it is another one each time that it is asked for, so nobody can know what \
             the component asks for; take another build of it",
            loaded.path.display()
        );
    }
    Ok(first)
}

/// What sends the requests of an account's component, and keeps its connections.
fn client(account: &Account) -> Result<HttpClient, ClientError> {
    let client = HttpClient::new(ClientOptions {
        addresses: Addresses::Judged(Allowed {
            networks: account.reach.allow_addresses.clone(),
            loopback: account.reach.allow_loopback_http,
        }),
        ca_file: account.reach.ca_file.clone(),
        https: true,
        response_header_bytes: account.limits.response_header_bytes,
    })?;
    if let Some(proxy) = client.https_proxy() {
        warn!(
            account = account.name,
            proxy,
            "requests of the component go by a proxy, which resolves names by itself: only names are judged, not \
             the addresses that they lead to"
        );
    }
    Ok(client)
}

/// The hosts that the account leaves of those that the manifest asks for; none where it leaves all. What is wrong with
/// them is added to `problems`.
fn narrowed(
    manifest: &Manifest,
    asked: &Hosts,
    account: &Account,
    problems: &mut Vec<Problem>,
) -> Option<Hosts> {
    let entries = account.reach.hosts.as_ref()?;
    for entry in entries {
        let why = match Hosts::parse(std::slice::from_ref(entry)) {
            Err(_) => format!(
                "{entry:?} is no host: write a name such as \"id.example.com\", or \"*.example.com\" for every name \
                 below it, without scheme, port or path"
            ),
            Ok(host) if !asked.cover(&host) => format!(
                "the component does not ask for {entry:?}: leave it out, or write some of what it asks for ({}) or \
                 names below. What is typed into [account.{}.config] is allowed without this",
                manifest.hosts.join(", "),
                account.name
            ),
            Ok(_) => continue,
        };
        problems.push(Problem::new(format!("account.{}.hosts", account.name), why));
    }
    Hosts::parse(entries).ok()
}

/// The URLs that the user typed into fields of the format `uri`; defaults of the schema do not count. Each
/// must be https, but for this machine's own.
fn typed_urls(schema: &Value, account: &Account) -> Result<Vec<Url>, Problem> {
    let mut urls = Vec::new();
    for (field, value) in &account.config {
        let Some(field_schema) = schema
            .get("properties")
            .and_then(|fields| fields.get(field))
        else {
            continue;
        };
        if !is_uri(field_schema) {
            continue;
        }
        let refused = |why: &str| {
            let example = field_schema.get("default").and_then(Value::as_str);
            let example = example.unwrap_or("https://api.example.com");
            Problem::new(
                account.key("config", field),
                format!("{why}, as in {example}"),
            )
        };
        let url = value.as_str().and_then(|text| normal(text).ok());
        let url = url.ok_or_else(|| refused("must be a URL"))?;
        if url.scheme() != "https" && !is_loopback(&url) {
            return Err(refused("must begin with https"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refused("must hold no user name and no password"));
        }
        urls.push(url);
    }
    Ok(urls)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::typed_urls;
    use crate::config::Config;

    #[test]
    fn only_what_the_user_typed_into_a_uri_field_counts() {
        let schema = json!({"properties": {
            "api_host": {"type": "string", "format": "uri"},
            "token_url": {"type": "string", "format": "uri", "default": "https://default.example/"},
            "note": {"type": "string"},
        }});
        let typed = |host: &str| {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("asset-host.toml");
            let text = format!(
                "[account.a]\ncomponent = \"c\"\n[account.a.config]\napi_host = \"{host}\"\n\
                 note = \"https://note.example\""
            );
            std::fs::write(&file, text).unwrap();
            let config = Config::load(&file).unwrap();
            typed_urls(&schema, &config.accounts[0])
        };
        for host in ["https://typed.example/", "http://127.0.0.1:8080/"] {
            let urls = typed(host).unwrap();
            assert_eq!(
                urls.iter().map(|url| url.as_str()).collect::<Vec<_>>(),
                [host]
            );
        }
        for host in [
            "http://typed.example",
            "https://user:pass@typed.example",
            "typed.example",
        ] {
            let problem = typed(host).unwrap_err();
            assert_eq!(problem.key, "account.a.config.api_host", "{host}");
        }
    }
}
