//! A recording intake on loopback, as a destination for tests.
//!
//! One server has four kinds of destination: a plain HTTP intake (NDJSON or a JSON array, gzip or not) at any path,
//! Sekoia's asset connector with its tasks, the bulk API of Elasticsearch and OpenSearch, and Splunk's HTTP event
//! collector. It records every accepted event and every request, and its answers
//! can fail, whether or not it accepted what was sent.
//!
//! ```
//! use sophos_central_simulator::Fault;
//! use sophos_central_simulator::intake::{Failure, Intake, Options, Route, Takes, TaskStatus};
//!
//! let intake = Intake::start(Options::new());
//! let config = format!("to = \"http\"\nurl = \"{}/events\"", intake.url());
//! assert!(config.contains("http://127.0.0.1:"));
//!
//! // The next delivery gets 503, the third is accepted, but the connection ends in place of an answer.
//! intake.fault(Route::Plain, 1, Failure::retry_after(503, "3"));
//! intake.fault(Route::Plain, 3, Failure::of(Fault::Close).takes(Takes::All));
//! // Every delivery with this device is refused.
//! intake.fault_when(
//!     Route::Plain,
//!     |delivery| delivery.holds("00000000-0000-4000-8000-000000000007"),
//!     Failure::refusal(422, "invalid_event", "no such field"),
//! );
//! // Sekoia's tasks take their time.
//! intake.configure(|options| options.task = vec![TaskStatus::Pending, TaskStatus::Running, TaskStatus::Finished]);
//!
//! // … run the client here.
//! assert!(intake.deliveries().is_empty() && intake.requests().is_empty());
//! ```
//!
//! | to | use |
//! |---|---|
//! | choose status, key, uuid, tasks, HTTPS | [`Options`], while it runs [`Intake::configure`] |
//! | make answers fail | [`Failure`], [`Intake::fault`], [`Intake::fault_always`], [`Intake::fault_when`] |
//! | make the tasks of some batches end differently | [`Intake::task_when`] |
//! | refuse single events of a bulk request, or from one on | [`Intake::item_when`] |
//! | hold an answer, and with it the client | [`Intake::hold`], [`Intake::wait_until_held`], [`Intake::release`] |
//! | see what was accepted | [`Intake::events`], [`Intake::deliveries`], [`Intake::ids`], [`Intake::take`], [`Intake::documents`] |
//! | see what was sent | [`Intake::requests`], [`Intake::requests_of`], [`Intake::connections`] |

mod bulk;
mod collector;
mod delivery;
mod failure;
mod handle;
mod options;
mod sekoia;
mod state;

pub use bulk::Action;
pub use delivery::{Delivery, Route};
pub use failure::{Failure, Takes};
pub use handle::Intake;
pub use options::{API_KEY, Options, TaskStatus, UUID};
