//! Runs one inventory connector, a WebAssembly component, with one account's rights.
//!
//! A connector is somebody else's code. It runs in a sandbox: no files, no environment, no sockets; requests only to the
//! hosts that it is granted, at public addresses, over https; limits on memory, computing, time and sizes. It never holds a
//! secret: it gets a placeholder, and the value is put in its place when a request leaves for the origin that the secret is
//! bound to.
//!
//! # From a file to events
//!
//! 1. [`Runtime::new`] starts the engine; [`Runtime::load`] compiles a component: [`Loaded`] tells its digest and imports.
//! 2. [`Connector::without_rights`] and [`Connector::manifest`] tell what it asks for: hosts, secrets, a schema of its
//!    config.
//! 3. [`Rights::new`] grants that for one account; [`Grants`] narrows or widens it.
//! 4. [`Connector::new`] makes a connector with these rights. Its methods are the exports of the contract:
//!    [`check`](Connector::check), [`discover`](Connector::discover), [`collect`](Connector::collect),
//!    [`map`](Connector::map), [`explain`](Connector::explain).
//! 5. A call fails with a [`CallError`]: the component's own error ([`types::Error`]), or [`Stopped`], a limit that it
//!    exceeded, a trap or a violation of the contract. Its instance is gone then; the next call gets a fresh one.
//!
//! ```no_run
//! # async fn collect(client_id: &str, secret: String) -> Result<(), Box<dyn std::error::Error>> {
//! use std::{path::Path, sync::Arc};
//!
//! use connector_runtime::{Connector, Grants, Rights, Runtime};
//!
//! let loaded = Runtime::new()?.load(Path::new("example-assets.wasm"), None).await?;
//! let manifest = Connector::without_rights(loaded.clone()).manifest().await?.manifest;
//!
//! let config = serde_json::json!({ "client_id": client_id });
//! let fields = config.as_object().ok_or("not an object")?;
//! let rights = Rights::new(&manifest, fields, Grants::default(), |_name| Some(secret.clone().into()))?;
//!
//! let mut connector = Connector::new(loaded, Arc::new(rights));
//! let account = connector.check(&config.to_string()).await?;
//! println!("{} {}", account.kind, account.id);
//! # Ok(())
//! # }
//! ```
//!
//! `examples/embed.rs` continues from there: it lists the sources and collects all pages. Store the cursor of a page once
//! the page's events are safe: the next call of `collect` takes it.
//!
//! # What it needs
//!
//! A tokio runtime with time and network, of one thread or of many. Warnings about a component go to `tracing`, with the
//! component's own log lines. Nothing is kept on disk: [`Runtime::with_cache`] keeps compiled code in a folder, and
//! [`Runtime::with_compiler`] compiles in a process of its own, within limits, for components that nobody has looked at.
//!
//! # Rooms
//!
//! From top to bottom; each imports from those below it only:
//!
//! | room | what it does |
//! |---|---|
//! | [`sandbox`] | one component, loaded, given rights, called |
//! | [`contract`] | what component and host promise each other, and the limits |
//! | [`network`] | HTTP that leaves the process |
//! | [`units`], [`text`] | numbers, durations and times as people write them; text made safe for a terminal |

#![cfg_attr(not(test), deny(missing_docs))]
// A test may cut a text that it knows.
#![cfg_attr(not(test), deny(clippy::string_slice))]
#![warn(unreachable_pub)]

pub mod contract;
pub mod network;
pub mod sandbox;
pub mod text;
pub mod units;

pub use contract::bindings::inventory::connector::types;
pub use contract::limits::{Limit, Limits, Timeouts};
pub use contract::manifest::parse::ManifestError;
pub use contract::manifest::{Manifest, RateLimit};
pub use network::addresses::AllowedAddresses;
pub use sandbox::connector::{CallError, Connector, DescribeError, Described, Stopped};
pub use sandbox::engine::{EngineError, LoadError, Loaded, Runtime, Unusable};
pub use sandbox::rate_limit::SharedLimiter;
pub use sandbox::rights::{Grants, Rights, RightsError};
