//! The asset connector of a Sekoia.io platform: `to = "sekoia"`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use url::Url;

use crate::config::account::{self, Retry};
use crate::config::destination::{DeliverSecret, RequestTimeouts, address};
use crate::config::secret_source::SecretSource;
use crate::config::{Problem, file, reach};

/// Where the platform is, where `base` does not say it.
const BASE: &str = "https://api.sekoia.io";

/// How many events go in one request.
const BATCH: usize = 100;

/// The most that may go in one request.
const MOST: usize = 1000;

/// How long the platform may take to ingest a batch.
const TASK_WAIT: Duration = Duration::from_secs(300);

/// How long to wait before the platform is asked a second time.
const TASK_POLL: Duration = Duration::from_secs(1);

/// The asset connector of a Sekoia.io platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sekoia {
    /// Where the platform is: an origin, and the path below which it answers, if there is one.
    pub base: Url,
    /// The asset connector, as the platform names it.
    pub uuid: String,
    /// The key.
    pub api_key: DeliverSecret,
    /// How many events go in one request, from 1 to 1,000.
    pub batch: usize,
    /// How long the platform may take to ingest a batch before its page is left unconfirmed.
    pub task_wait: Duration,
    /// How long to wait before the platform is asked a second time whether it has; doubled each time, up to
    /// five times as long.
    pub task_poll: Duration,
    /// A PEM file of certificate authorities to trust beside the system's.
    pub ca_file: Option<PathBuf>,
    /// How long to wait for it.
    pub timeouts: RequestTimeouts,
    /// How to try again while it is unavailable.
    pub retry: Retry,
}

impl Sekoia {
    pub(super) fn check(
        key: &str,
        table: &file::Deliver,
        folder: &Path,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        let base = base(
            &format!("{key}.base"),
            table.base.as_deref().unwrap_or(BASE),
            problems,
        );
        let uuid = uuid(&format!("{key}.uuid"), table.uuid.as_deref(), problems);
        let api_key = api_key(
            format!("{key}.api_key"),
            table.api_key.as_ref(),
            folder,
            problems,
        );
        let batch = super::count(&format!("{key}.batch"), table.batch, BATCH, MOST, problems);
        let mut positive = |name, value, default| {
            account::positive(&format!("{key}.{name}"), value, default, problems)
        };
        let task_wait = positive("task_wait", table.task_wait, TASK_WAIT);
        let task_poll = positive("task_poll", table.task_poll, TASK_POLL);
        let ca_file = reach::ca_file(key, table.ca_file.clone(), folder, problems);
        let timeouts = super::timeouts(key, table, problems);
        let retry = super::retry(key, table, problems);
        Some(Self {
            base: base?,
            uuid: uuid?,
            api_key: api_key?,
            batch,
            task_wait,
            task_poll,
            ca_file,
            timeouts,
            retry,
        })
    }
}

fn base(key: &str, text: &str, problems: &mut Vec<Problem>) -> Option<Url> {
    let url = address::check(key, text, problems)?;
    if url.query().is_some() {
        problems.push(Problem::new(
            key,
            format_args!("has a part after `?`: name the platform only, such as \"{BASE}\""),
        ));
    }
    address::protects_secrets(key, &url, problems);
    Some(url)
}

fn uuid(key: &str, text: Option<&str>, problems: &mut Vec<Problem>) -> Option<String> {
    match text {
        Some(text) if is_uuid(text) => Some(text.to_owned()),
        _ => {
            problems.push(Problem::new(
                key,
                "must be the UUID of the asset connector, as its page in Sekoia.io shows it, such as \
                 \"00000000-0000-4000-8000-000000000000\"",
            ));
            None
        }
    }
}

/// Whether a text is a UUID in its usual form: 8, 4, 4, 4 and 12 hexadecimal digits.
fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups
            .iter()
            .all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn api_key(
    key: String,
    value: Option<&toml::Value>,
    folder: &Path,
    problems: &mut Vec<Problem>,
) -> Option<DeliverSecret> {
    let Some(value) = value else {
        problems.push(Problem::new(
            key,
            "is missing: tell where the key comes from, such as api_key = { env = \"SEKOIA_API_KEY\" }",
        ));
        return None;
    };
    match SecretSource::from_toml(value, folder) {
        Ok(source) => Some(DeliverSecret { key, source }),
        Err(error) => {
            problems.push(Problem::new(key, error));
            None
        }
    }
}
