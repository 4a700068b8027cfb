//! The state of many replicas, in NATS JetStream.
//!
//! | stream | subject | message |
//! |---|---|---|
//! | `<prefix>-state` | `<prefix>.state.<account>.acc` | the account's record, and who claimed it last |
//! | | `<prefix>.state.<account>.cur.<source>` | the source's record |
//! | | `<prefix>.state.<account>.fp.<source>` | changes of the source's fingerprints, in their order |
//! | `<prefix>-work` | `<prefix>.work.<account>` | the tick of the account that is due or in work |
//!
//! Names of accounts and sources stand in the messages; the subjects have their hashes.
//!
//! Whoever wants to change an account claims it: its `acc` message is rewritten with the next epoch, by compare-and-set.
//! Every change afterwards is one atomic batch that rewrites the same message with its expected sequence, so a holder
//! whose claim was taken over is refused whatever it changes. The delivery of a tick is a lease; it only decides who
//! begins to work, never whether a change is stored.

mod claim;
mod connect;
mod error;
mod exchange;
mod fingerprints;
mod handle;
mod lease;
mod names;
mod record;
mod streams;
mod work;

#[cfg(test)]
pub(in crate::state) mod test_server;
#[cfg(test)]
mod tests;

pub(crate) use self::claim::Claim;
pub(crate) use self::handle::Cluster;
pub(crate) use self::lease::{Lease, Term};
pub(crate) use self::work::{Delivery, Published, Tick};
