//! The facts that `describe` reports, as `docs/consent.md` describes their JSON form.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::cli::describe::imports::{self, Package};
use crate::config::{Account, Config, Problem};
use crate::contract::hosts::normal;
use crate::contract::limits::{Limits, Timeouts};
use crate::contract::manifest::{Manifest, RateLimit};
use crate::contract::permissions::Permissions;
use crate::run::prepare::Component;
use crate::sandbox::secrets::bound_url;
use crate::state::Store;
use crate::state::consent::ConsentStatus;
use crate::units::{quantity, timestamp};

/// What is known of a component, for an account or without one.
#[derive(Debug, Serialize)]
pub(super) struct Facts {
    /// The component's file.
    pub file: String,
    /// The SHA-256 of the file, 64 hex digits in lower case.
    pub sha256: String,
    /// The digest that the account pins.
    pub pinned_sha256: Option<String>,
    /// The account for which the facts hold.
    pub account: Option<String>,
    /// What the component imports.
    pub imports: Vec<Package>,
    /// Where its requests may go.
    pub reach: Reach,
    /// The secrets that it is given.
    pub secrets: Vec<Secret>,
    /// What one call of it may take.
    pub limits: Vec<Limit>,
    /// How many requests its API is sent at most.
    pub rate_limits: Vec<RateLimit>,
    /// What is wrong with the account's configuration.
    pub problems: Vec<String>,
    /// What is approved for the account.
    pub consent: Option<Consent>,
    /// The manifest as the component returns it.
    pub manifest: Value,
}

/// Where a component's requests may go.
#[derive(Debug, Serialize)]
pub(super) struct Reach {
    /// The hosts of the manifest, as far as the account allows them.
    pub hosts: Vec<String>,
    /// The hosts of the manifest, where the account's `hosts` leaves only a part of them.
    pub narrowed_from: Option<Vec<String>>,
    /// The URLs of the config.
    pub url_fields: Vec<UrlField>,
    /// The special addresses that the account allows.
    pub allow_addresses: Vec<String>,
    /// Whether the account allows this very machine.
    pub allow_loopback_http: bool,
    /// The file of certificate authorities that the account trusts beside the system's.
    pub ca_file: Option<String>,
    /// Host and port of the proxy that the environment names for https, which resolves names by itself.
    pub proxy: Option<String>,
}

/// A field of the config that takes a URL.
#[derive(Debug, Serialize)]
pub(super) struct UrlField {
    /// The field.
    pub field: String,
    /// The origin that the account allows by it, if the account sets one.
    pub origin: Option<String>,
}

/// A secret that the component is given.
#[derive(Debug, Serialize)]
pub(super) struct Secret {
    /// Its name.
    pub name: String,
    /// What a person calls it.
    pub title: String,
    /// The field of the config to whose origin alone it may go.
    pub config_field: String,
    /// That origin, if the account or a default has one.
    pub origin: Option<String>,
}

/// A limit.
#[derive(Debug, Serialize)]
pub(super) struct Limit {
    /// The key below the account's table.
    pub key: &'static str,
    /// The value, as the configuration takes it: a number for a count, else a text such as `256 MiB`.
    pub value: Value,
    /// What it bounds.
    pub what: &'static str,
}

/// How what a component asks for compares to what is approved for an account.
#[derive(Debug, Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub(super) enum Consent {
    /// Nothing is approved yet: the first run approves.
    FirstRunApproves,
    /// This very component is approved.
    Approved(Approval),
    /// Another build is approved, and this one asks for no more.
    OtherBuildNoMore(Approval),
    /// The component asks for more than is approved.
    NeedsApproval(Approval),
    /// The state cannot be read.
    Unknown {
        /// Why.
        reason: String,
    },
}

/// What is approved for an account.
#[derive(Debug, Serialize)]
pub(super) struct Approval {
    /// Since when.
    pub approved_at: String,
    /// What the approved component asks for.
    pub approved: Permissions,
    /// What the component asks for beyond that, one line each.
    pub more: Vec<String>,
}

impl Consent {
    /// Reads what is approved. A state that cannot be read, such as that of a service, does not keep the rest from being
    /// shown.
    pub(super) async fn of(config: &Config, account: &Account, component: &Component) -> Self {
        let stored = async {
            let store = Store::open(&config.state).await?;
            anyhow::Ok(store.stored(&account.name).await?)
        };
        let recorded = match stored.await {
            Ok(stored) => stored.account.consent,
            Err(error) => {
                let reason = error.to_string();
                return Self::Unknown { reason };
            }
        };
        let approval = |consent: crate::state::Consent, more| Approval {
            approved_at: timestamp::format(consent.approved_at),
            approved: consent.asks,
            more,
        };
        match ConsentStatus::of(recorded, &component.asks(account)) {
            ConsentStatus::FirstRun => Self::FirstRunApproves,
            ConsentStatus::Approved(consent) => Self::Approved(approval(consent, Vec::new())),
            ConsentStatus::OtherBuild(consent) => {
                Self::OtherBuildNoMore(approval(consent, Vec::new()))
            }
            ConsentStatus::NeedsApproval(consent, difference) => {
                Self::NeedsApproval(approval(consent, difference.more()))
            }
        }
    }
}

impl Facts {
    /// Collects the facts of a component; without an account the defaults hold. `problems` are the account's,
    /// and `proxy` is host and port of the proxy for https.
    ///
    /// # Errors
    ///
    /// When the manifest is not JSON, which the check of the contract has ruled out.
    pub(super) fn of(
        component: &Component,
        account: Option<&Account>,
        consent: Option<Consent>,
        problems: &[Problem],
        proxy: Option<String>,
    ) -> serde_json::Result<Self> {
        let (loaded, manifest) = (&component.loaded, &component.manifest);
        let (limits, timeouts) = account.map_or_else(
            || (Limits::default(), Timeouts::default()),
            |account| (account.limits, account.timeouts),
        );
        let rate_limits = account.and_then(|account| account.rate_limits.as_ref());
        let no_config = Map::new();
        let config = account.map_or(&no_config, |account| &account.config);
        let secrets = manifest.secrets.iter().map(|secret| Secret {
            name: secret.name.clone(),
            title: secret.title.clone(),
            config_field: secret.config_field.clone(),
            origin: bound_url(manifest, config, &secret.config_field)
                .map(|url| url.origin().ascii_serialization()),
        });
        let limits = limits.rows(&timeouts).into_iter();
        let limits = limits.filter_map(|(key, value, what)| {
            let value = quantity::as_configured(&value);
            key.map(|key| Limit { key, value, what })
        });
        Ok(Self {
            file: loaded.path.display().to_string(),
            sha256: loaded.digest.clone(),
            pinned_sha256: account.and_then(|account| account.sha256.clone()),
            account: account.map(|account| account.name.clone()),
            imports: imports::packages(&loaded.imports),
            reach: reach(manifest, account, proxy),
            secrets: secrets.collect(),
            limits: limits.collect(),
            rate_limits: rate_limits.unwrap_or(&manifest.rate_limits).clone(),
            problems: problems.iter().map(ToString::to_string).collect(),
            consent,
            manifest: serde_json::from_str(&component.text)?,
        })
    }
}

/// Returns where the component's requests may go.
fn reach(manifest: &Manifest, account: Option<&Account>, proxy: Option<String>) -> Reach {
    let narrowed = account.and_then(|account| account.hosts.clone());
    // Checked with the account: it leaves some of what the manifest asks for, and adds nothing.
    let hosts = narrowed.clone().unwrap_or_else(|| manifest.hosts.clone());
    let url_fields = manifest.fields().filter(|(_, schema)| schema.is_uri());
    Reach {
        narrowed_from: narrowed.is_some().then(|| manifest.hosts.clone()),
        hosts,
        url_fields: url_fields
            .map(|(field, _)| UrlField {
                field: field.to_owned(),
                origin: account.and_then(|account| origin(account.config.get(field)?)),
            })
            .collect(),
        allow_addresses: account
            .iter()
            .flat_map(|account| &account.allow_addresses)
            .map(ToString::to_string)
            .collect(),
        allow_loopback_http: account.is_some_and(|account| account.allow_loopback_http),
        ca_file: account
            .and_then(|account| account.ca_file.as_ref())
            .map(|path| path.display().to_string()),
        proxy,
    }
}

/// Returns the origin of a URL in a JSON value.
fn origin(value: &Value) -> Option<String> {
    let origin = normal(value.as_str()?)?.origin();
    origin.is_tuple().then(|| origin.ascii_serialization())
}
