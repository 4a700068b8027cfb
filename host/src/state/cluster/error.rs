//! Why the state in a cluster cannot be used, and what to do.

use std::fmt::{Debug, Display};

use async_nats::jetstream;

use crate::state::error::{StateError, StateProblem};

/// The state in a cluster cannot be used. Each message continues "the state in the cluster".
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClusterError {
    /// Another replica or a command claimed the account, or the lease has ended. It is no failure.
    #[error("was taken over")]
    Lost,
    /// Another tick of the account is in the queue or in work.
    #[error("has another tick of the account in its queue")]
    Queued,
    /// The servers do not answer, or not yet: another try may succeed.
    #[error(
        "cannot be reached: {0}; check that the servers run, that a majority of them has a connection to each other, and \
         that the user may publish and subscribe; nothing that was stored is lost"
    )]
    Unreachable(String),
    /// The servers refuse, or do not do what is needed.
    #[error("cannot be used: {0}")]
    Refused(String),
}

impl From<ClusterError> for StateError {
    fn from(error: ClusterError) -> Self {
        Self {
            place: "in the cluster".to_owned(),
            problem: match error {
                ClusterError::Lost => StateProblem::Lost,
                error => StateProblem::Cluster(error.into()),
            },
        }
    }
}

impl ClusterError {
    pub(super) fn no_answer() -> Self {
        Self::Unreachable("no answer in time".to_owned())
    }

    /// Describes a message that a server does not have yet.
    pub(super) fn stale() -> Self {
        Self::Unreachable("a server lacks what was just stored".to_owned())
    }

    /// Describes a message that is not what this program writes.
    pub(super) fn damaged(subject: &str) -> Self {
        Self::Refused(format!(
            "the message on {subject} cannot be read; use the asset-host that wrote it, or delete it (`nats stream purge \
             --subject`), and the next run collects again what it described"
        ))
    }

    /// Describes a refusal of JetStream. [`Self::Lost`] for a sequence that is not the expected one.
    pub(super) fn refused(error: &jetstream::Error) -> Self {
        let why = error.to_string();
        let advice = match error.error_code().0 {
            // Wrong last sequence, and the same while another message of the subject is in work.
            10071 | 10164 => return Self::Lost,
            10077 if why.contains("per subject") => return Self::Queued,
            10002 | 10023 | 10028 | 10047 | 10077 | 10122 => {
                "it is full: free or add space on the disks of the servers, or raise max_file_store or the limit of the \
                 NATS account; what was stored before is complete, and the next run continues from there"
            }
            10005 | 10074 => "the streams need as many servers as cluster.replicas says",
            10039 | 10076 => "enable JetStream on the servers and for the account",
            10059 | 10014 => "it was deleted: restart this replica, which creates it",
            // A duplicate in work, an incomplete batch (also one that was begun while too many were), too many batches.
            10158 | 10176 | 10210 => return Self::Unreachable(why),
            _ if error.code() == 503 => return Self::Unreachable(why),
            _ => "see the log of the servers",
        };
        Self::Refused(format!("{why}: {advice}"))
    }
}

/// An error of a request counts as no answer of the servers, unless the caller handles its kind.
impl<Kind: Clone + Debug + Display + PartialEq> From<async_nats::error::Error<Kind>>
    for ClusterError
{
    fn from(error: async_nats::error::Error<Kind>) -> Self {
        async_nats::Error::from(error.to_string()).into()
    }
}

impl From<async_nats::Error> for ClusterError {
    fn from(error: async_nats::Error) -> Self {
        let why = error.to_string();
        Self::Unreachable(match why.contains("no responders") || why.contains("503") {
            true => "JetStream does not answer: it is not enabled, or a stream has no leader yet"
                .to_owned(),
            false => why,
        })
    }
}

impl From<serde_json::Error> for ClusterError {
    fn from(error: serde_json::Error) -> Self {
        Self::Refused(error.to_string())
    }
}
