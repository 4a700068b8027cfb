//! The asset connector of a Sekoia.io platform: `to = "sekoia"`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error};
use url::Url;
use uuid::Uuid;

use crate::config::destination::address;
use crate::config::destination::request::{DeliverSecret, RequestTimeouts};
use crate::config::problem::{Problem, read};
use crate::config::values::{self, Retry};
use crate::units::duration;

/// The platform if `base` does not name one.
const BASE: &str = "https://api.sekoia.io";

/// The keys of `to = "sekoia"`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sekoia {
    /// The platform: an origin, and the path of its API, if there is one.
    #[serde(deserialize_with = "address::deserialize")]
    pub base: Url,
    /// The asset connector, as the platform names it.
    #[serde(deserialize_with = "uuid")]
    pub uuid: String,
    pub api_key: DeliverSecret,
    /// The events of one request.
    #[serde(default = "batch", deserialize_with = "values::up_to::<_, 1000>")]
    pub batch: usize,
    /// How long the platform may take to ingest a batch before its page is left unconfirmed.
    #[serde(default = "task_wait", deserialize_with = "duration::positive")]
    pub task_wait: Duration,
    /// How long to wait before the platform is asked a second time whether it has; doubled each time, up to five times
    /// as long.
    #[serde(default = "task_poll", deserialize_with = "duration::positive")]
    pub task_poll: Duration,
    /// A PEM file of certificate authorities to trust besides the system's.
    #[serde(default, deserialize_with = "values::path")]
    pub ca_file: Option<PathBuf>,
    #[serde(default)]
    pub timeouts: RequestTimeouts,
    #[serde(default)]
    pub retry: Retry,
}

impl Sekoia {
    pub(super) fn read(
        key: &str,
        mut table: toml::Table,
        folder: &Path,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        table.entry("base").or_insert_with(|| BASE.into());
        let mut sekoia: Self = read(key, table, problems)?;
        let base = format!("{key}.base");
        if sekoia.base.query().is_some() {
            problems.push(Problem::new(
                &base,
                format_args!("has a part after `?`: name only the platform, such as \"{BASE}\""),
            ));
        }
        address::check_secret(&base, &sekoia.base, problems);
        sekoia.retry.check(key, problems);
        sekoia.ca_file = sekoia.ca_file.map(|path| folder.join(path));
        sekoia.api_key.set_place(format!("{key}.api_key"), folder);
        Some(sekoia)
    }
}

/// Deserializes a UUID in its usual form, with hyphens.
fn uuid<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    String::deserialize(deserializer)
        .ok()
        .filter(|text| text.len() == 36 && Uuid::try_parse(text).is_ok())
        .ok_or_else(|| {
            D::Error::custom(
                "must be the UUID of the asset connector, as its page in Sekoia.io shows it, such as \
                 \"00000000-0000-4000-8000-000000000000\"",
            )
        })
}

fn batch() -> usize {
    100
}

fn task_wait() -> Duration {
    Duration::from_secs(300)
}

fn task_poll() -> Duration {
    Duration::from_secs(1)
}
