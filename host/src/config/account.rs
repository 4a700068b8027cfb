//! One account: which component collects it, with which config and secrets, and how.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::SecretString;

use crate::config::limits;
use crate::config::secret_source::{SecretSource, long_enough};
use crate::config::{Destination, Problem, Reach, Selection, file};
use crate::contract::limits::Limits;
use crate::contract::limits::Timeouts;
use crate::contract::manifest::RateLimit;
use crate::text::similar;
use crate::units::duration;

/// How often everything is walked, where `full_every` does not say it.
const FULL_EVERY: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// A checked account.
#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    /// The name: letters, digits, `-` and `_`.
    pub name: String,
    /// The component's file.
    pub component: PathBuf,
    /// The SHA-256 digest that the component's file must have: 64 hexadecimal digits in lower case.
    pub sha256: Option<String>,
    /// The component's own config as a JSON object; times of TOML are texts in it.
    pub config: serde_json::Map<String, serde_json::Value>,
    /// Where each secret comes from, by the secret's name.
    pub secrets: BTreeMap<String, SecretSource>,
    /// Where the events go.
    pub deliver: Destination,
    /// Which sources are collected.
    pub selection: Selection,
    /// Which events are delivered.
    pub emit: Emit,
    /// How many requests the API is sent at most; none where the component's manifest decides.
    pub rate_limits: Option<Vec<RateLimit>>,
    /// After how long everything is walked again, counted from the end of the last full walk.
    pub full_every: Duration,
    /// How far the component reaches, and what it sees of a secret.
    pub reach: Reach,
    /// How long and how often to try again while the API is unavailable.
    pub retry: Retry,
    /// How long to wait for the API and the component.
    pub timeouts: Timeouts,
    /// How much one call of the component may take.
    pub limits: Limits,
}

/// Which events are delivered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Emit {
    /// One for each device that was seen.
    #[default]
    Seen,
    /// One for each device of which something else changed than when it was seen.
    Changed,
}

/// How to try again while the API is unavailable: pauses of random length up to a bound that doubles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// How long to go on before the source is given up; 0 gives it up at once.
    pub total: Duration,
    /// The bound of the first pause.
    pub first: Duration,
    /// The bound that the pauses do not outgrow.
    pub most: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            total: Duration::from_secs(600),
            first: Duration::from_secs(1),
            most: Duration::from_secs(60),
        }
    }
}

/// Whether a text can name an account: at least one of the letters a to z in either case, digits, `-`, `_`.
pub(crate) fn is_account_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

impl Account {
    /// Checks the table `[account.NAME]`; relative paths are relative to `folder`. What is wrong is added
    /// to `problems`; the answer may be none then.
    pub(super) fn check(
        name: String,
        table: file::Account,
        folder: &Path,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        let key = format!("account.{name}");
        if !is_account_name(&name) {
            problems.push(Problem::new(
                format!("account.{name:?}"),
                "is not a name for an account: use letters, digits, `-` and `_`",
            ));
        }
        if table.component.as_os_str().is_empty() {
            problems.push(Problem::new(
                format!("{key}.component"),
                "is empty: name the component's file, such as \"sophos-assets.wasm\"",
            ));
        }
        let reach = Reach::check(&key, &table, folder, problems);
        let config = config(&key, table.config, problems);
        let secrets = secrets(&key, &table.secrets, folder, problems);
        let deliver =
            Destination::check(&format!("{key}.deliver"), table.deliver, folder, problems);
        Some(Self {
            component: folder.join(table.component),
            sha256: sha256(&key, table.sha256, problems),
            selection: Selection::check(&key, table.only, table.skip, problems),
            emit: emit(&key, table.emit.as_deref(), problems),
            rate_limits: rate_limits(&key, table.rate_limits, problems),
            full_every: full_every(&key, table.full_every, problems),
            reach,
            retry: retry(&key, &table.retry, problems),
            timeouts: limits::timeouts(&key, &table.timeouts, problems),
            limits: limits::limits(&key, &table.limits, problems),
            name,
            config: config?,
            secrets: secrets?,
            deliver: deliver?,
        })
    }

    /// Reads every secret of the account, by the secret's name.
    ///
    /// # Errors
    ///
    /// One problem for each secret whose source gives none, with its key.
    pub fn resolve_secrets(&self) -> Result<BTreeMap<String, SecretString>, Vec<Problem>> {
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

    /// The full name of a key in one of the account's tables: `account.acme.config.client_id`.
    pub fn key(&self, table: &str, key: &str) -> String {
        format!("account.{}.{table}.{key}", self.name)
    }
}

/// Turns `[account.NAME.config]` into a JSON object.
fn config(
    key: &str,
    value: toml::Value,
    problems: &mut Vec<Problem>,
) -> Option<serde_json::Map<String, serde_json::Value>> {
    let key = format!("{key}.config");
    match json(value) {
        Some(serde_json::Value::Object(object)) => Some(object),
        Some(_) => {
            let table = format!("must be a table with what the component asks for: [{key}]");
            problems.push(Problem::new(key, table));
            None
        }
        None => {
            problems.push(Problem::new(
                key,
                "holds `nan` or `inf`, which JSON does not have",
            ));
            None
        }
    }
}

/// Turns TOML into JSON; none where a number is not finite.
fn json(value: toml::Value) -> Option<serde_json::Value> {
    Some(match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => serde_json::Number::from_f64(number)?.into(),
        toml::Value::Boolean(flag) => flag.into(),
        toml::Value::Datetime(time) => time.to_string().into(),
        toml::Value::Array(items) => {
            serde_json::Value::Array(items.into_iter().map(json).collect::<Option<_>>()?)
        }
        toml::Value::Table(table) => serde_json::Value::Object(
            table
                .into_iter()
                .map(|(key, value)| Some((key, json(value)?)))
                .collect::<Option<_>>()?,
        ),
    })
}

/// Reads `[account.NAME.secrets]`.
fn secrets(
    key: &str,
    value: &toml::Value,
    folder: &Path,
    problems: &mut Vec<Problem>,
) -> Option<BTreeMap<String, SecretSource>> {
    let toml::Value::Table(table) = value else {
        problems.push(Problem::new(
            format!("{key}.secrets"),
            format_args!(
                "must be a table that tells where each secret comes from: [{key}.secrets], and below it a \
                 line such as client_secret = {{ env = \"CLIENT_SECRET\" }}"
            ),
        ));
        return None;
    };
    let before = problems.len();
    let mut secrets = BTreeMap::new();
    for (name, value) in table {
        match SecretSource::from_toml(value, folder) {
            Ok(source) => {
                secrets.insert(name.clone(), source);
            }
            Err(error) => problems.push(Problem::new(format!("{key}.secrets.{name}"), error)),
        }
    }
    (problems.len() == before).then_some(secrets)
}

/// Checks `sha256` and puts it in lower case.
fn sha256(key: &str, digest: Option<String>, problems: &mut Vec<Problem>) -> Option<String> {
    let digest = digest?;
    if digest.len() != 64 || !digest.chars().all(|c| c.is_ascii_hexdigit()) {
        problems.push(Problem::new(
            format!("{key}.sha256"),
            "is not a SHA-256 digest of 64 hexadecimal digits: take the one that `asset-host describe` or \
             `sha256sum` prints",
        ));
    }
    Some(digest.to_ascii_lowercase())
}

/// Checks `emit`.
fn emit(key: &str, value: Option<&str>, problems: &mut Vec<Problem>) -> Emit {
    match value {
        None | Some("seen") => Emit::Seen,
        Some("changed") => Emit::Changed,
        Some(other) => {
            problems.push(Problem::new(
                format!("{key}.emit"),
                format_args!(
                    "{other:?} is not known{}: \"seen\" delivers each device that was seen, \"changed\" only \
                     those of which something else changed",
                    similar::hint(other, ["seen", "changed"])
                ),
            ));
            Emit::Seen
        }
    }
}

/// Checks `rate_limits`.
fn rate_limits(
    key: &str,
    limits: Option<Vec<file::RateLimit>>,
    problems: &mut Vec<Problem>,
) -> Option<Vec<RateLimit>> {
    let limits = limits?;
    if limits
        .iter()
        .any(|limit| limit.requests == 0 || limit.seconds == 0)
    {
        problems.push(Problem::new(
            format!("{key}.rate_limits"),
            "must be of one request and one second at least, such as [{ requests = 10, seconds = 1 }]; no \
             limit at all is []",
        ));
    }
    let limit = |limit: file::RateLimit| RateLimit {
        requests: limit.requests,
        seconds: limit.seconds,
    };
    Some(limits.into_iter().map(limit).collect())
}

/// Checks `full_every`.
fn full_every(key: &str, value: Option<Duration>, problems: &mut Vec<Problem>) -> Duration {
    if value == Some(Duration::ZERO) {
        problems.push(Problem::new(
            format!("{key}.full_every"),
            "must be longer than 0s: to walk everything in one run, use `asset-host collect --full`",
        ));
    }
    value.unwrap_or(FULL_EVERY)
}

/// Checks the table `retry` in the table `key`.
pub(super) fn retry(key: &str, table: &file::Retry, problems: &mut Vec<Problem>) -> Retry {
    let default = Retry::default();
    let retry = Retry {
        total: table.total.unwrap_or(default.total),
        first: positive(
            &format!("{key}.retry.first"),
            table.first,
            default.first,
            problems,
        ),
        most: positive(
            &format!("{key}.retry.most"),
            table.most,
            default.most,
            problems,
        ),
    };
    if retry.first > retry.most {
        problems.push(Problem::new(
            format!("{key}.retry.first"),
            format_args!(
                "{} is longer than `most`, which is {}: the first pause must not be longer than the longest",
                duration::format(retry.first),
                duration::format(retry.most)
            ),
        ));
    }
    retry
}

/// Checks a duration that makes no sense if it is zero.
pub(super) fn positive(
    key: &str,
    value: Option<Duration>,
    default: Duration,
    problems: &mut Vec<Problem>,
) -> Duration {
    if value == Some(Duration::ZERO) {
        problems.push(Problem::new(
            key,
            format_args!(
                "must be longer than 0s: the default is {}",
                duration::format(default)
            ),
        ));
    }
    value.unwrap_or(default)
}
