//! The command line: commands, terminal, log and reports.

pub(crate) mod approve;
pub(crate) mod args;
pub(crate) mod check;
pub(crate) mod collect;
pub(crate) mod component;
pub(crate) mod describe;
pub(crate) mod descriptors;
pub(crate) mod exit;
pub(crate) mod init;
pub(crate) mod log;
pub(crate) mod map;
pub(crate) mod report;
mod signals;
pub(crate) mod state;
pub(crate) mod table;
mod untried;
