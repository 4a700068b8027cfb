//! What can be made to go wrong with a delivery.

use serde_json::{Value, json};

use crate::fault::Fault;

/// How much of a batch is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Nothing.
    Nothing,
    /// The first half, rounded down.
    Half,
    /// Everything.
    All,
}

impl Takes {
    /// Returns how many of this number of events are accepted.
    pub(crate) fn of(self, events: usize) -> usize {
        match self {
            Takes::Nothing => 0,
            Takes::Half => events / 2,
            Takes::All => events,
        }
    }
}

/// The fault of a response, and which events are accepted nevertheless. The request counts and is recorded.
///
/// Requests that the intake rejects anyway, such as a body that cannot be read, are never accepted.
#[derive(Clone)]
pub struct Failure {
    pub(crate) fault: Option<Fault>,
    pub(crate) takes: Takes,
}

impl Failure {
    /// This fault of the answer. Everything is accepted where the true answer is sent in part, late or with other
    /// JSON (and with a status of 2xx), nothing where something else is sent in its place.
    pub fn of(fault: Fault) -> Failure {
        let takes = match &fault {
            Fault::Status { code, .. } if (200..300).contains(code) => Takes::All,
            Fault::Status { .. }
            | Fault::Reset
            | Fault::Close
            | Fault::Body { .. }
            | Fault::Redirect(_)
            | Fault::Wire(_) => Takes::Nothing,
            _ => Takes::All,
        };
        Failure {
            fault: Some(fault),
            takes,
        }
    }

    /// Half of the batch is accepted, and the answer, whose status is as ever, says so:
    /// `{"accepted": 2, "rejected": 3}`.
    pub fn half() -> Failure {
        Failure {
            fault: None,
            takes: Takes::Half,
        }
    }

    /// This status with `{"code": …, "message": …}`, both words for it.
    pub fn status(code: u16) -> Failure {
        Failure::of(Fault::status(code))
    }

    /// This status with `Retry-After`: seconds or a date.
    pub fn retry_after(code: u16, value: &str) -> Failure {
        Failure::of(Fault::Status {
            code,
            headers: vec![("retry-after".to_owned(), value.to_owned())],
            body: None,
        })
    }

    /// This status with `{"code": …, "message": …}`.
    pub fn refusal(status: u16, code: &str, message: &str) -> Failure {
        Failure::answer(status, &json!({"code": code, "message": message}))
    }

    /// This status with this JSON. Nothing is accepted, whatever the status is.
    pub fn answer(status: u16, body: &Value) -> Failure {
        Failure::of(Fault::Status {
            code: status,
            headers: Vec::new(),
            body: Some(body.to_string().into_bytes()),
        })
        .takes(Takes::Nothing)
    }

    /// Returns the same failure with this part of the batch accepted.
    pub fn takes(self, takes: Takes) -> Failure {
        Failure { takes, ..self }
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Failure {
        Failure::of(fault)
    }
}
