//! Reads the body of a response before the component asks for it.
//!
//! A component that computes reads nothing meanwhile, and a connection from which nobody reads soon stands still: its
//! server waits, and the component does in its turn. So a bounded part of the body is taken from the connection as
//! soon as it comes. It is charged as memory of the component, and gathered in one buffer however small the pieces are
//! in which the server sends it. Trailers are left out.
//!
//! A body that the component does not read ends with the time for its request, so that its connection is free again.

use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http_body::{Body, Frame};
use http_body_util::BodyExt;
use hyper::body::Bytes;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use crate::network::error::HttpError;
use crate::sandbox::memory::{Budget, Held};

/// How much of a body is gathered at most that the component has not asked for, in bytes: a page of ordinary size. One
/// piece more, of that size at most, waits to be taken.
pub const MAX_READ_AHEAD: usize = 1 << 20;

/// How much room the component's memory must have for more to be read ahead, in bytes: the largest frame that the client
/// gives, which is its buffer.
const FRAME: usize = 64 << 10;

/// A body of which a part is read already. Dropped, it is read no further.
pub(super) struct Ahead {
    pieces: mpsc::Receiver<Result<Bytes, HttpError>>,
    _reading: AbortOnDropHandle<()>,
}

impl Ahead {
    /// Begins to read the body of a request that may take so long. What is read is charged to `memory` until the
    /// component has taken it.
    pub(super) fn new(
        body: impl Body<Data = Bytes, Error = HttpError> + Send + Unpin + 'static,
        memory: &Budget,
        timeout: Duration,
    ) -> Self {
        let (sender, pieces) = mpsc::channel(1);
        let reading = read(body, memory.clone(), sender, timeout);
        Self {
            pieces,
            _reading: AbortOnDropHandle::new(tokio::spawn(reading.in_current_span())),
        }
    }
}

/// Reads a body to its end, as far as the component takes it.
async fn read(
    mut body: impl Body<Data = Bytes, Error = HttpError> + Unpin,
    memory: Budget,
    pieces: mpsc::Sender<Result<Bytes, HttpError>>,
    timeout: Duration,
) {
    let mut end = pin!(tokio::time::sleep(timeout));
    let (mut gathered, mut charge) = (Vec::new(), memory.charge());
    let error = loop {
        let may_grow =
            gathered.is_empty() || (gathered.len() < MAX_READ_AHEAD && memory.room() >= FRAME);
        tokio::select! {
            biased;
            permit = pieces.reserve(), if !gathered.is_empty() => match permit {
                Ok(permit) => {
                    let charge = std::mem::replace(&mut charge, memory.charge());
                    let piece = Held(std::mem::take(&mut gathered), charge);
                    permit.send(Ok(Bytes::from_owner(piece)));
                }
                Err(_) => return,
            },
            frame = body.frame(), if may_grow => match frame {
                Some(Ok(frame)) => {
                    if let Some(data) = frame.data_ref() {
                        charge.add(data.len());
                        gathered.extend_from_slice(data);
                    }
                }
                Some(Err(error)) => break Some(error),
                None => break None,
            },
            () = &mut end => break Some(HttpError::RequestTimeout(timeout)),
        }
    };
    // Its connection is free before the component has taken the rest.
    drop(body);
    let rest = Some(Bytes::from_owner(Held(gathered, charge))).filter(|rest| !rest.is_empty());
    for last in rest.map(Ok).into_iter().chain(error.map(Err)) {
        if pieces.send(last).await.is_err() {
            return;
        }
    }
}

impl Body for Ahead {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        let piece = ready!(self.pieces.poll_recv(context));
        Poll::Ready(piece.map(|piece| piece.map(Frame::data)))
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::Full;
    use tokio::sync::watch;

    use super::*;

    const LONG: Duration = Duration::from_secs(600);

    /// Has a next piece at any time, and tells how many were taken.
    struct Endless {
        piece: Bytes,
        taken: watch::Sender<usize>,
    }

    impl Endless {
        fn new(piece: usize) -> (Self, watch::Receiver<usize>) {
            let (taken, receiver) = watch::channel(0);
            let piece = vec![b'x'; piece].into();
            (Self { piece, taken }, receiver)
        }
    }

    impl Body for Endless {
        type Data = Bytes;
        type Error = HttpError;

        fn poll_frame(
            self: Pin<&mut Self>,
            _context: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
            self.taken.send_modify(|taken| *taken += 1);
            Poll::Ready(Some(Ok(Frame::data(self.piece.clone()))))
        }
    }

    /// Waits until so many pieces were read, and asserts that no more are.
    async fn reads(taken: &mut watch::Receiver<usize>, pieces: usize) {
        taken.wait_for(|taken| *taken >= pieces).await.unwrap();
        // Whoever could take more has had the chance to.
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        assert_eq!(*taken.borrow(), pieces);
    }

    #[tokio::test]
    async fn so_much_is_read_ahead_and_no_more_in_pieces_of_any_size() {
        for piece in [1, 64 << 10] {
            let pieces = MAX_READ_AHEAD / piece;
            let memory = Budget::new(100 << 20);
            let (body, mut taken) = Endless::new(piece);
            let mut ahead = Ahead::new(body, &memory, LONG);
            // The first piece waits by itself.
            reads(&mut taken, 1 + pieces).await;
            assert_eq!(memory.room(), (99 << 20) - piece);
            let first = ahead.frame().await.unwrap().unwrap();
            let first = first.into_data().unwrap();
            assert_eq!(first.len(), piece);
            // What was gathered waits in its place, and as much again is gathered.
            reads(&mut taken, 1 + 2 * pieces).await;
            assert_eq!(memory.room(), (98 << 20) - piece);
            drop(first);
            assert_eq!(memory.room(), 98 << 20);
            let second = ahead.frame().await.unwrap().unwrap();
            let second = second.into_data().unwrap();
            assert_eq!(second.len(), MAX_READ_AHEAD);
            drop(ahead);
            // The body has gone, and its sender with it.
            while taken.changed().await.is_ok() {}
            drop(second);
            assert_eq!(memory.room(), 100 << 20);
        }
    }

    #[tokio::test]
    async fn without_room_in_the_memory_no_more_is_read_than_the_component_takes() {
        const PIECE: usize = 60 << 10;
        let memory = Budget::new(FRAME);
        let (body, mut taken) = Endless::new(PIECE);
        let mut ahead = Ahead::new(body, &memory, LONG);
        for asked in 0..3 {
            reads(&mut taken, 2 + asked).await;
            let piece = ahead.frame().await.unwrap().unwrap();
            assert_eq!(piece.into_data().unwrap().len(), PIECE);
        }
    }

    #[tokio::test]
    async fn all_of_a_body_comes_and_its_fault_last() {
        let memory = Budget::new(FRAME);
        let whole = Full::new(Bytes::from_static(b"whole")).map_err(|never| match never {});
        let mut ahead = Ahead::new(whole, &memory, LONG);
        let piece = ahead.frame().await.unwrap().unwrap();
        assert_eq!(piece.into_data().unwrap(), "whole");
        assert!(ahead.frame().await.is_none());

        let limited = http_body_util::Limited::new(Full::new(Bytes::from_static(b"whole")), 4);
        let limited = limited.map_err(|_| HttpError::BodyTooLarge);
        let mut ahead = Ahead::new(limited, &memory, LONG);
        let fault = ahead.frame().await.unwrap().unwrap_err();
        assert_eq!(fault, HttpError::BodyTooLarge);
        assert!(ahead.frame().await.is_none());
    }

    #[tokio::test]
    async fn a_body_that_nobody_reads_ends_with_the_time_for_its_request() {
        const SHORT: Duration = Duration::from_millis(20);
        let memory = Budget::new(100 << 20);
        let (body, mut taken) = Endless::new(64 << 10);
        let mut ahead = Ahead::new(body, &memory, SHORT);
        // Its end: the body is dropped.
        while taken.changed().await.is_ok() {}
        // What was read is still there.
        let mut read = 0;
        let fault = loop {
            match ahead.frame().await.unwrap() {
                Ok(piece) => read += piece.into_data().unwrap().len(),
                Err(fault) => break fault,
            }
        };
        assert_eq!(read, *taken.borrow() * (64 << 10));
        assert_eq!(fault, HttpError::RequestTimeout(SHORT));
    }
}
