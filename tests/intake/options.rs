//! How an intake behaves.

use std::net::Ipv4Addr;

use serde_json::{Value, json};

use crate::tls::Certificate;

/// The connector of [`Options::new`].
pub const UUID: &str = "0a7c1f52-6f0d-4c7b-9d3e-2b8a5e6f7a90";
/// The key of [`Options::new`].
pub const API_KEY: &str = "simulated-api-key-of-the-intake";

/// The status of a batch that the platform accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskStatus {
    /// `PENDING`
    Pending,
    /// `RUNNING`
    Running,
    /// `FINISHED`: its events are ingested.
    Finished,
    /// `FAILED`, with this `error`: none of its events is ingested.
    Failed(String),
    /// Any other word: none of its events is ingested.
    Other(String),
}

impl TaskStatus {
    /// Returns whether the events of a batch whose task stays at this status are ingested, sooner or later.
    pub(crate) fn ingests(&self) -> bool {
        !matches!(self, TaskStatus::Failed(_) | TaskStatus::Other(_))
    }

    /// Returns the answer of the task route.
    pub(crate) fn body(&self, id: &str) -> Value {
        let (status, error) = match self {
            TaskStatus::Pending => ("PENDING", None),
            TaskStatus::Running => ("RUNNING", None),
            TaskStatus::Finished => ("FINISHED", None),
            TaskStatus::Failed(error) => ("FAILED", Some(error)),
            TaskStatus::Other(word) => (word.as_str(), None),
        };
        json!({"uuid": id, "status": status, "error": error})
    }
}

/// All settings of an intake, which can change while it runs ([`Intake::configure`](super::Intake::configure)),
/// unless a field says otherwise.
#[derive(Clone, Debug)]
pub struct Options {
    /// HTTPS with a certificate that no authority has signed. Read at the start only.
    pub https: bool,
    /// The certificate of HTTPS in place of that one. Read at the start only.
    pub certificate: Option<Certificate>,
    /// The address of this machine on which it listens. Read at the start only.
    pub address: Ipv4Addr,
    /// The status of a plain intake that accepts. The body contains the number of events, except with 204, which has
    /// none.
    pub status: u16,
    /// The connector that exists; any other gets 404.
    pub uuid: String,
    /// The bearer key that Sekoia's routes want, and the token that the collector wants; any other gets 401 or 403.
    pub api_key: String,
    /// What a task's status is the first time that it is asked for, the second, and so on; the last stays. Where there
    /// is none at all, answers carry no `task_id`, as those of older platforms.
    pub task: Vec<TaskStatus>,
}

impl Options {
    /// Plain intakes answer 200, connector [`UUID`] takes the key [`API_KEY`], and tasks have finished when they are
    /// first asked for.
    pub fn new() -> Options {
        Options {
            https: false,
            certificate: None,
            address: Ipv4Addr::LOCALHOST,
            status: 200,
            uuid: UUID.to_owned(),
            api_key: API_KEY.to_owned(),
            task: vec![TaskStatus::Finished],
        }
    }
}

impl Default for Options {
    fn default() -> Options {
        Options::new()
    }
}
