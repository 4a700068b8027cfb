//! Accounts prepared and collected, down to the single page: each is a job of its own, which knows of no other.
//!
//! | file | what it does |
//! |---|---|
//! | `schedule`, `queue`, `cluster_queue` | when an account is due, and which one is next: in this process, or of all replicas |
//! | `jobs` → `account` → `source` → `walk` → `page` | runs the jobs, collects one account, one source, its pages, delivers one page |
//! | `prepare` | makes an account ready: component, configuration, secrets |
//! | `listing` | lists the sources of an account |
//! | `attempt`, `pool` | calls the component, with a connector from the pool, and repeats the call |
//! | `process`, `context`, `halt`, `results` | what jobs and their tasks share: settings, context, why they end early, what they did |

pub(crate) mod account;
mod attempt;
pub(crate) mod cluster_queue;
pub(crate) mod context;
pub(crate) mod engine;
pub(crate) mod failure;
mod halt;
pub(crate) mod jobs;
pub(crate) mod listing;
mod page;
mod pool;
pub(crate) mod prepare;
pub(crate) mod process;
pub(crate) mod progress;
pub(crate) mod queue;
pub(crate) mod range;
pub(crate) mod report;
mod results;
pub(crate) mod schedule;
mod source;
mod walk;
