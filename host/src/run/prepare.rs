//! An account made ready to run: everything that can be wrong without asking anybody is found here, before
//! the first request.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use serde_json::Value;
use tracing::warn;

use crate::config::{Account, Config, Problem};
use crate::config::{fit, fit_reach};
use crate::contract::check;
use crate::contract::hosts::Hosts;
use crate::contract::limits::{MAX_CONNECTIONS, MAX_RESPONSE_HEADER_BYTES};
use crate::contract::manifest::Manifest;
use crate::contract::permissions::Permissions;
use crate::network::addresses::AllowedAddresses;
use crate::network::client::{Addresses, ClientOptions, HttpClient};
use crate::network::error::ClientError;
use crate::network::tls::check_ca_file;
use crate::sandbox::connector::{self, CallError, Connector, DescribeError};
use crate::sandbox::egress::Policy;
use crate::sandbox::egress::denials::Denials;
use crate::sandbox::engine::{Loaded, Runtime};
use crate::sandbox::rate_limit::Limiters;
use crate::sandbox::rights::Rights;
use crate::sandbox::secrets::Secrets;
use crate::state::State;
use crate::state::consent::{self, ConsentError};
use crate::stop::Stop;
use crate::text::printable::fault;

/// An account whose component, configuration and secrets are in order.
pub(crate) struct Ready {
    /// The account.
    pub account: Arc<Account>,
    /// Its component.
    pub loaded: Loaded,
    /// What the component may do for the account.
    pub rights: Arc<Rights>,
    /// The component's configuration, as JSON text.
    pub config: String,
    /// What the component asks for.
    pub asks: Permissions,
}

impl Ready {
    /// What accounts ask for, each by its name.
    pub(crate) fn asks(ready: &[Self]) -> Vec<(&str, &Permissions)> {
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
pub(crate) async fn accounts(
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
    let account = Arc::new(account.clone());
    // The certificate authorities are read while the component is.
    let client = {
        let account = Arc::clone(&account);
        tokio::task::spawn_blocking(move || client(&account))
    };
    let Found {
        loaded,
        manifest,
        asked,
        problems,
    } = find(runtime, config, &account).await?;
    let asks = Permissions::of(&loaded.digest, &manifest, &account.config);
    if !problems.is_empty() {
        return Err(does_not_fit(config, &account, &asks, problems));
    }
    // A command that prints a secret may take its time, or wait for a person.
    let resolved = {
        let account = Arc::clone(&account);
        tokio::task::spawn_blocking(move || account.resolve_secrets()).await?
    };
    let values = resolved.map_err(|problems| config.invalid(problems))?;
    if account.allow_loopback_http {
        warn!(
            account = account.name,
            "allow_loopback_http is on: the component may send requests to this machine, unencrypted"
        );
    }
    // What is wrong with either is among the problems above.
    let mut none = Vec::new();
    let narrowed = fit_reach::narrowed(&manifest, &asked, &account, &mut none);
    let typed = fit_reach::typed_urls(&manifest, &account, &mut none);
    let policy = Policy::new(asked, narrowed, &typed, account.allow_loopback_http);
    let client = client
        .await?
        .map_err(|error| match authorities(&account, &error) {
            Some(problem) => config.invalid(vec![problem]).into(),
            None => anyhow::Error::from(error).context(format!("account.{}", account.name)),
        })?;
    if let Some(proxy) = client.https_proxy() {
        warn!(
            account = account.name,
            proxy,
            "requests of the component go by a proxy, which resolves names by itself: only names are judged, not \
             the addresses that they lead to"
        );
    }
    let limits = account
        .rate_limits
        .as_ref()
        .unwrap_or(&manifest.rate_limits);
    Ok(Ready {
        account: Arc::clone(&account),
        asks,
        loaded,
        rights: Arc::new(Rights {
            policy: Arc::new(policy),
            client: Some(client),
            secrets: Arc::new(Secrets::new(&manifest, &account.config, values)?),
            timeouts: account.timeouts,
            limits: account.limits,
            denials: Denials::default(),
            limiter: limiters.of(&account.name, limits),
            stop: stop.map(Stop::token).cloned().unwrap_or_default(),
        }),
        config: Value::Object(account.config.clone()).to_string(),
    })
}

/// What is wrong with an account whose component asks for more than was approved comes after that, which may well be
/// its reason: a person who only hears that something is missing would set it, and never know.
fn does_not_fit(
    config: &Config,
    account: &Account,
    asks: &Permissions,
    problems: Vec<Problem>,
) -> anyhow::Error {
    let invalid = config.invalid(problems);
    // A state that cannot be read is told once the account is in order.
    let status = State::open_to_read(&config.state)
        .map_err(ConsentError::from)
        .and_then(|state| consent::check(&state, &[(&account.name, asks)]));
    match status {
        Err(ConsentError::NotApproved(not_approved)) => anyhow::anyhow!(
            "{not_approved}\nand the account {} does not fit what it asks for:\n{invalid}",
            account.name
        ),
        Err(ConsentError::State(_)) | Ok(()) => invalid.into(),
    }
}

/// The component of an account.
pub(crate) struct Found {
    /// The component.
    pub loaded: Loaded,
    /// What it says of itself.
    pub manifest: Manifest,
    /// The hosts that it asks for.
    pub asked: Hosts,
    /// What is wrong with the account for it.
    problems: Vec<Problem>,
}

/// Where an account names its component, for what is wrong with that: `FILE: account.NAME.component`.
pub(crate) fn named(config: &Config, account: &Account) -> String {
    format!(
        "{}: account.{}.component",
        config.file.display(),
        account.name
    )
}

/// Where an account sets what its component is told, for what is wrong with that as a whole.
pub(crate) fn config_key(account: &Account) -> String {
    format!("account.{}.config", account.name)
}

/// Loads the component of an account and checks the account against it; asks for no secret.
async fn find(runtime: &Runtime, config: &Config, account: &Account) -> anyhow::Result<Found> {
    let named = || named(config, account);
    let loaded = runtime
        .load(&account.component, account.sha256.as_deref())
        .await
        .with_context(named)?;
    let mut described = describe(&loaded).await.with_context(named)?;
    let asked = asked(&loaded, &described.manifest).with_context(named)?;
    let problems = problems(&mut described, &asked, account)
        .await
        .with_context(named)?;
    Ok(Found {
        loaded,
        manifest: described.manifest,
        asked,
        problems,
    })
}

/// Loads the component of an account, for which the account must be in order; asks for no secret.
///
/// # Errors
///
/// When the component or its manifest is not in order, or the account's configuration does not fit it.
pub(crate) async fn component(
    runtime: &Runtime,
    config: &Config,
    account: &Account,
) -> anyhow::Result<Found> {
    let mut found = find(runtime, config, account).await?;
    if !found.problems.is_empty() {
        let problems = std::mem::take(&mut found.problems);
        return Err(config.invalid(problems).into());
    }
    Ok(found)
}

/// The hosts that a component asks for.
///
/// # Errors
///
/// When one of them is neither a name nor `*.` and a name.
pub(crate) fn asked(loaded: &Loaded, manifest: &Manifest) -> anyhow::Result<Hosts> {
    Hosts::parse(&manifest.hosts).map_err(|entry| {
        anyhow::anyhow!(
            "the manifest of {} asks for the host {entry:?}, which is neither a name nor `*.` and a name; take another \
             build of it",
            loaded.path.display()
        )
    })
}

/// What is wrong with an account for a component, which asks for the hosts `asked`; nothing where all is well. No
/// secret is read. What a schema cannot say of the config the component itself is asked for.
///
/// # Errors
///
/// When the component fails at that.
pub(crate) async fn problems(
    described: &mut Described,
    asked: &Hosts,
    account: &Account,
) -> anyhow::Result<Vec<Problem>> {
    let manifest = &described.manifest;
    let mut problems = fit::check_account(manifest, account);
    fit_reach::narrowed(manifest, asked, account, &mut problems);
    fit_reach::typed_urls(manifest, account, &mut problems);
    if let Some(path) = &account.ca_file
        && let Err(error) = check_ca_file(path)
    {
        problems.extend(authorities(account, &error));
    }
    // What is wrong already is not told a second time.
    let is_told = account.config.keys().any(|field| {
        let key = account.key("config", field);
        problems.iter().any(|problem| problem.is_at(&key))
    });
    if !is_told && let Some(why) = described.refuses(account).await? {
        problems.push(Problem::new(config_key(account), fault(&why)));
    }
    Ok(problems)
}

/// What is wrong with the account's `ca_file`, if this error is about that.
fn authorities(account: &Account, error: &ClientError) -> Option<Problem> {
    let key = format!("account.{}.ca_file", account.name);
    matches!(error, ClientError::AuthorityFile { .. }).then(|| Problem::new(key, error))
}

/// Asks a component for its manifest.
///
/// # Errors
///
/// When the component fails, its manifest is another one when it is asked again, or does not fit the published
/// schema.
pub(crate) async fn manifest(loaded: &Loaded) -> anyhow::Result<Manifest> {
    Ok(describe(loaded).await?.manifest)
}

/// A component that has told what it is.
pub(crate) struct Described {
    /// What it says of itself.
    pub manifest: Manifest,
    /// The same as the text that it gave.
    pub text: String,
    /// The component, without rights.
    connector: Connector,
    path: PathBuf,
}

impl Described {
    /// Why the component cannot map by an account's config; none where it can. Any record would do to learn that, so
    /// it gets one without anything in it.
    async fn refuses(&mut self, account: &Account) -> anyhow::Result<Option<String>> {
        let config = Value::Object(account.config.clone()).to_string();
        match self.connector.explain("{}", &config).await {
            Err(CallError::Told(error)) if check::is_about_dialect(&error) => {
                Ok(Some(error.message))
            }
            Ok(_) | Err(CallError::Told(_)) => Ok(None),
            Err(CallError::Stopped(stopped)) => Err(stopped).with_context(|| {
                format!(
                    "{} does not tell whether it can map as `config` says",
                    self.path.display()
                )
            }),
        }
    }
}

/// Asks a component for its manifest, twice.
///
/// # Errors
///
/// When the component fails, its manifest does not fit the published schema, or it answers something else the
/// second time: what is checked and approved would not be what it goes by.
pub(crate) async fn describe(loaded: &Loaded) -> anyhow::Result<Described> {
    let mut connector = Connector::without_rights(loaded.clone());
    let connector::Described { manifest, text } = connector.manifest().await.map_err(|error| {
        let path = loaded.path.display();
        let context = match error {
            DescribeError::Stopped(_) => format!("{path} does not describe itself"),
            _ => format!("the manifest of {path} is wrong"),
        };
        anyhow::Error::from(error).context(context)
    })?;
    Ok(Described {
        manifest,
        text,
        connector,
        path: loaded.path.clone(),
    })
}

/// What sends the requests of an account's component, and keeps its connections.
fn client(account: &Account) -> Result<HttpClient, ClientError> {
    HttpClient::new(ClientOptions {
        addresses: Addresses::Checked(AllowedAddresses {
            networks: account.allow_addresses.clone(),
            loopback: account.allow_loopback_http,
        }),
        ca_file: account.ca_file.clone(),
        https: true,
        response_header_bytes: MAX_RESPONSE_HEADER_BYTES,
        requests: MAX_CONNECTIONS,
    })
}
