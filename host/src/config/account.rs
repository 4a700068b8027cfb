//! One account: which component collects it, with which config and secrets, and how.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;
use secrecy::SecretString;
use serde::de::{Deserialize, Deserializer, Error};
use serde_json::{Map, Number, Value};

use crate::config::destination::{DestinationConfig, FileConfig};
use crate::config::problem::{ConfigError, Problem, read};
use crate::config::secret_source::{SecretSource, long_enough};
use crate::config::selection;
use crate::config::values::{self, Retry};
use crate::contract::limits::{Limits, Timeouts};
use crate::contract::manifest::RateLimit;
use crate::units::duration;

/// `[account.NAME]`
#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Account {
    /// The name: letters, digits, `-` and `_`.
    #[serde(skip)]
    pub name: String,
    /// The file that it is from.
    #[serde(skip)]
    pub file: PathBuf,
    /// The component's file.
    #[serde(deserialize_with = "values::path")]
    pub component: PathBuf,
    /// The SHA-256 digest that the component's file must have: 64 hexadecimal digits in lower case.
    #[serde(default, deserialize_with = "sha256")]
    pub sha256: Option<String>,
    /// The component's own config as a JSON object, in which times of TOML are texts.
    #[serde(default, deserialize_with = "config")]
    pub config: Map<String, Value>,
    /// Where each secret comes from, by the secret's name.
    #[serde(default)]
    pub secrets: BTreeMap<String, SecretSource>,
    /// Where the events go.
    #[serde(default, deserialize_with = "read_later")]
    pub deliver: DestinationConfig,
    /// The sources to collect, by id or name; all if empty.
    #[serde(default)]
    pub only: Vec<String>,
    /// The sources not to collect.
    #[serde(default)]
    pub skip: Vec<String>,
    /// Which events are delivered.
    #[serde(default)]
    pub emit: Emit,
    /// How many requests may be sent to the API; `None` leaves it to the component's manifest.
    #[serde(default)]
    pub rate_limits: Option<Vec<RateLimit>>,
    /// The interval of full walks, counted from the end of the last one.
    #[serde(default = "weekly", deserialize_with = "duration::positive")]
    pub full_every: Duration,
    /// The interval of its runs; overrides `--every`.
    #[serde(default, deserialize_with = "duration::positive")]
    pub every: Option<Duration>,
    /// Which of the hosts that the component asks for it may reach, in the forms of a manifest; all if `None`.
    #[serde(default)]
    pub hosts: Option<Vec<String>>,
    /// Private or otherwise special addresses that the component may reach.
    #[serde(default, deserialize_with = "networks")]
    pub allow_addresses: Vec<IpNet>,
    /// A PEM file of certificate authorities to trust besides the system's.
    #[serde(default, deserialize_with = "values::path")]
    pub ca_file: Option<PathBuf>,
    /// Whether the component may reach this machine, by http and https: for tests and demos.
    #[serde(default)]
    pub allow_loopback_http: bool,
    /// How to try again while the API is unavailable.
    #[serde(default)]
    pub retry: Retry,
    /// How long to wait for the API and the component.
    #[serde(default)]
    pub timeouts: Timeouts,
    /// What one call of the component may take.
    #[serde(default)]
    pub limits: Limits,
}

/// Which events are delivered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Emit {
    /// One for each device that was seen.
    #[default]
    Seen,
    /// One for each device of which something else changed than the time when it was seen.
    Changed,
}

/// Returns whether a text can name an account: letters from a to z in either case, digits, `-` and `_`.
pub(crate) fn is_account_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

impl Account {
    /// Reads the table `[account.NAME]` of `file`, to whose folder relative paths are relative. What is wrong is added to
    /// `problems`.
    pub(super) fn read(
        name: String,
        table: toml::Table,
        file: &Path,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        let folder = file.parent().unwrap_or(Path::new(""));
        let key = format!("account.{name}");
        if !is_account_name(&name) {
            problems.push(Problem::new(
                format!("account.{name:?}"),
                "is not a valid name of an account: use letters, digits, `-` and `_`",
            ));
        }
        let deliver = table.get("deliver").and_then(toml::Value::as_table);
        let deliver = deliver.cloned().unwrap_or_default();
        let deliver = DestinationConfig::read(&format!("{key}.deliver"), deliver, folder, problems);
        let mut account: Self = read(&key, table, problems)?;
        account.check(&key, problems);
        account.name = name;
        account.file = file.to_owned();
        account.component = folder.join(account.component);
        account.ca_file = account.ca_file.map(|path| folder.join(path));
        for source in account.secrets.values_mut() {
            source.resolve_path(folder);
        }
        account.deliver = deliver?;
        Some(account)
    }

    /// Checks what concerns several values.
    fn check(&self, key: &str, problems: &mut Vec<Problem>) {
        selection::check(&self.only, &self.skip, key, problems);
        self.retry.check(key, problems);
        let mut limits = self.rate_limits.iter().flatten();
        if limits.any(|limit| limit.requests == 0 || limit.seconds == 0) {
            problems.push(Problem::new(
                format!("{key}.rate_limits"),
                "must have one request and one second at least, such as [{ requests = 10, seconds = 1 }]; [] means \
                 no limit",
            ));
        }
    }

    /// Returns whether a source is collected, by its `only` and `skip`.
    pub(crate) fn wants(&self, id: &str, name: &str) -> bool {
        selection::wants(&self.only, &self.skip, id, name)
    }

    /// Reads every secret of the account, by the secret's name.
    ///
    /// # Errors
    ///
    /// One problem, with its key, for each secret that cannot be read.
    pub(crate) fn resolve_secrets(&self) -> Result<BTreeMap<String, SecretString>, Vec<Problem>> {
        let mut secrets = BTreeMap::new();
        let mut problems = Vec::new();
        for (name, source) in &self.secrets {
            match source.resolve().and_then(long_enough) {
                Ok(secret) => {
                    secrets.insert(name.clone(), secret);
                }
                Err(error) => problems.push(Problem::new(self.key("secrets", name), error)),
            }
        }
        if problems.is_empty() {
            Ok(secrets)
        } else {
            Err(problems)
        }
    }

    /// Returns the files of its events, with its name.
    pub(super) fn files(&mut self) -> Option<(&str, &mut FileConfig)> {
        match &mut self.deliver {
            DestinationConfig::File(files) => Some((&self.name, files)),
            _ => None,
        }
    }

    /// Returns the error that reports these problems of the account.
    pub(crate) fn invalid(&self, problems: &[Problem]) -> ConfigError {
        ConfigError::of(&self.file, problems)
    }

    /// Returns the full name of a key in one of the account's tables: `account.acme.config.client_id`.
    pub(crate) fn key(&self, table: &str, key: &str) -> String {
        format!("account.{}.{table}.{key}", self.name)
    }
}

fn weekly() -> Duration {
    Duration::from_secs(7 * 24 * 60 * 60)
}

/// Accepts any table: its kind decides which keys it has, so [`DestinationConfig::read`] reads it by itself.
fn read_later<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DestinationConfig, D::Error> {
    toml::Table::deserialize(deserializer).map(|_| DestinationConfig::default())
}

/// Deserializes a digest, in lower case.
fn sha256<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let digest = String::deserialize(deserializer)?;
    if digest.len() != 64 || !digest.chars().all(|c| c.is_ascii_hexdigit()) {
        return Err(D::Error::custom(
            "is not a SHA-256 digest of 64 hexadecimal digits: copy the one that `asset-host describe` or `sha256sum` \
             prints",
        ));
    }
    Ok(Some(digest.to_ascii_lowercase()))
}

/// Deserializes addresses and networks; an address is a network of its own.
fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    let network = |text: String| {
        let address = || text.parse::<IpAddr>().map(IpNet::from);
        text.parse().or_else(|_| address()).map_err(|_| {
            D::Error::custom(format_args!(
                "{text:?} is not a valid network: write an address or a network such as \"10.0.0.0/8\""
            ))
        })
    };
    let texts = Vec::<String>::deserialize(deserializer)?;
    texts.into_iter().map(network).collect()
}

/// Deserializes the component's config as JSON.
fn config<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Map<String, Value>, D::Error> {
    let table = toml::Table::deserialize(deserializer)?;
    match json(toml::Value::Table(table)) {
        Some(Value::Object(config)) => Ok(config),
        _ => Err(D::Error::custom(
            "contains `nan` or `inf`, which JSON cannot represent",
        )),
    }
}

/// Returns a value as JSON, or `None` if a number is not finite.
fn json(value: toml::Value) -> Option<Value> {
    Some(match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => Number::from_f64(number)?.into(),
        toml::Value::Boolean(flag) => flag.into(),
        toml::Value::Datetime(time) => time.to_string().into(),
        toml::Value::Array(items) => items.into_iter().map(json).collect::<Option<_>>()?,
        toml::Value::Table(table) => {
            let entries = table.into_iter();
            let entries = entries.map(|(key, value)| Some((key, json(value)?)));
            Value::Object(entries.collect::<Option<_>>()?)
        }
    })
}
