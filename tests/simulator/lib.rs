//! A simulated Sophos Central on loopback: real HTTP/1.1, real sockets, no account.
//!
//! It answers like the published API and captures of it: token, whoami, tenants of a partner or an organization,
//! endpoints by page key. Where both are silent, the documentation of an item says what is assumed. Its endpoints are
//! generated from a seed and can be changed one by one while it runs. Its answers can fail in every way that a client
//! must handle.
//!
//! ```
//! use sophos_central_simulator::{Clock, Fault, Fleet, Options, Route, Simulator, instant};
//!
//! // 5,000 endpoints of one tenant, on a fixed day.
//! let options = Options {
//!     clock: Clock::Fixed(instant("2026-11-20T01:00:00Z")),
//!     ..Options::new(Fleet::new(1, 5_000))
//! };
//! let simulator = Simulator::start(options);
//! let config = format!("api_host = \"{0}\"\ntoken_url = \"{0}/api/v2/oauth2/token\"", simulator.url());
//! assert!(config.contains("http://127.0.0.1:"));
//!
//! // The next endpoints request but one answers 429; the third finds endpoint 7 checked in.
//! simulator.fault(Route::Endpoints, 2, Fault::rate_limited(Some(3)));
//! simulator.before(3, |fleet| fleet.check_in(7, instant("2026-11-20T00:59:00Z")));
//! // Endpoint 8 becomes malformed at once.
//! simulator.fleet(|fleet| fleet.edit(8, |record| record["hostname"] = 5.into()));
//!
//! // … run the client here. A kill test: `hold(n)`, start the client, `wait_until_held()`, kill it, `release()`.
//! assert!(simulator.requests().is_empty());
//! ```
//!
//! | to | use |
//! |---|---|
//! | choose credential, tenants, gzip, clock, HTTPS | [`Options`], while it runs [`Simulator::configure`] |
//! | make, read and change endpoints | [`Fleet`], while it runs [`Simulator::fleet`], [`Simulator::before`] |
//! | make answers fail | [`Fault`], [`Simulator::fault`], [`Simulator::fault_always`], [`Simulator::fault_when`] |
//! | hold an answer, and with it the client | [`Simulator::hold`], [`Simulator::wait_until_held`], [`Simulator::release`] |
//! | see what the client sent | [`Simulator::requests`], [`Simulator::connections`] |
//! | have no answer at all | [`DeadAddress`] |
//! | serve a list of assets | [`list_server`] |
//! | receive delivered events | [`intake`] |
//! | keep the state of many replicas | [`nats`] |
//! | run it in a process of its own | [`SimulatorProcess`] |
//! | find what `make` has built | [`project`] |
//! | measure what a program uses | [`resource_usage`] |

mod address;
mod answer;
mod clock;
mod damage;
mod draw;
mod fault;
mod fleet;
mod gate;
mod holds;
mod options;
mod page_key;
mod process;
mod record;
mod request;
mod routes;
mod running;
mod script;
mod server;
mod simulator;
mod state;
mod tenant;
mod tls;
mod uuid;
mod view;
mod vocabulary;

#[path = "../intake/mod.rs"]
pub mod intake;
#[path = "../list_server/mod.rs"]
pub mod list_server;
#[path = "../nats/mod.rs"]
pub mod nats;
#[path = "../project.rs"]
pub mod project;
#[path = "../resource_usage/mod.rs"]
pub mod resource_usage;

pub use address::DeadAddress;
pub use clock::{Clock, instant};
pub use draw::RecordSize;
pub use fault::{Fault, JsonChange};
pub use fleet::{DEFAULT_TENANT, Fleet};
pub use options::{ACCOUNT_ID, CLIENT_ID, CLIENT_SECRET, Credential, Gzip, Options};
pub use process::SimulatorProcess;
pub use request::{Request, Route};
pub use simulator::Simulator;
pub use tenant::{Access, Tenant};
pub use tls::{Authority, Certificate};
