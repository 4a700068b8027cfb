//! `[cluster]`: the servers of NATS JetStream that keep the state of many replicas.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error};
use url::Url;

use crate::config::problem::Problem;
use crate::config::secret_source::SecretSource;
use crate::config::values;
use crate::units::duration;

/// What to say about any other value of `credentials`, which may be the secret itself.
const FORMS: &str = "must be one of { file = SECRET }, { token = SECRET } and { user = { name = \"NAME\", password = \
     SECRET } }, where SECRET says where the secret comes from, such as { env = \"NAME\" }, { file = \"path\" } or \
     { command = [\"program\", \"argument\"] }, and does not contain it";

/// The shortest and the longest lease.
const LEASE: std::ops::RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(300);

/// `[cluster]`, in the place of `[state]`.
#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClusterConfig {
    /// The servers, as `nats://HOST:PORT` or `tls://HOST:PORT`.
    pub servers: Vec<String>,
    /// What the replicas authenticate with; `None` where the servers ask for nothing.
    #[serde(default, deserialize_with = "credentials")]
    pub credentials: Option<Credentials>,
    /// A PEM file of the certificate authorities to trust in the place of the system's.
    #[serde(default, deserialize_with = "values::path")]
    pub ca_file: Option<PathBuf>,
    /// How many copies the servers keep.
    #[serde(default = "three", deserialize_with = "values::up_to::<_, 5>")]
    pub replicas: usize,
    /// Whether fewer copies than three are accepted.
    #[serde(default)]
    pub allow_fewer_replicas: bool,
    /// What the names of the streams and of their subjects begin with.
    #[serde(default = "prefix")]
    pub prefix: String,
    /// How long a replica may be silent before another one continues with its accounts.
    #[serde(default = "lease", deserialize_with = "duration::positive")]
    pub lease: Duration,
    /// The file of the rejects of this replica.
    #[serde(default = "rejects", deserialize_with = "values::path")]
    pub rejects: PathBuf,
}

/// What a replica authenticates with.
#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub(crate) enum Credentials {
    /// The content of a NATS credentials file: a user's JWT and the seed of its key.
    File(SecretSource),
    /// A token.
    Token(SecretSource),
    /// A user and a password.
    User {
        /// The user's name.
        name: String,
        /// The password.
        password: SecretSource,
    },
}

impl ClusterConfig {
    /// Returns what to call the cluster in a message: the servers and the prefix.
    pub(crate) fn place(&self) -> String {
        format!("the streams {} on {}", self.prefix, self.servers.join(", "))
    }

    /// Checks the table, and makes relative paths relative to `folder`. What is wrong is added to `problems`.
    pub(super) fn check(&mut self, folder: &Path, problems: &mut Vec<Problem>) {
        let mut wrong = |key: &str, message: &str| {
            problems.push(Problem::new(format!("cluster.{key}"), message));
        };
        if cfg!(not(feature = "cluster")) {
            wrong(
                "servers",
                "this program was built without the feature `cluster`: use [state], or a program with it",
            );
        }
        if self.servers.is_empty() {
            wrong("servers", "must name one server at least");
        }
        for (index, server) in self.servers.iter().enumerate() {
            if !is_server(server) {
                wrong(
                    &format!("servers[{index}]"),
                    "must be nats://HOST:PORT or tls://HOST:PORT and nothing else: one server in each text of the list; \
                     user, password and token go into `credentials`",
                );
            }
        }
        if self.replicas < three() && !self.allow_fewer_replicas {
            wrong(
                "replicas",
                "must be 3 or more, so that the loss of a server loses nothing: for tests, set \
                 allow_fewer_replicas = true",
            );
        }
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if self.prefix.is_empty() || !self.prefix.chars().all(is_word) {
            wrong("prefix", "must consist of letters, digits, `-` and `_`");
        }
        if !LEASE.contains(&self.lease) {
            wrong("lease", "must be a duration from \"1s\" to \"5m\"");
        }
        self.rejects = folder.join(&self.rejects);
        self.ca_file = self.ca_file.take().map(|path| folder.join(path));
        if let Some(
            Credentials::File(secret)
            | Credentials::Token(secret)
            | Credentials::User {
                password: secret, ..
            },
        ) = &mut self.credentials
        {
            secret.resolve_path(folder);
        }
    }
}

/// Returns whether a text is a URL of a server that holds neither credentials nor a list.
fn is_server(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        let host = url.host_str().unwrap_or_default();
        let rest = [url.username(), url.path().trim_start_matches('/')];
        matches!(url.scheme(), "nats" | "tls")
            && !host.is_empty()
            && !host.contains([',', '%'])
            && rest.iter().all(|part| part.is_empty())
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    })
}

/// Deserializes credentials. The message repeats no value and no key.
fn credentials<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Credentials>, D::Error> {
    let value = toml::Value::deserialize(deserializer)?;
    let read = Credentials::deserialize(value);
    read.map(Some).map_err(|_| D::Error::custom(FORMS))
}

fn three() -> usize {
    3
}

fn prefix() -> String {
    "assets".to_owned()
}

fn lease() -> Duration {
    Duration::from_secs(5)
}

fn rejects() -> PathBuf {
    "state.rejects.ndjson".into()
}
