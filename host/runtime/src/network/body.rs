//! The body of a response, piece by piece as it arrives, within its timeouts and its size.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::{Bytes, Incoming};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep};

use crate::network::error::HttpError;
use crate::network::timeouts::{HttpTimeouts, deadline};

/// The body of a response. Only waiting for the server counts as time, however slowly the body is read. Dropped before
/// its end, it closes the connection. After an error nothing more comes.
#[derive(Debug)]
pub struct Body {
    /// What still comes, and the permit for a request in progress; `None` after the end.
    incoming: Option<(Incoming, OwnedSemaphorePermit)>,
    /// How many more bytes are allowed.
    allowed: u64,
    timeouts: HttpTimeouts,
    end: Instant,
    /// Until when the next piece must arrive, while the body waits for it.
    pause: Pin<Box<Sleep>>,
    is_waiting: bool,
}

impl Body {
    /// Returns a body of at most `allowed` bytes, of a request that must end at `end`.
    ///
    /// # Errors
    ///
    /// When its head announces more bytes.
    pub(super) fn new(
        incoming: Incoming,
        permit: OwnedSemaphorePermit,
        allowed: u64,
        timeouts: HttpTimeouts,
        end: Instant,
    ) -> Result<Self, HttpError> {
        if http_body::Body::size_hint(&incoming).lower() > allowed {
            return Err(HttpError::BodyTooLarge);
        }
        Ok(Self {
            incoming: Some((incoming, permit)),
            allowed,
            timeouts,
            end,
            pause: Box::pin(tokio::time::sleep_until(end)),
            is_waiting: false,
        })
    }

    /// Reads up to `max` bytes. Returns them, and what has arrived beyond them: nothing where the body ends there.
    ///
    /// # Errors
    ///
    /// When the body does not arrive.
    pub async fn read_start(&mut self, max: usize) -> Result<(Vec<u8>, Bytes), HttpError> {
        let mut start = Vec::new();
        while let Some(frame) = self.frame().await {
            // Trailers are skipped.
            let Ok(mut data) = frame?.into_data() else {
                continue;
            };
            let room = max.saturating_sub(start.len());
            let rest = data.split_off(room.min(data.len()));
            start.extend_from_slice(&data);
            if !rest.is_empty() {
                return Ok((start, rest));
            }
        }
        Ok((start, Bytes::new()))
    }

    /// Waits until the next piece is overdue.
    fn poll_timeout(&mut self, context: &mut Context<'_>) -> Poll<HttpError> {
        let between_bytes = self.timeouts.between_bytes;
        if !self.is_waiting {
            self.is_waiting = true;
            let until = deadline(between_bytes).min(self.end);
            self.pause.as_mut().reset(until);
        }
        ready!(self.pause.as_mut().poll(context));
        Poll::Ready(if self.pause.deadline() >= self.end {
            HttpError::RequestTimeout(self.timeouts.request)
        } else {
            HttpError::BetweenBytesTimeout(between_bytes)
        })
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        let body = self.get_mut();
        let Some((incoming, _)) = &mut body.incoming else {
            return Poll::Ready(None);
        };
        let end = match Pin::new(incoming).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                body.is_waiting = false;
                let length = frame.data_ref().map_or(0, |data| data.len() as u64);
                if let Some(allowed) = body.allowed.checked_sub(length) {
                    body.allowed = allowed;
                    return Poll::Ready(Some(Ok(frame)));
                }
                Some(Err(HttpError::BodyTooLarge))
            }
            Poll::Ready(Some(Err(error))) => Some(Err(HttpError::from_hyper(&error))),
            Poll::Ready(None) => None,
            Poll::Pending => Some(Err(ready!(body.poll_timeout(context)))),
        };
        body.incoming = None;
        Poll::Ready(end)
    }

    fn is_end_stream(&self) -> bool {
        let incoming = self.incoming.as_ref();
        incoming.is_none_or(|(incoming, _)| incoming.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        match &self.incoming {
            Some((incoming, _)) => incoming.size_hint(),
            None => SizeHint::with_exact(0),
        }
    }
}
