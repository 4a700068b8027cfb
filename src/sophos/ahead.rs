//! The next page, requested while the previous one is mapped, so that the server's work and the round trip are not
//! waited for.
//!
//! By the contract a host keeps only the cursor, so the response waits in the instance for a call for the same page. If
//! it is lost, the page is requested again. But a host that lends its instance to another source between two pages
//! would lose every one, so after the first loss no more pages are requested ahead.

use std::cell::RefCell;

use url::Url;

use crate::http::{HttpError, PendingRequest, Response};

/// The page that this instance has requested ahead.
enum Ahead {
    /// Nothing.
    Nothing,
    /// A page that no call has taken yet.
    Asked {
        /// The header that names its tenant.
        scope: String,
        url: Url,
        pending: PendingRequest,
    },
    /// No more pages are requested ahead.
    GivenUp,
}

thread_local! {
    static AHEAD: RefCell<Ahead> = const { RefCell::new(Ahead::Nothing) };
}

/// Sends `GET url` with headers, unless requesting ahead has proved useless. `scope` is the id in the header that names
/// the tenant.
pub(crate) fn ask(url: Url, scope: &str, headers: &[(&str, &str)]) {
    AHEAD.with_borrow_mut(|ahead| {
        if let Ahead::Nothing = ahead
            && let Ok(pending) = PendingRequest::get(&url, headers)
        {
            *ahead = Ahead::Asked {
                scope: scope.to_owned(),
                url,
                pending,
            };
        }
    });
}

/// Takes the response to `GET url` of `scope` if it was requested ahead, or its error.
pub(crate) fn answer(url: &Url, scope: &str) -> Option<Result<Response, HttpError>> {
    match AHEAD.replace(Ahead::Nothing) {
        Ahead::Asked {
            scope: asked_scope,
            url: asked_url,
            pending,
        } if asked_scope == scope && asked_url == *url => Some(pending.response()),
        Ahead::Nothing => None,
        Ahead::Asked { .. } | Ahead::GivenUp => {
            AHEAD.set(Ahead::GivenUp);
            None
        }
    }
}
