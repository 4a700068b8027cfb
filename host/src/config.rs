//! The configuration: read, checked, and turned into values that need no further check.
//!
//! serde reads the types as they are; what concerns several keys is checked by hand afterwards. Every message names the
//! file and the key, and none repeats a value where a secret may stand.

mod account;
pub(crate) mod cluster;
mod destination;
mod file;
pub(crate) mod fit;
mod place;
mod problem;
pub(crate) mod secret_source;
pub(crate) mod selection;
mod state;
#[cfg(test)]
mod tests;
mod values;

pub(crate) use crate::config::account::{Account, Emit, is_account_name};
pub(crate) use crate::config::destination::{
    DestinationConfig, FileConfig, Format, HeaderText, HttpConfig, SekoiaTasks, SourceName,
};
#[cfg(test)]
pub(crate) use crate::config::destination::{Header, RequestTimeouts};
pub(crate) use crate::config::file::{Config, WrongAccount};
#[cfg_attr(not(test), allow(unused_imports))]
pub(crate) use crate::config::problem::ConfigError;
pub(crate) use crate::config::problem::Problem;
pub(crate) use crate::config::state::StateConfig;
pub(crate) use crate::config::values::Retry;
