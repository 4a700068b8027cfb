//! Sophos Central's public API, as far as a connector for its endpoints needs it.

#[cfg(feature = "connector")]
mod ahead;
#[cfg(feature = "connector")]
mod confidential;
pub(crate) mod device_id;
pub(crate) mod endpoint;
#[cfg(feature = "connector")]
pub mod endpoints;
#[cfg(feature = "connector")]
pub(crate) mod errors;
mod moment;
#[cfg(feature = "connector")]
pub mod page;
#[cfg(feature = "connector")]
pub(crate) mod session;
#[cfg(feature = "connector")]
pub(crate) mod tenants;
#[cfg(feature = "connector")]
pub(crate) mod token;
#[cfg(feature = "connector")]
pub mod trust;
#[cfg(feature = "connector")]
pub(crate) mod whoami;
