//! HTTP for Sophos' API: a request, its response, and errors by their meaning.
//!
//! Timeouts, TLS and the allowed destinations are up to the host.

mod error;
mod request;
mod response;

pub(crate) use crate::http::error::HttpError;
pub(crate) use crate::http::request::{PendingRequest, get, post_form};
pub(crate) use crate::http::response::Response;
