//! Why the state in a cluster cannot be used, and what to do.

use std::fmt::Display;

use async_nats::client::{RequestError, RequestErrorKind};
use async_nats::jetstream;

use crate::state::error::{StateError, StateProblem};

/// The state in a cluster cannot be used. Each message continues "the state in the cluster nats://…".
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClusterError {
    /// Another replica or a command claimed the account, or the lease has ended. It is no failure.
    #[error("was taken over")]
    Lost,
    /// The servers do not answer, or not yet.
    #[error(
        "cannot be reached: {0}; check that the servers run, that a majority of them has a connection to each other, and \
         that the user may publish and subscribe; nothing that was stored is lost"
    )]
    Unreachable(String),
    /// The servers refuse the credentials.
    #[error(
        "refuses the credentials: {0}; check cluster.credentials, and that the user exists on the servers"
    )]
    Credentials(String),
    /// The servers or a stream do not do what is needed.
    #[error("is unfit: {0}")]
    Unfit(String),
    /// A stream, the account or the disk is full.
    #[error(
        "is full: {0}; free or add space on the disks of the servers, or raise max_file_store or the limit of the NATS \
         account; what was stored before is complete, and the next run continues from there"
    )]
    Full(String),
    /// A record is too long for one message.
    #[error(
        "cannot store {what}: it has {length} bytes, and max_payload of the servers leaves room for {max}; raise max_payload"
    )]
    TooLong {
        /// What is too long.
        what: String,
        /// Its length in bytes.
        length: usize,
        /// The longest that is stored.
        max: usize,
    },
    /// A message is not what this program writes.
    #[error(
        "is damaged: the message on {0} cannot be read; use the asset-host that wrote it, or delete it (`nats stream purge \
         --subject`), which makes the next run collect what it described again"
    )]
    Damaged(String),
    /// Something else.
    #[error("cannot be used: {0}")]
    Other(String),
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
    /// Describes why no answer to a request came.
    pub(super) fn unanswered(error: &RequestError) -> Self {
        match error.kind() {
            RequestErrorKind::NoResponders => Self::unreachable(
                "JetStream does not answer: it is not enabled, or no server is the leader of the stream yet",
            ),
            RequestErrorKind::TimedOut => Self::unreachable("no answer in time"),
            _ => Self::unreachable(error),
        }
    }

    pub(super) fn unreachable(why: impl Display) -> Self {
        Self::Unreachable(why.to_string())
    }

    /// Describes a refusal of JetStream. [`Self::Lost`] for a sequence that is not the expected one.
    pub(super) fn refused(error: &jetstream::Error) -> Self {
        let why = error.to_string();
        match error.error_code().0 {
            // Wrong last sequence, and the same while another message of the subject is in work.
            10071 | 10164 => Self::Lost,
            // A duplicate in work, an incomplete batch (also one that was begun while too many were), too many batches.
            10158 | 10176 | 10210 => Self::Unreachable(why),
            10002 | 10023 | 10028 | 10047 | 10077 | 10122 => Self::Full(why),
            10005 | 10074 => Self::Unfit(format!(
                "{why}: the streams need as many servers as cluster.replicas says"
            )),
            10039 | 10076 => Self::Unfit(format!("{why}: enable JetStream")),
            10059 | 10014 => Self::Unfit(format!(
                "{why}: it was deleted while this replica runs; restart it to create it"
            )),
            10174 => Self::Unfit(format!("{why}: set allow_atomic of the stream")),
            _ if error.code() == 503 => Self::Unreachable(why),
            _ => Self::Other(why),
        }
    }
}
