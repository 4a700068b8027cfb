//! How a run shows what it has collected, without knowing the terminal.

use std::sync::Arc;

use crate::run::report::Tally;

/// Begins to show the progress of a source, by its name.
pub(crate) type Progress = Arc<dyn Fn(&str) -> SourceProgress + Send + Sync>;

/// Shows what is collected of one source so far; the line goes when this is dropped.
pub(crate) type SourceProgress = Box<dyn Fn(&Tally) + Send + Sync>;
