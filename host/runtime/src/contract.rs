//! What component and host promise each other, and the limits.

pub mod bindings;
pub mod check;
pub mod counts;
pub mod difference;
pub mod hosts;
pub mod limits;
pub mod manifest;
pub mod permissions;
pub mod stopped;
pub mod version;
