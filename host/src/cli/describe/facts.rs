//! The facts that `describe` tells, and their form as JSON: `docs/consent.md` describes it.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::cli::describe::imports::{self, Package};
use crate::config::{Account, Problem};
use crate::contract::hosts::normal;
use crate::contract::limits::Limits;
use crate::contract::limits::Timeouts;
use crate::contract::manifest::{Manifest, RateLimit};
use crate::sandbox::engine::Loaded;
use crate::sandbox::secrets::bound_url;
use crate::state::consent::ConsentStatus;
use crate::units::quantity;
use crate::units::timestamp;

/// What there is to know of a component, for an account or by itself.
#[derive(Debug, Serialize)]
pub(super) struct Facts {
    /// The component's file.
    pub file: String,
    /// The SHA-256 of the file, 64 hex digits in lower case.
    pub sha256: String,
    /// The digest that the account pins.
    pub pinned_sha256: Option<String>,
    /// The account for which the facts hold; none where they hold for no account yet.
    pub account: Option<String>,
    /// What it imports.
    pub imports: Vec<Package>,
    /// Where its requests may go.
    pub reach: Reach,
    /// The secrets that it is given.
    pub secrets: Vec<Secret>,
    /// What one call of it may take.
    pub limits: Vec<Limit>,
    /// How many requests its API is sent at most.
    pub rate_limits: Vec<RateLimit>,
    /// What is not in order with the account's configuration.
    pub problems: Vec<String>,
    /// Where the account stands with what it asks for.
    #[serde(skip)]
    pub consent: Option<Consented>,
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
    /// The origin that the account opens by it; none where it sets none.
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
    /// That origin; none where neither the account nor a default tells it, and where the component is handed the
    /// secret itself, which can go anywhere then.
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

/// Where an account stands with what its component asks for.
#[derive(Debug)]
pub(super) enum Consented {
    /// By the state.
    Known(Box<ConsentStatus>),
    /// The state cannot be read, with the reason.
    Unknown(String),
}

impl Facts {
    /// Collects the facts of a component; without an account the defaults hold. `problems` are the account's,
    /// and `proxy` is host and port of the proxy for https.
    pub(super) fn of(
        loaded: &Loaded,
        manifest: &Manifest,
        account: Option<&Account>,
        consent: Option<Consented>,
        problems: &[Problem],
        proxy: Option<String>,
    ) -> Self {
        let (bounds, timeouts) = account.map_or_else(
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
        Self {
            file: loaded.path.display().to_string(),
            sha256: loaded.digest.clone(),
            pinned_sha256: account.and_then(|account| account.sha256.clone()),
            account: account.map(|account| account.name.clone()),
            imports: imports::packages(&loaded.imports),
            reach: reach(manifest, account, proxy),
            secrets: secrets.collect(),
            limits: bounds
                .rows(&timeouts)
                .into_iter()
                .map(|(key, value, what)| Limit {
                    key,
                    value: quantity::as_configured(&value),
                    what,
                })
                .collect(),
            rate_limits: rate_limits.unwrap_or(&manifest.rate_limits).clone(),
            problems: problems.iter().map(ToString::to_string).collect(),
            consent,
        }
    }

    /// The facts as one JSON object, with the manifest as the component gives it.
    pub(super) fn json(&self, manifest: &Value) -> Value {
        let mut facts = json!(self);
        if let Value::Object(facts) = &mut facts {
            let consent = self.consent.as_ref().map(Consented::json);
            facts.insert("consent".to_owned(), consent.unwrap_or_default());
            facts.insert("manifest".to_owned(), manifest.clone());
        }
        facts
    }
}

impl Consented {
    /// The JSON form: a `status`, and what belongs to it.
    fn json(&self) -> Value {
        let standing = match self {
            Self::Unknown(why) => return json!({ "status": "unknown", "reason": why }),
            Self::Known(standing) => standing,
        };
        let (status, approved, more) = match standing.as_ref() {
            ConsentStatus::FirstRun => return json!({ "status": "first_run_approves" }),
            ConsentStatus::Approved(approved) => ("approved", approved, Vec::new()),
            ConsentStatus::OtherBuild(approved) => ("other_build_no_more", approved, Vec::new()),
            ConsentStatus::NeedsApproval(approved, difference) => {
                ("needs_approval", approved, difference.more())
            }
        };
        json!({
            "status": status,
            "approved_at": timestamp::format(approved.approved_at),
            "approved": approved.asks,
            "more": more,
        })
    }
}

/// Where the component's requests may go.
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
                origin: typed(account, field),
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

/// The origin of the URL that the account sets in a field of the config.
fn typed(account: Option<&Account>, field: &str) -> Option<String> {
    origin(account?.config.get(field)?)
}

/// The origin of a URL in a JSON value.
fn origin(value: &Value) -> Option<String> {
    let origin = normal(value.as_str()?)?.origin();
    origin.is_tuple().then(|| origin.ascii_serialization())
}
