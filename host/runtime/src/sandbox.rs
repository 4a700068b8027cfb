//! One component: loaded, given rights, called.

pub mod call;
pub mod code_cache;
pub mod compile;
pub mod connector;
pub mod core_dump;
pub mod cpu;
pub mod egress;
pub mod engine;
pub mod instance;
pub mod memory;
pub mod outgoing;
pub mod rate_limit;
pub mod rights;
pub mod secrets;
pub mod stderr;
