//! One Sophos endpoint to one OCSF event.
//!
//! Two steps, so that a collector can leave a record out by id and time before it pays for the event:
//! [`read`] understands the record, [`map`] makes the event. Each dialect of OCSF is a file of its own.
//! No step reads a clock: the moment is handed in.

mod addresses;
mod fingerprint;
mod map_error;
mod sekoia;

use time::OffsetDateTime;

pub use crate::sophos::endpoint::{Endpoint, identify, read};
pub use map_error::MapError;

/// Changes whenever the event of any input changes. Part of the cursor: a mapping of another version
/// starts a walk over everything.
pub const MAPPING_VERSION: u32 = 1;

/// The dialect of [`map`]: OCSF as Sekoia.io's asset connectors write it.
pub const DIALECT: &str = "sekoia";

/// One event, ready to be delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapped {
    /// The event as JSON on one line, without a line break at the end.
    pub json: String,
    /// A hash over everything in the event that is not a heartbeat: two events of one device with the same
    /// fingerprint differ at most in `time` and `device.last_seen_time`. Equal on every machine.
    pub fingerprint: u64,
}

/// Maps an endpoint to an OCSF *Device Inventory Info* event in the `sekoia` dialect. `now` is the event's
/// time where the record tells none.
///
/// # Errors
///
/// The event could not be written as JSON. No endpoint is known to cause it.
pub fn map(endpoint: &Endpoint<'_>, now: OffsetDateTime) -> Result<Mapped, MapError> {
    let json = serde_json::to_string(&sekoia::event(endpoint, now)).map_err(|error| MapError {
        message: format!("the event could not be written as JSON: {error}; please report this"),
        line: 1,
        column: 0,
    })?;
    Ok(Mapped {
        fingerprint: fingerprint::of(&json),
        json,
    })
}
