//! HTTP as Sophos' API needs it: a request, its response, and what can go wrong, by meaning.
//!
//! Timeouts, TLS and where a request may go are up to the host.

mod error;
mod request;
mod response;

pub use self::error::HttpError;
pub use self::request::{PendingRequest, get, post_form};
pub use self::response::Response;
