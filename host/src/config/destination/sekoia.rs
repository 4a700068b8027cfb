//! The asset connector of a Sekoia.io platform: `to = "sekoia"`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use http::header::{self, HeaderValue};
use serde::Deserialize;
use serde::de::{Deserializer, Error};
use url::Url;
use uuid::Uuid;

use crate::config::destination::format::{Format, SekoiaTasks};
use crate::config::destination::headers::{Header, HeaderText};
use crate::config::destination::http::{self as intake, HttpConfig, RequestTimeouts};
use crate::config::problem::{Problem, read as read_table};
use crate::config::secret_source::SecretSource;
use crate::config::values::{self, Retry};
use crate::units::duration;

/// The platform if `base` does not name one.
const BASE: &str = "https://api.sekoia.io";

/// The keys of `to = "sekoia"`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    /// The platform: an origin, and the path of its API, if there is one.
    #[serde(deserialize_with = "intake::url")]
    base: Url,
    /// The asset connector, as the platform names it.
    #[serde(deserialize_with = "uuid")]
    uuid: Uuid,
    api_key: SecretSource,
    /// The events of one request.
    #[serde(default = "batch", deserialize_with = "values::up_to::<_, 1000>")]
    batch: usize,
    #[serde(default, deserialize_with = "duration::positive")]
    task_wait: Option<Duration>,
    #[serde(default, deserialize_with = "duration::positive")]
    task_poll: Option<Duration>,
    #[serde(default, deserialize_with = "values::path")]
    ca_file: Option<PathBuf>,
    #[serde(default)]
    timeouts: RequestTimeouts,
    #[serde(default)]
    retry: Retry,
}

/// Reads the table `key` of a destination `to = "sekoia"`.
pub(super) fn read(
    key: &str,
    mut table: toml::Table,
    folder: &Path,
    problems: &mut Vec<Problem>,
) -> Option<HttpConfig> {
    table.entry("base").or_insert_with(|| BASE.into());
    let keys: Keys = read_table(key, table, problems)?;
    if keys.base.query().is_some() {
        problems.push(Problem::new(
            format!("{key}.base"),
            format_args!("has a part after `?`: name only the platform, such as \"{BASE}\""),
        ));
    }
    let uuid = keys.uuid.to_string();
    let agent = HeaderValue::try_from(format!("sekoiaio-asset-connector-{uuid}")).ok()?;
    let tasks = SekoiaTasks {
        base: keys.base,
        wait: keys.task_wait.unwrap_or(Duration::from_secs(300)),
        poll: keys.task_poll.unwrap_or(Duration::from_secs(1)),
    };
    let connector = ["api", "v2", "asset-management", "asset-connector", &uuid];
    let http = HttpConfig {
        url: tasks.url(connector),
        allow_plain_http: false,
        format: Format::Sekoia(tasks),
        headers: vec![
            Header {
                key: "api_key".to_owned(),
                name: header::AUTHORIZATION,
                text: HeaderText::Secret {
                    prefix: "Bearer ".to_owned(),
                    source: keys.api_key,
                },
            },
            Header {
                key: "uuid".to_owned(),
                name: header::USER_AGENT,
                text: HeaderText::Plain(agent),
            },
        ],
        gzip: false,
        batch_events: keys.batch,
        batch_bytes: usize::MAX,
        ca_file: keys.ca_file,
        timeouts: keys.timeouts,
        retry: keys.retry,
    };
    Some(http.checked(key, "base", folder, problems))
}

fn uuid<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Uuid, D::Error> {
    Uuid::try_parse(&String::deserialize(deserializer)?).map_err(|_| {
        D::Error::custom(
            "must be the UUID of the asset connector, as its page in Sekoia.io shows it, such as \
             \"00000000-0000-4000-8000-000000000000\"",
        )
    })
}

fn batch() -> usize {
    100
}
