//! Where the state is: the file that `[state]` names, or the servers of `[cluster]`.

#[cfg(test)]
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;

use crate::config::cluster::ClusterConfig;
#[cfg(test)]
use crate::config::problem::ConfigError;
use crate::config::values;

/// Where the state of all accounts is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum StateConfig {
    /// A file of this machine.
    File(PathBuf),
    /// Servers that several replicas share.
    Cluster(ClusterConfig),
}

impl StateConfig {
    /// Returns what to call the state in a message: the file, or the servers and the prefix.
    pub(crate) fn place(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Cluster(cluster) => {
                let servers = cluster.servers.join(", ");
                format!("the streams {} on {servers}", cluster.prefix)
            }
        }
    }

    /// Returns the state file.
    ///
    /// # Errors
    ///
    /// When the state is on servers.
    #[cfg(test)]
    pub(crate) fn path(&self) -> Result<&Path, ConfigError> {
        match self {
            Self::File(path) => Ok(path),
            Self::Cluster(_) => Err(ConfigError::new(
                "cluster: this command works with a state file only: use [state]",
            )),
        }
    }

    /// Returns the name of its table.
    pub(super) fn key(&self) -> &'static str {
        match self {
            Self::File(_) => "state",
            Self::Cluster(_) => "cluster",
        }
    }
}

/// `[state]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StateTable {
    #[serde(default = "state_db", deserialize_with = "values::path")]
    pub path: PathBuf,
}

/// Returns the state's name in the folder of the configuration where nothing else is configured.
pub(super) fn state_db() -> PathBuf {
    "state.db".into()
}
