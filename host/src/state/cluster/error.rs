//! Why the state in a cluster cannot be used, and what to do.

use std::fmt::{Debug, Display};

use async_nats::jetstream;

use crate::state::error::{StateError, StateProblem};

/// The state in a cluster cannot be used. Each message continues "the state in the cluster nats://…".
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClusterError {
    /// Another replica or a command claimed the account, or the lease has ended. It is no failure.
    #[error("was taken over")]
    Lost,
    /// The message of the subject is in work.
    #[error("has another tick of the account in its queue")]
    Queued,
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
        "cannot store a cursor: its record has {length} bytes, and max_payload of the servers leaves room for {max}; raise \
         max_payload"
    )]
    TooLong {
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
    pub(super) fn no_answer() -> Self {
        Self::Unreachable("no answer in time".to_owned())
    }

    /// Describes a message that a server does not have yet.
    pub(super) fn stale() -> Self {
        Self::Unreachable("a server lacks what was just stored".to_owned())
    }

    /// Describes a refusal of JetStream. [`Self::Lost`] for a sequence that is not the expected one.
    pub(super) fn refused(error: &jetstream::Error) -> Self {
        let why = error.to_string();
        match error.error_code().0 {
            // Wrong last sequence, and the same while another message of the subject is in work.
            10071 | 10164 => Self::Lost,
            10077 if why.contains("per subject") => Self::Queued,
            10002 | 10023 | 10028 | 10047 | 10077 | 10122 => Self::Full(why),
            10005 | 10074 => Self::Unfit(format!(
                "{why}: the streams need as many servers as cluster.replicas says"
            )),
            10039 | 10076 => Self::Unfit(format!("{why}: enable JetStream")),
            10014 | 10059 => Self::Unfit(format!("{why}: restart this replica, which creates it")),
            10174 => Self::Unfit(format!("{why}: set allow_atomic of the stream")),
            // A duplicate in work, an incomplete batch (also one that was begun while too many were), too many batches.
            10158 | 10176 | 10210 => Self::Unreachable(why),
            _ if error.code() == 503 => Self::Unreachable(why),
            _ => Self::Other(why),
        }
    }
}

/// Whatever goes wrong on the way to a server is its absence, unless the caller knows better.
impl<Kind: Clone + Debug + Display + PartialEq> From<async_nats::error::Error<Kind>>
    for ClusterError
{
    fn from(error: async_nats::error::Error<Kind>) -> Self {
        async_nats::Error::from(error.to_string()).into()
    }
}

impl From<async_nats::Error> for ClusterError {
    fn from(error: async_nats::Error) -> Self {
        let mut why = error.to_string();
        if why.contains("no responders") || why.contains("503") {
            why = "JetStream does not answer: it is not enabled, or a stream has no leader yet"
                .to_owned();
        }
        Self::Unreachable(why)
    }
}
