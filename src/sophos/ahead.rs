//! The next page, asked for while the one before is mapped: the server makes it meanwhile, and the way to it is gone.
//!
//! By the contract the cursor is all that a host keeps, so the answer waits in the instance, and is taken by a call
//! for the very same page. It costs nothing to lose: the page is asked for again. But a host that lends its instance
//! to another source between two pages would lose every one, so after the first loss nothing is asked ahead any more.

use std::cell::RefCell;

use url::Url;

use crate::http::{HttpError, PendingRequest, Response};

/// What one instance has asked ahead.
enum Ahead {
    /// Nothing.
    Nothing,
    /// A page that no call has taken yet.
    Asked {
        /// Whose it is: the header that names the tenant.
        scope: String,
        url: Url,
        pending: PendingRequest,
    },
    /// Nothing any more.
    GivenUp,
}

thread_local! {
    static AHEAD: RefCell<Ahead> = const { RefCell::new(Ahead::Nothing) };
}

/// Sends `GET url` with headers, unless asking ahead has proved to be of no use. `scope` is the id in the header that
/// names whose data is asked for.
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

/// The answer to `GET url` of `scope` if it was asked for ahead, or the fault on its way, as if it were asked for now.
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
