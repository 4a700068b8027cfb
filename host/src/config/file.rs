//! The shape of the configuration file, as serde reads it.
//!
//! Secrets and the component's own config stay plain TOML values here: serde's messages repeat the value
//! that they refuse, and there it might be a secret.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use crate::config::ConfigError;
use crate::units::{duration, quantity};

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(super) struct File {
    /// The accounts by name.
    #[serde(default)]
    pub account: BTreeMap<String, Account>,
    /// Where the state is.
    #[serde(default)]
    pub state: State,
}

/// `[account.NAME]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(super) struct Account {
    /// The component's file, relative to the configuration file.
    pub component: PathBuf,
    /// The SHA-256 digest that the component's file must have, in hexadecimal.
    pub sha256: Option<String>,
    /// `[account.NAME.config]`
    #[serde(default = "empty_table")]
    pub config: toml::Value,
    /// `[account.NAME.secrets]`
    #[serde(default = "empty_table")]
    pub secrets: toml::Value,
    /// `[account.NAME.deliver]`
    #[serde(default)]
    pub deliver: Deliver,
    /// Which sources are collected.
    #[serde(default)]
    pub only: Vec<String>,
    /// Which sources are not collected.
    #[serde(default)]
    pub skip: Vec<String>,
    /// Which events are delivered.
    pub emit: Option<String>,
    /// How many requests the API is sent at most, in the place of what the component names.
    pub rate_limits: Option<Vec<RateLimit>>,
    /// How often everything is walked.
    #[serde(default, deserialize_with = "duration::optional")]
    pub full_every: Option<Duration>,
    /// Whether the component may go to this very machine, without TLS too.
    #[serde(default)]
    pub allow_loopback_http: bool,
    /// Which of the hosts that the component asks for it may reach.
    pub hosts: Option<Vec<String>>,
    /// Special addresses that the component may reach.
    #[serde(default)]
    pub allow_addresses: Vec<String>,
    /// Certificate authorities to trust beside the system's, relative to the configuration file.
    pub ca_file: Option<PathBuf>,
    /// `[account.NAME.limits]`
    #[serde(default)]
    pub limits: Limits,
    /// `[account.NAME.retry]`
    #[serde(default)]
    pub retry: Retry,
    /// `[account.NAME.timeouts]`
    #[serde(default)]
    pub timeouts: Timeouts,
}

/// One of the `rate_limits`.
#[derive(Debug, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a table such as { requests = 10, seconds = 1 }"
)]
pub(super) struct RateLimit {
    /// So many requests.
    pub requests: u32,
    /// In so many seconds.
    pub seconds: u32,
}

/// `[account.NAME.deliver]`: the keys of all destinations; which of them belong together is checked later.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(super) struct Deliver {
    /// The kind of destination.
    pub to: Option<String>,
    /// `file`: the file, relative to the configuration file.
    pub path: Option<PathBuf>,
    /// `sekoia`: where the platform is.
    pub base: Option<String>,
    /// `sekoia`: the asset connector.
    pub uuid: Option<String>,
    /// `sekoia`: where the key comes from.
    pub api_key: Option<toml::Value>,
    /// `sekoia`: how many events go in one request.
    pub batch: Option<u64>,
    /// `sekoia`: how long the platform may take to ingest a batch.
    #[serde(default, deserialize_with = "duration::optional")]
    pub task_wait: Option<Duration>,
    /// `sekoia`: how long to wait before it is asked a second time whether it has.
    #[serde(default, deserialize_with = "duration::optional")]
    pub task_poll: Option<Duration>,
    /// `http`: where to post.
    pub url: Option<String>,
    /// `http`: whether events may go without TLS beyond this machine.
    pub allow_plain_http: Option<bool>,
    /// `http`: the form of a body.
    pub format: Option<String>,
    /// `http`: headers, which may hold secrets.
    pub headers: Option<toml::Value>,
    /// `http`: whether bodies are compressed.
    pub gzip: Option<bool>,
    /// `http`: how many events go in one request.
    pub batch_events: Option<u64>,
    /// `http`: how many bytes go in one request.
    pub batch_bytes: Option<u64>,
    /// `sekoia` and `http`: certificate authorities to trust, relative to the configuration file.
    pub ca_file: Option<PathBuf>,
    /// `[account.NAME.deliver.timeouts]`
    pub timeouts: Option<RequestTimeouts>,
    /// `[account.NAME.deliver.retry]`
    pub retry: Option<Retry>,
}

/// `[account.NAME.deliver.timeouts]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(super) struct RequestTimeouts {
    /// For a connection.
    #[serde(default, deserialize_with = "duration::optional")]
    pub connect: Option<Duration>,
    /// For a whole answer.
    #[serde(default, deserialize_with = "duration::optional")]
    pub answer: Option<Duration>,
}

/// `[account.NAME.retry]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(super) struct Retry {
    /// How long to go on.
    #[serde(default, deserialize_with = "duration::optional")]
    pub total: Option<Duration>,
    /// The bound of the first pause.
    #[serde(default, deserialize_with = "duration::optional")]
    pub first: Option<Duration>,
    /// The bound of every pause.
    #[serde(default, deserialize_with = "duration::optional")]
    pub most: Option<Duration>,
}

/// `[account.NAME.timeouts]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(super) struct Timeouts {
    /// For a connection.
    #[serde(default, deserialize_with = "duration::optional")]
    pub connect: Option<Duration>,
    /// For TLS on it.
    #[serde(default, deserialize_with = "duration::optional")]
    pub tls: Option<Duration>,
    /// For the first byte of an answer.
    #[serde(default, deserialize_with = "duration::optional")]
    pub first_byte: Option<Duration>,
    /// For each next byte.
    #[serde(default, deserialize_with = "duration::optional")]
    pub between_bytes: Option<Duration>,
    /// For one request as a whole.
    #[serde(default, deserialize_with = "duration::optional")]
    pub request: Option<Duration>,
    /// For one call of the component.
    #[serde(default, deserialize_with = "duration::optional")]
    pub call: Option<Duration>,
}

/// `[account.NAME.limits]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(super) struct Limits {
    /// Linear memory of an instance.
    #[serde(default, deserialize_with = "quantity::optional_bytes")]
    pub memory_bytes: Option<u64>,
    /// Computing in one call.
    #[serde(default, deserialize_with = "duration::optional")]
    pub cpu: Option<Duration>,
    /// Requests in one call.
    #[serde(default, deserialize_with = "quantity::optional_count")]
    pub requests: Option<u64>,
    /// The body of one answer.
    #[serde(default, deserialize_with = "quantity::optional_bytes")]
    pub response_bytes: Option<u64>,
    /// The texts of one page.
    #[serde(default, deserialize_with = "quantity::optional_bytes")]
    pub batch_bytes: Option<u64>,
    /// One event.
    #[serde(default, deserialize_with = "quantity::optional_bytes")]
    pub event_bytes: Option<u64>,
}

/// `[state]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(super) struct State {
    /// The state file, relative to the configuration file.
    pub path: Option<PathBuf>,
}

/// The value of a table that is not in the file.
fn empty_table() -> toml::Value {
    toml::Value::Table(toml::Table::new())
}

/// Reads the text of a configuration file.
///
/// # Errors
///
/// Text that is not TOML, unknown and missing keys, values of the wrong type. The message tells the line
/// and the key but never shows the line, which may hold a secret that should not be there.
pub(super) fn parse(path: &Path, text: &str) -> Result<File, ConfigError> {
    let unparsable = |error: &toml::de::Error, problem: String| ConfigError::Unparsable {
        file: path.to_owned(),
        line: line(text, error.span().map_or(0, |span| span.start)),
        problem,
    };
    let deserializer = toml::Deserializer::parse(text)
        .map_err(|error| unparsable(&error, format!("not TOML: {}", error.message())))?;
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let key = error.path().to_string();
        let message = error.inner().message();
        let problem = match key.as_str() {
            "." => message.to_owned(),
            key => format!("{key}: {message}"),
        };
        unparsable(error.inner(), problem)
    })
}

/// The line, from 1, that the byte at `offset` is in.
fn line(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().get(..offset).unwrap_or_default();
    1 + before.iter().filter(|byte| **byte == b'\n').count()
}
