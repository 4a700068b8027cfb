//! `[cluster]`: the servers of NATS JetStream that keep the state of many replicas.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use crate::config::secret_source::SecretSource;
use crate::units::duration;

/// `[cluster]`, in the place of `[state]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClusterConfig {
    /// The servers, as `nats://HOST:PORT` or `tls://HOST:PORT`.
    pub servers: Vec<String>,
    /// What the replicas authenticate with; `None` where the servers ask for nothing.
    #[serde(default)]
    pub credentials: Option<Credentials>,
    /// A PEM file of the certificate authorities to trust in the place of the system's.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// How many copies the servers keep.
    #[serde(default = "three")]
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
    #[serde(default)]
    pub rejects: PathBuf,
}

/// What a replica authenticates with.
#[derive(Debug, Clone, PartialEq, Deserialize)]
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

fn three() -> usize {
    3
}

fn prefix() -> String {
    "assets".to_owned()
}

fn lease() -> Duration {
    Duration::from_secs(5)
}
