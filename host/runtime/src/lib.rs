//! Runs one inventory connector, a WebAssembly component, with one account's rights.
//!
//! Its rooms, from top to bottom; each imports from those below it only:
//!
//! | room | what it does |
//! |---|---|
//! | `sandbox` | one component, loaded, given rights, called |
//! | `contract` | what component and host promise each other, and the limits |
//! | `network` | HTTP that leaves the process |
//! | `units`, `text` | numbers, durations and times as people write them; text made safe for a terminal |

#![cfg_attr(not(test), deny(missing_docs))]
// A test may cut a text that it knows.
#![cfg_attr(not(test), deny(clippy::string_slice))]
#![warn(unreachable_pub)]

pub mod contract;
pub mod network;
pub mod sandbox;
pub mod text;
pub mod units;
