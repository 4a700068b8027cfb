//! Sophos Central's public API, as far as a connector of its endpoints needs it.

pub mod endpoint;
pub mod endpoints;
pub mod errors;
pub(crate) mod lenient;
pub mod page;
pub mod session;
pub mod tenants;
pub mod token;
pub mod trust;
pub mod whoami;
