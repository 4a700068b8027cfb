//! One run: accounts prepared and collected, down to the single page.
//!
//! | file | what it does |
//! |---|---|
//! | `prepare` | makes an account ready: component, configuration, secrets |
//! | `accounts` → `account` → `source` → `walk` → `page` | collects all accounts, one, one source, its pages, delivers one page |
//! | `listing` | lists the sources of an account |
//! | `attempt`, `pool` | calls the component, with a connector from the pool, and repeats the call |
//! | `context`, `halt`, `results` | what the tasks share: their context, why they end early, what they did |

mod account;
pub(crate) mod accounts;
mod attempt;
pub(crate) mod context;
pub(crate) mod engine;
pub(crate) mod failure;
mod halt;
pub(crate) mod listing;
mod page;
mod pool;
pub(crate) mod prepare;
pub(crate) mod progress;
pub(crate) mod range;
pub(crate) mod report;
mod results;
pub(crate) mod schedule;
mod source;
mod walk;
