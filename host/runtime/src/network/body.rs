//! The body of an answer, piece by piece as it comes, within its times and its size.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::{Bytes, Incoming};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep};

use crate::network::client::{Fault, after};

/// The body of an answer. Only waiting for the server counts as time, however slowly it is read. Dropped before
/// its end, it closes the connection. After an error there is nothing more.
#[derive(Debug)]
pub struct Body {
    /// None after its end.
    incoming: Option<Incoming>,
    /// Held until its end: the permit to have a request in progress.
    permit: Option<OwnedSemaphorePermit>,
    /// How many bytes may still come.
    left: u64,
    between_bytes: Duration,
    request: Duration,
    end: Instant,
    /// Until when the next piece must be there, while it is waited for.
    pause: Pin<Box<Sleep>>,
    waiting: bool,
}

impl Body {
    /// The body of at most `left` bytes of a request that may take `request` and ends at `end`.
    ///
    /// # Errors
    ///
    /// When it says itself that it is longer.
    pub(super) fn new(
        incoming: Incoming,
        permit: OwnedSemaphorePermit,
        left: u64,
        between_bytes: Duration,
        request: Duration,
        end: Instant,
    ) -> Result<Self, Fault> {
        if http_body::Body::size_hint(&incoming).lower() > left {
            return Err(Fault::BodyTooLarge);
        }
        Ok(Self {
            incoming: Some(incoming),
            permit: Some(permit),
            left,
            between_bytes,
            request,
            end,
            pause: Box::pin(tokio::time::sleep_until(end)),
            waiting: false,
        })
    }

    /// Reads up to `most` bytes. Returns them, and what has arrived beyond them: nothing where the body ends there.
    ///
    /// # Errors
    ///
    /// When the body does not arrive.
    pub async fn read_start(&mut self, most: usize) -> Result<(Vec<u8>, Bytes), Fault> {
        let mut start = Vec::new();
        while let Some(mut data) = self.next_data().await? {
            let room = most.saturating_sub(start.len());
            let rest = data.split_off(room.min(data.len()));
            start.extend_from_slice(&data);
            if !rest.is_empty() {
                return Ok((start, rest));
            }
        }
        Ok((start, Bytes::new()))
    }

    /// Reads the next piece that is not empty; `None` at the end. Trailers are skipped.
    ///
    /// # Errors
    ///
    /// When it does not arrive.
    pub async fn next_data(&mut self) -> Result<Option<Bytes>, Fault> {
        while let Some(frame) = self.frame().await {
            if let Ok(data) = frame?.into_data()
                && !data.is_empty()
            {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }

    /// Waits for the next piece.
    fn poll_wait(&mut self, context: &mut Context<'_>) -> Poll<Fault> {
        if !self.waiting {
            self.waiting = true;
            let until = after(self.between_bytes).min(self.end);
            self.pause.as_mut().reset(until);
        }
        ready!(self.pause.as_mut().poll(context));
        Poll::Ready(if self.pause.deadline() >= self.end {
            Fault::RequestTimeout(self.request)
        } else {
            Fault::BetweenBytesTimeout(self.between_bytes)
        })
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Fault;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        let body = self.get_mut();
        let Some(incoming) = &mut body.incoming else {
            return Poll::Ready(None);
        };
        let end = match Pin::new(incoming).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                body.waiting = false;
                let length = frame.data_ref().map_or(0, |data| data.len() as u64);
                match body.left.checked_sub(length) {
                    Some(left) => {
                        body.left = left;
                        return Poll::Ready(Some(Ok(frame)));
                    }
                    None => Some(Err(Fault::BodyTooLarge)),
                }
            }
            Poll::Ready(Some(Err(error))) => Some(Err(Fault::of_http(&error))),
            Poll::Ready(None) => None,
            Poll::Pending => Some(Err(ready!(body.poll_wait(context)))),
        };
        body.incoming = None;
        body.permit = None;
        Poll::Ready(end)
    }

    fn is_end_stream(&self) -> bool {
        self.incoming
            .as_ref()
            .is_none_or(http_body::Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.incoming {
            Some(incoming) => http_body::Body::size_hint(incoming),
            None => SizeHint::with_exact(0),
        }
    }
}
