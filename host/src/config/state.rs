//! Where the state is: the file that `[state]` names, or the servers of `[cluster]`.

#[cfg(test)]
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;

use crate::config::cluster::ClusterConfig;
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
            Self::Cluster(cluster) => cluster.place(),
        }
    }

    /// Returns the state file; `None` if the state is on servers.
    #[cfg(test)]
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Cluster(_) => None,
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
