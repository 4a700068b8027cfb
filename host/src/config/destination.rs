//! Where an account's events go: `[account.NAME.deliver]`.
//!
//! One file for each destination that has more to check than a path. What is wrong is found here, before
//! anything is collected; what a secret's source gives is found when the destination is opened.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::config::account::{self, Retry};
use crate::config::secret_source::SecretSource;
use crate::config::{Problem, file};
use crate::network::client;
use crate::text::similar;

mod address;
mod headers;
mod http;
mod identity;
mod sekoia;
#[cfg(test)]
mod tests;

pub(crate) use self::headers::{Header, HeaderText};
pub(crate) use self::http::{BodyFormat, Http};
pub(crate) use self::sekoia::Sekoia;

/// The destinations that there are, each with its keys beside `to`.
const KNOWN: [(&str, &[&str]); 4] = [
    ("stdout", &[]),
    ("file", &["path"]),
    (
        "sekoia",
        &[
            "base",
            "uuid",
            "api_key",
            "batch",
            "task_wait",
            "task_poll",
            "ca_file",
            "timeouts",
            "retry",
        ],
    ),
    (
        "http",
        &[
            "url",
            "allow_plain_http",
            "format",
            "headers",
            "gzip",
            "batch_events",
            "batch_bytes",
            "ca_file",
            "timeouts",
            "retry",
        ],
    ),
];

/// Where an account's events go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// Standard output, the default.
    Stdout,
    /// The end of a file.
    File {
        /// The file.
        path: PathBuf,
    },
    /// The asset connector of a Sekoia.io platform.
    Sekoia(Sekoia),
    /// Any intake that takes events by POST.
    Http(Http),
}

/// A secret of a destination: where it comes from, and what messages call it. Two are equal if they come from
/// the same place, so that accounts with equal tables have equal destinations.
#[derive(Debug, Clone, Eq)]
pub struct DeliverSecret {
    /// The key with the tables that it is in, such as `account.acme.deliver.api_key`.
    pub key: String,
    /// Where it comes from.
    pub source: SecretSource,
}

impl PartialEq for DeliverSecret {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

/// How long to wait for a destination: `[account.NAME.deliver.timeouts]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestTimeouts {
    /// For a TCP connection; TLS on it has as long again.
    pub connect: Duration,
    /// For a whole answer, from the request's first byte to the answer's last.
    pub answer: Duration,
}

impl From<RequestTimeouts> for client::Timeouts {
    fn from(timeouts: RequestTimeouts) -> Self {
        Self {
            connect: timeouts.connect,
            tls: timeouts.connect,
            first_byte: Duration::MAX,
            between_bytes: Duration::MAX,
            request: timeouts.answer,
        }
    }
}

impl Default for RequestTimeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            answer: Duration::from_secs(60),
        }
    }
}

impl Destination {
    /// Checks the table `[account.NAME.deliver]`, whose name with all tables is `key`; relative paths are
    /// relative to `folder`. What is wrong is added to `problems`, and the answer is then none.
    pub(super) fn check(
        key: &str,
        table: file::Deliver,
        folder: &Path,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        let to = table.to.as_deref().unwrap_or("stdout");
        let Some((_, keys)) = KNOWN.iter().find(|(name, _)| *name == to) else {
            problems.push(Problem::new(
                format!("{key}.to"),
                format_args!(
                    "{to:?} is not a destination{}; known are \"stdout\", \"file\", \"sekoia\" and \"http\"",
                    similar::hint(to, KNOWN.map(|(name, _)| name))
                ),
            ));
            return None;
        };
        let before = problems.len();
        for foreign in set(&table).filter(|name| !keys.contains(name)) {
            problems.push(Problem::new(
                format!("{key}.{foreign}"),
                belongs_elsewhere(foreign, to),
            ));
        }
        let destination = match to {
            "file" => path(key, &table, folder, problems).map(|path| Self::File { path }),
            "sekoia" => Sekoia::check(key, &table, folder, problems).map(Self::Sekoia),
            "http" => Http::check(key, &table, folder, problems).map(Self::Http),
            _ => Some(Self::Stdout),
        };
        destination.filter(|_| problems.len() == before)
    }
}

/// The keys beside `to` that a table has.
fn set(table: &file::Deliver) -> impl Iterator<Item = &'static str> {
    [
        ("path", table.path.is_some()),
        ("base", table.base.is_some()),
        ("uuid", table.uuid.is_some()),
        ("api_key", table.api_key.is_some()),
        ("batch", table.batch.is_some()),
        ("task_wait", table.task_wait.is_some()),
        ("task_poll", table.task_poll.is_some()),
        ("url", table.url.is_some()),
        ("allow_plain_http", table.allow_plain_http.is_some()),
        ("format", table.format.is_some()),
        ("headers", table.headers.is_some()),
        ("gzip", table.gzip.is_some()),
        ("batch_events", table.batch_events.is_some()),
        ("batch_bytes", table.batch_bytes.is_some()),
        ("ca_file", table.ca_file.is_some()),
        ("timeouts", table.timeouts.is_some()),
        ("retry", table.retry.is_some()),
    ]
    .into_iter()
    .filter_map(|(name, set)| set.then_some(name))
}

/// What to say about a key of other destinations than `to`.
fn belongs_elsewhere(key: &str, to: &str) -> String {
    let owners: Vec<String> = KNOWN
        .iter()
        .filter(|(_, keys)| keys.contains(&key))
        .map(|(name, _)| format!("to = \"{name}\""))
        .collect();
    let owners = owners.join(" or ");
    format!("belongs to {owners}, and the events go to {to}: write {owners}, or remove this key")
}

/// Checks the path of a file.
fn path(
    key: &str,
    table: &file::Deliver,
    folder: &Path,
    problems: &mut Vec<Problem>,
) -> Option<PathBuf> {
    match &table.path {
        Some(path) if !path.as_os_str().is_empty() => Some(folder.join(path)),
        _ => {
            problems.push(Problem::new(
                format!("{key}.path"),
                "is missing or empty: name the file to append to, such as path = \"events.ndjson\"",
            ));
            None
        }
    }
}

/// Checks a number of events or bytes.
fn count(
    key: &str,
    value: Option<u64>,
    default: usize,
    most: usize,
    problems: &mut Vec<Problem>,
) -> usize {
    let Some(value) = value else {
        return default;
    };
    match usize::try_from(value) {
        Ok(value) if (1..=most).contains(&value) => value,
        _ => {
            problems.push(Problem::new(
                key,
                format_args!("must be from 1 to {most}: the default is {default}"),
            ));
            default
        }
    }
}

/// Checks `[account.NAME.deliver.timeouts]`.
fn timeouts(key: &str, table: &file::Deliver, problems: &mut Vec<Problem>) -> RequestTimeouts {
    let default = RequestTimeouts::default();
    let Some(table) = &table.timeouts else {
        return default;
    };
    let mut positive = |name, value, default| {
        account::positive(&format!("{key}.timeouts.{name}"), value, default, problems)
    };
    RequestTimeouts {
        connect: positive("connect", table.connect, default.connect),
        answer: positive("answer", table.answer, default.answer),
    }
}

/// Checks `[account.NAME.deliver.retry]`.
fn retry(key: &str, table: &file::Deliver, problems: &mut Vec<Problem>) -> Retry {
    match &table.retry {
        Some(retry) => account::retry(key, retry, problems),
        None => Retry::default(),
    }
}
