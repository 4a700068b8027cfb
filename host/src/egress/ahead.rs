//! An answer's body, read before the component asks for it.
//!
//! A component that computes reads nothing meanwhile, and a connection from which nobody reads soon stands still: its
//! server waits, and the component does in its turn. So a bounded part of the body is taken from the connection as
//! soon as it comes.

use std::pin::Pin;
use std::task::{Context, Poll};

use http_body::{Body, Frame};
use http_body_util::BodyExt;
use hyper::body::Bytes;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use crate::http_client::Fault;

/// How many pieces of a body are held at most that the component has not taken. One has as many bytes as an answer's
/// headers may have, 64 KiB, so that together they are a page of ordinary size.
const PIECES: usize = 16;

/// A body of which a part is read already. Dropped, it is read no further.
pub struct Ahead {
    pieces: mpsc::Receiver<Result<Frame<Bytes>, Fault>>,
    _reading: AbortOnDropHandle<()>,
}

impl Ahead {
    /// Begins to read a body. While there is no room for its next piece, that is not waited for.
    pub fn of(mut body: impl Body<Data = Bytes, Error = Fault> + Send + Unpin + 'static) -> Self {
        let (sender, pieces) = mpsc::channel(PIECES);
        let reading = async move {
            while let Ok(room) = sender.reserve().await
                && let Some(piece) = body.frame().await
            {
                room.send(piece);
            }
        };
        Self {
            pieces,
            _reading: AbortOnDropHandle::new(tokio::spawn(reading.in_current_span())),
        }
    }
}

impl Body for Ahead {
    type Data = Bytes;
    type Error = Fault;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        self.pieces.poll_recv(context)
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::Full;
    use tokio::sync::watch;

    use super::*;

    /// Has a next piece at any time, and tells how many were taken.
    struct Endless(watch::Sender<usize>);

    impl Body for Endless {
        type Data = Bytes;
        type Error = Fault;

        fn poll_frame(
            self: Pin<&mut Self>,
            _context: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
            self.0.send_modify(|taken| *taken += 1);
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"piece")))))
        }
    }

    #[tokio::test]
    async fn so_much_is_read_ahead_and_no_more() {
        let (sender, mut taken) = watch::channel(0);
        let mut ahead = Ahead::of(Endless(sender));
        for asked in 0..3 {
            taken
                .wait_for(|taken| *taken == PIECES + asked)
                .await
                .unwrap();
            // Whoever could take more has had the chance to.
            tokio::task::yield_now().await;
            assert_eq!(*taken.borrow(), PIECES + asked);
            let piece = ahead.frame().await.unwrap().unwrap();
            assert_eq!(piece.into_data().unwrap(), "piece");
        }
    }

    #[tokio::test]
    async fn what_nobody_wants_any_more_is_read_no_further() {
        let (sender, mut taken) = watch::channel(0);
        let ahead = Ahead::of(Endless(sender));
        taken.wait_for(|taken| *taken == PIECES).await.unwrap();
        drop(ahead);
        // The body has gone, and its sender with it.
        assert!(taken.wait_for(|taken| *taken > PIECES).await.is_err());
    }

    #[tokio::test]
    async fn all_of_a_body_comes_and_its_fault_last() {
        let whole = Full::new(Bytes::from_static(b"whole")).map_err(|never| match never {});
        let mut ahead = Ahead::of(whole);
        let piece = ahead.frame().await.unwrap().unwrap();
        assert_eq!(piece.into_data().unwrap(), "whole");
        assert!(ahead.frame().await.is_none());

        let limited = http_body_util::Limited::new(Full::new(Bytes::from_static(b"whole")), 4);
        let mut ahead = Ahead::of(limited.map_err(|_| Fault::BodyTooLarge));
        let fault = ahead.frame().await.unwrap().unwrap_err();
        assert_eq!(fault, Fault::BodyTooLarge);
        assert!(ahead.frame().await.is_none());
    }
}
