//! An account made ready to run: everything that can be wrong without asking anybody is found here, before
//! the first request.

use std::sync::{Arc, PoisonError};

use anyhow::{Context, bail};
use serde_json::Value;
use tracing::warn;

use crate::config::fit::check_account;
use crate::config::{Account, Problem};
use crate::contract::check;
use crate::contract::manifest::Manifest;
use crate::contract::permissions::Permissions;
use crate::network::addresses::AllowedAddresses;
use crate::network::tls::check_ca_file;
use crate::run::process::Process;
use crate::sandbox::connector::{CallError, Connector, DescribeError};
use crate::sandbox::engine::{Loaded, Runtime};
use crate::sandbox::rights::{Grants, Rights};
use crate::state::consent::{self, Consent};
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

/// Makes an account ready. `stop` ends its requests. `approved` is what its component may ask for; `None` before its first run.
///
/// # Errors
///
/// When its component, the manifest, the account's configuration or a secret is not in order, or the component asks for
/// more than was approved.
pub(crate) async fn prepare(
    process: &Process,
    stop: &Stop,
    account: &Arc<Account>,
    approved: Option<Consent>,
) -> anyhow::Result<Ready> {
    let grants = Grants {
        hosts: account.hosts.clone(),
        addresses: AllowedAddresses {
            networks: account.allow_addresses.clone(),
            loopback: account.allow_loopback_http,
        },
        ca_file: account.ca_file.clone(),
        timeouts: account.timeouts,
        limits: account.limits,
        limiter: None,
        stop: stop.token.clone(),
    };
    // The certificate authorities are read while the component is.
    let client = tokio::task::spawn_blocking({
        let grants = grants.clone();
        move || grants.client()
    });
    let (component, problems) = load(&process.runtime, account).await?;
    let asks = component.asks(account);
    let refusal = consent::refusal(approved, &account.name, &asks);
    match (refusal, problems.is_empty()) {
        (None, true) => {}
        (None, false) => return Err(account.invalid(&problems).into()),
        (Some(refusal), true) => bail!(refusal),
        // First what it asks for, as it may be the reason: a person who reads only that a field is missing would set it,
        // and not learn of the rest.
        (Some(refusal), false) => bail!(
            "{refusal}\nand the account {} does not fit what it asks for:\n{}",
            account.name,
            account.invalid(&problems)
        ),
    }
    // A command that prints a secret may take its time, or wait for a person.
    let secrets = tokio::task::spawn_blocking({
        let account = Arc::clone(account);
        move || account.resolve_secrets()
    });
    let mut secrets = secrets
        .await?
        .map_err(|problems| account.invalid(&problems))?;
    if account.allow_loopback_http {
        warn!(
            account = account.name,
            "allow_loopback_http is on: the component may send requests to this machine, unencrypted"
        );
    }
    let in_account = || format!("account.{}", account.name);
    let client = client.await?.with_context(in_account)?;
    if let Some(proxy) = client.https_proxy() {
        warn!(
            account = account.name,
            proxy,
            "requests of the component go by a proxy, which resolves names by itself: only names are judged, not \
             the addresses that they lead to"
        );
    }
    let manifest = &component.manifest;
    let limits = account.rate_limits.as_ref();
    let limits = limits.unwrap_or(&manifest.rate_limits);
    let limiters = process.limiters.lock();
    let mut limiters = limiters.unwrap_or_else(PoisonError::into_inner);
    let grants = Grants {
        limiter: Some(limiters.of(&account.name, limits)),
        ..grants
    };
    let secret = |name: &str| secrets.remove(name);
    let rights = Rights::with_client(manifest, &account.config, grants, client, secret);
    Ok(Ready {
        rights: Arc::new(rights.with_context(in_account)?),
        config: config_text(account),
        loaded: component.loaded,
        asks,
        account: Arc::clone(account),
    })
}

/// A component that has described itself.
pub(crate) struct Component {
    /// The component.
    pub loaded: Loaded,
    /// Its manifest, checked.
    pub manifest: Manifest,
    /// The manifest as the component returned it.
    pub text: String,
    /// The component, without rights.
    connector: Connector,
}

/// Returns where an account names its component: `FILE: account.NAME.component`.
pub(crate) fn component_key(account: &Account) -> String {
    format!(
        "{}: account.{}.component",
        account.file.display(),
        account.name
    )
}

/// Loads the component of an account, and returns what is wrong with the account for it. Reads no secret.
async fn load(runtime: &Runtime, account: &Account) -> anyhow::Result<(Component, Vec<Problem>)> {
    let loaded = async {
        let loaded = runtime
            .load(&account.component, account.sha256.as_deref())
            .await?;
        let mut component = Component::describe(loaded).await?;
        let problems = component.problems(account).await?;
        Ok((component, problems))
    };
    let loaded: anyhow::Result<_> = loaded.await;
    loaded.with_context(|| component_key(account))
}

/// Loads the component of an account that is in order. Reads no secret.
///
/// # Errors
///
/// When the component or its manifest is not in order, or the account's configuration does not fit it.
pub(crate) async fn component(runtime: &Runtime, account: &Account) -> anyhow::Result<Component> {
    let (component, problems) = load(runtime, account).await?;
    match problems.is_empty() {
        true => Ok(component),
        false => Err(account.invalid(&problems).into()),
    }
}

impl Component {
    /// Asks a component for its manifest.
    ///
    /// # Errors
    ///
    /// When the component is stopped, or its manifest is not valid or is another one when it is asked again.
    pub(crate) async fn describe(loaded: Loaded) -> anyhow::Result<Self> {
        let mut connector = Connector::without_rights(loaded.clone());
        let described = connector.manifest().await.map_err(|error| {
            let path = loaded.path.display();
            let context = match error {
                DescribeError::Stopped(_) => format!("{path} does not describe itself"),
                _ => format!("the manifest of {path} is wrong"),
            };
            anyhow::Error::from(error).context(context)
        })?;
        Ok(Self {
            loaded,
            manifest: described.manifest,
            text: described.text,
            connector,
        })
    }

    /// Returns what the component asks for when it runs for an account.
    pub(crate) fn asks(&self, account: &Account) -> Permissions {
        Permissions::of(&self.loaded.digest, &self.manifest, &account.config)
    }

    /// Returns what is wrong with an account for the component. Reads no secret. The component itself is asked for what
    /// a schema cannot say of its config.
    ///
    /// # Errors
    ///
    /// When the component is stopped.
    pub(crate) async fn problems(&mut self, account: &Account) -> anyhow::Result<Vec<Problem>> {
        let mut problems = check_account(&self.manifest, account);
        if let Some(Err(error)) = account.ca_file.as_deref().map(check_ca_file) {
            problems.push(Problem::new(
                format!("account.{}.ca_file", account.name),
                error,
            ));
        }
        // The component would repeat what is wrong with a field.
        let is_reported = account.config.keys().any(|field| {
            let key = account.key("config", field);
            problems.iter().any(|problem| problem.is_at(&key))
        });
        if !is_reported && let Some(why) = self.refuses(account).await? {
            let key = format!("account.{}.config", account.name);
            problems.push(Problem::new(key, fault(&why)));
        }
        Ok(problems)
    }

    /// Returns why the component cannot map records by an account's config. It gets an empty record, as any would do.
    async fn refuses(&mut self, account: &Account) -> anyhow::Result<Option<String>> {
        match self.connector.explain("{}", &config_text(account)).await {
            Err(CallError::Told(error)) if check::is_about_dialect(&error) => {
                Ok(Some(error.message))
            }
            Ok(_) | Err(CallError::Told(_)) => Ok(None),
            Err(CallError::Stopped(stopped)) => Err(stopped).with_context(|| {
                format!(
                    "{} cannot tell whether it can map as `config` says",
                    self.loaded.path.display()
                )
            }),
        }
    }
}

/// Returns the account's config for its component, as JSON text.
pub(crate) fn config_text(account: &Account) -> String {
    Value::Object(account.config.clone()).to_string()
}
