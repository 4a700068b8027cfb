//! HTTP as Sophos' API needs it: a request, its response, and what can go wrong, by meaning.
//!
//! Timeouts, TLS and where a request may go are up to the host.

mod error;
mod request;
mod response;

pub(crate) use crate::http::error::HttpError;
pub(crate) use crate::http::request::{PendingRequest, get, post_form};
pub(crate) use crate::http::response::Response;
