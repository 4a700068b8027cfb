//! The one table of rules, in the order of the event.
//!
//! `map` makes the event from it, `explain` the reasons, the documentation its tables, the preview its list. A path has
//! two rows if the dialects differ.

mod agents;
mod context;
mod device;
mod event;
mod lists;
mod runs;
mod table;
mod times;
mod words;

pub(crate) use crate::mapping::rules::context::shows_state;
pub(crate) use crate::mapping::rules::runs::{Constants, Run, walk};
pub use crate::mapping::rules::table::of;
