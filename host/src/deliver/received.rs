//! Reads the answer of a destination: keeps the beginning of its body, and judges all of it where its status is a
//! success.
//!
//! A body that fits into the part that is kept is judged from there. A longer one is parsed while it arrives, on a
//! thread of its own because the parser blocks, and one piece of it is in memory at a time.

use std::io::{self, BufReader, Cursor, Read};

use http::Response;
use hyper::body::{Buf as _, Bytes};
use tokio::sync::mpsc;

use crate::deliver::complaint::complaint;
use crate::network::client::{Answer, Body, Fault, MAX_KEPT_BODY};

/// How long the body of a success answer may be.
const MAX_BODY: usize = 8 * 1024 * 1024;

/// An answer, read to its end where its status is a success.
pub(super) struct Received {
    /// The answer with the beginning of its body.
    pub answer: Answer,
    /// What all of its body says; complete where the status is none of success.
    pub completeness: Completeness,
}

/// Whether a success answer means that all events were taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Completeness {
    /// Nothing in its body says otherwise.
    Complete,
    /// This in its body says that not all were taken.
    Incomplete(String),
    /// Its body is too long to be read.
    Unknown,
}

impl Completeness {
    fn of(complaint: Option<String>) -> Self {
        complaint.map_or(Self::Complete, Self::Incomplete)
    }
}

/// Reads the answer to a request with `sent` events.
///
/// # Errors
///
/// When the body does not arrive.
pub(super) async fn receive(response: Response<Body>, sent: usize) -> Result<Received, Fault> {
    let (head, mut body) = response.into_parts();
    let (start, rest) = body.read_start(MAX_KEPT_BODY).await?;
    let completeness = if !head.status.is_success() {
        Completeness::Complete
    } else if rest.is_empty() {
        Completeness::of(complaint(start.as_slice(), sent))
    } else {
        judge_stream(start.clone(), rest, body, sent).await?
    };
    Ok(Received {
        answer: Answer {
            status: head.status,
            headers: head.headers,
            body: start,
        },
        completeness,
    })
}

/// Judges a body of which `start` and `rest` have arrived.
async fn judge_stream(
    start: Vec<u8>,
    rest: Bytes,
    mut body: Body,
    sent: usize,
) -> Result<Completeness, Fault> {
    let (sender, receiver) = mpsc::channel(1);
    let mut length = start.len();
    let pieces = Pieces {
        receiver,
        piece: Bytes::new(),
    };
    let reader = Read::chain(Cursor::new(start), pieces);
    let judge = move || complaint(BufReader::new(reader), sent);
    // If this function returns early, the sender is dropped, and the thread ends as at the end of the body.
    let judged = tokio::task::spawn_blocking(judge);
    let mut next = Some(rest);
    while let Some(piece) = next {
        length = length.saturating_add(piece.len());
        if length > MAX_BODY {
            return Ok(Completeness::Unknown);
        }
        // The parser stops at what is not JSON; the rest is read for its length alone.
        let _ = sender.send(piece).await;
        next = body.next_data().await?;
    }
    drop(sender);
    Ok(judged.await.map_or(Completeness::Unknown, Completeness::of))
}

/// The pieces of a body as a stream of bytes, for a thread that may block.
struct Pieces {
    receiver: mpsc::Receiver<Bytes>,
    /// What is left of the current piece.
    piece: Bytes,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.receiver.blocking_recv() {
                Some(piece) => self.piece = piece,
                None => return Ok(0),
            }
        }
        (&mut self.piece).reader().read(buffer)
    }
}

#[cfg(test)]
mod tests;
