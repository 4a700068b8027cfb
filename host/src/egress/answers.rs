//! Answers from where a secret may go: read whole, and without the secret before the component has them.
//!
//! All answers of such an origin, not only those to the requests that carried the secret: a server may keep what it was
//! sent and give it back later. They are in the host's memory until the component has read them, so few are at a time.

use std::sync::Arc;

use http::Response;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use tokio::sync::Semaphore;
use wasmtime_wasi_http::{Error, WasiBody};

use super::hooks::whole;
use crate::stand_in::{Encoding, NotInflated, Secrets, inflated};

/// How many such answers a connector has in hand at most. A component reads one after another.
pub const IN_HAND: usize = 4;

/// What such answers wait for.
#[derive(Clone)]
pub struct Answers(Arc<Semaphore>);

impl Default for Answers {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(IN_HAND)))
    }
}

/// Why the component does not get an answer.
pub enum Kept {
    /// It is compressed in a way that nobody can look through.
    Unreadable,
    /// It is larger than allowed once it is inflated.
    TooLarge,
    /// It broke off, or is damaged.
    Broken(Error),
}

impl Answers {
    /// An answer as the component may have it, of so many bytes at most. A body of `response` is no larger than that,
    /// but it may be compressed.
    ///
    /// # Errors
    ///
    /// When the component must not have it, or there is none.
    pub async fn masked(
        &self,
        secrets: &Arc<Secrets>,
        response: Response<WasiBody>,
        most: u64,
    ) -> Result<Response<WasiBody>, Kept> {
        let (mut head, body) = response.into_parts();
        let encoding = Encoding::of(&head.headers).map_err(|_| Kept::Unreadable)?;
        // Nobody closes it.
        let in_hand = Arc::clone(&self.0).acquire_owned().await.ok();
        let body = whole(body, usize::MAX).await.map_err(Kept::Broken)?;
        let secrets = Arc::clone(secrets);
        // Takes its time, which is not that of the threads on which everything else runs.
        let looked_through = tokio::task::spawn_blocking(move || {
            let body = match encoding {
                Encoding::Plain => body,
                Encoding::Gzip => {
                    head.headers.remove(CONTENT_ENCODING);
                    head.headers.remove(CONTENT_LENGTH);
                    inflated(&body, most)?
                }
            };
            let body = secrets.mask(&mut head, body);
            Ok((head, body))
        });
        let (head, body): (_, Bytes) = match looked_through.await {
            Ok(Ok(masked)) => masked,
            Ok(Err(NotInflated::TooLarge)) => return Err(Kept::TooLarge),
            Ok(Err(NotInflated::Damaged)) => {
                return Err(Kept::Broken(Error::HttpResponseIncomplete));
            }
            Err(_) => return Err(Kept::Broken(Error::InternalError(None))),
        };
        let body = Full::new(body).map_frame(move |frame| {
            let _until_it_is_read = &in_hand;
            frame
        });
        let body = body.map_err(|never| match never {});
        Ok(Response::from_parts(head, body.boxed_unsync()))
    }
}
