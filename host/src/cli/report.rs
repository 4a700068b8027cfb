//! Reports of a run as text, JSON, metrics and files.

pub(crate) mod export;
pub(crate) mod file;
pub(crate) mod json;
pub(crate) mod metrics;
pub(crate) mod server;
pub(crate) mod target;
#[cfg(test)]
pub(crate) mod tests;
pub(crate) mod text;
