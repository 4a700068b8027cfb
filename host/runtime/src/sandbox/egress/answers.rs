//! Answers from where a secret may go: read whole, and without the secret before the component has them.
//!
//! All answers of such an origin, not only those to the requests that carried the secret: a server may keep what it was
//! sent and give it back later. They are in the host's memory until the component has read them, so few are at a time.

use std::sync::Arc;
use std::time::Duration;

use http::Response;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use wasmtime_wasi_http::{Error, WasiBody};

use crate::contract::limits::Limits;
use crate::sandbox::cpu::HostTime;
use crate::sandbox::secrets::{Encoding, Secrets, Withheld, inflated};

/// How many such answers a connector keeps at most. A component reads one after another.
pub const IN_HAND: usize = 4;

/// What such answers wait for, and what they may take.
#[derive(Clone)]
pub(super) struct Answers {
    in_hand: Arc<Semaphore>,
    host_time: HostTime,
    /// How much the host may compute for the answers of one call.
    cpu: Duration,
    /// How many bytes of one answer the component may get.
    most: u64,
}

/// Why the component does not get an answer.
pub(super) enum Kept {
    /// It is compressed in a way that nobody can look through.
    Unreadable,
    /// It is larger than allowed once it is inflated and masked.
    TooLarge,
    /// To search it took more computing than the call may use.
    TooMuchComputing,
    /// It broke off, or is damaged.
    Broken(Error),
}

impl Answers {
    /// No answer yet, of a connector with these limits.
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            in_hand: Arc::new(Semaphore::new(IN_HAND)),
            host_time: HostTime::default(),
            cpu: limits.cpu,
            most: limits.response_bytes,
        }
    }

    /// How long the host has computed for the answers of the current call.
    pub(super) fn host_time(&self) -> &HostTime {
        &self.host_time
    }

    /// An answer as the component may have it. A body of `response` is no larger than that, but it may be compressed, and
    /// placeholders are longer than values.
    ///
    /// # Errors
    ///
    /// When the component must not have it, or there is none.
    pub(super) async fn masked(
        &self,
        secrets: &Arc<Secrets>,
        response: Response<WasiBody>,
    ) -> Result<Response<WasiBody>, Kept> {
        let (mut head, body) = response.into_parts();
        let encoding = Encoding::of(&head.headers).map_err(|_| Kept::Unreadable)?;
        // Nobody closes it.
        let in_hand = Arc::clone(&self.in_hand).acquire_owned().await.ok();
        let body = collect_body(body, usize::MAX).await.map_err(Kept::Broken)?;
        let secrets = Arc::clone(secrets);
        let Self {
            host_time,
            cpu,
            most,
            ..
        } = self.clone();
        // A thread cannot be aborted; it ends by itself when the request is dropped.
        let dropped = CancellationToken::new();
        let _when_dropped = dropped.clone().drop_guard();
        // On a thread of its own: the search would hold up the threads on which everything else runs.
        let looked_through = tokio::task::spawn_blocking(move || {
            let mut stopwatch = host_time.start();
            let body = match encoding {
                Encoding::Plain => Ok(body),
                Encoding::Gzip => {
                    head.headers.remove(CONTENT_ENCODING);
                    head.headers.remove(CONTENT_LENGTH);
                    inflated(&body, most)
                }
            };
            let masked = body.and_then(|body| {
                secrets.mask(&mut head, body, most, || {
                    stopwatch.charge() <= cpu && !dropped.is_cancelled()
                })
            });
            stopwatch.charge();
            (head, masked, in_hand)
        });
        let (head, masked, in_hand) = looked_through
            .await
            .map_err(|_| Kept::Broken(Error::InternalError(None)))?;
        let body: Bytes = masked.map_err(|withheld| match withheld {
            Withheld::TooLarge => Kept::TooLarge,
            Withheld::Damaged => Kept::Broken(Error::HttpResponseIncomplete),
            Withheld::GivenUp => Kept::TooMuchComputing,
        })?;
        let body = Full::new(body).map_frame(move |frame| {
            let _until_it_is_read = &in_hand;
            frame
        });
        let body = body.map_err(|never| match never {});
        Ok(Response::from_parts(head, body.boxed_unsync()))
    }
}

/// A body as a whole, of so many bytes at most; trailers are left out. It is one growing buffer: whoever sends a body in
/// pieces of one byte makes the host keep no more than who does not.
pub(super) async fn collect_body(mut body: WasiBody, most: usize) -> Result<Bytes, Error> {
    let mut whole = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else {
            continue;
        };
        if data.len() > most.saturating_sub(whole.len()) {
            return Err(Error::HttpRequestBodySize(Some(most as u64)));
        }
        whole.extend_from_slice(&data);
    }
    Ok(whole.into())
}
