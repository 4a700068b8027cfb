//! What a component writes to its standard error: log lines, as many as a person may want to read.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use hyper::body::Bytes;
use tokio::io::AsyncWrite;
use tracing::debug;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

/// A line that is longer is cut into several: what a terminal and a log still take.
const LONGEST_LINE: usize = 4096;

/// How many lines of one call are logged: far more than a trace of its requests has.
pub const MOST_LINES: usize = 1000;

/// How many bytes of one call are logged: a panic with its backtrace takes a tenth.
pub const MOST_BYTES: usize = 256 << 10;

/// How much is written at once: std writes no more either.
const WRITTEN: usize = 4096;

/// A standard error that becomes log lines of the level debug; shared by an instance and who calls it.
#[derive(Clone, Default)]
pub struct LogLines(Arc<Mutex<Lines>>);

impl LogLines {
    /// Ends a call: logs the line that was begun, and once how much was dropped. The next one may write as much.
    pub fn end_call(&self) {
        let mut lines = self.lines();
        lines.log();
        let Lines {
            dropped_lines,
            dropped_bytes,
            ..
        } = *lines;
        if dropped_bytes > 0 {
            debug!(
                target: "component",
                "component: {dropped_lines} more lines ({dropped_bytes} bytes) of this call were dropped"
            );
        }
        *lines = Lines::default();
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl IsTerminal for LogLines {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for LogLines {
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }

    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }
}

#[async_trait::async_trait]
impl Pollable for LogLines {
    async fn ready(&mut self) {}
}

impl OutputStream for LogLines {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.lines().write(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITTEN)
    }
}

impl AsyncWrite for LogLines {
    fn poll_write(
        self: Pin<&mut Self>,
        _context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.lines().write(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// What a call has written so far.
#[derive(Default)]
struct Lines {
    /// The beginning of a line whose end has not come yet.
    begun: Vec<u8>,
    lines: usize,
    bytes: usize,
    dropped_lines: usize,
    dropped_bytes: usize,
}

impl Lines {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if self.lines >= MOST_LINES || self.bytes >= MOST_BYTES {
                self.dropped_bytes += 1;
                self.dropped_lines += usize::from(*byte == b'\n');
                continue;
            }
            self.bytes += 1;
            if *byte != b'\n' {
                self.begun.push(*byte);
            }
            if *byte == b'\n' || self.begun.len() >= LONGEST_LINE {
                self.log();
            }
        }
    }

    fn log(&mut self) {
        let line = String::from_utf8_lossy(&self.begun);
        if !line.trim().is_empty() {
            debug!(target: "component", "component: {}", line.escape_debug());
            self.lines += 1;
        }
        self.begun.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_counted_and_not_kept() {
        for (line, lines, bytes) in [
            ("x\n", MOST_LINES, 2 * MOST_LINES),
            // Empty lines are not logged, and are bytes all the same.
            ("\n", 0, MOST_BYTES),
            (
                &*"y".repeat(LONGEST_LINE),
                MOST_BYTES / LONGEST_LINE,
                MOST_BYTES,
            ),
        ] {
            let stderr = LogLines::default();
            let times = MOST_BYTES / line.len() + 10;
            for _ in 0..times {
                stderr.lines().write(line.as_bytes());
            }
            {
                let written = stderr.lines();
                assert_eq!((written.lines, written.bytes), (lines, bytes), "{line:?}");
                assert_eq!(written.dropped_bytes, times * line.len() - bytes);
                assert!(written.begun.len() < LONGEST_LINE);
            }
            stderr.end_call();
            assert_eq!(stderr.lines().dropped_bytes, 0);
        }
    }

    #[test]
    fn a_line_may_come_in_pieces() {
        let stderr = LogLines::default();
        for piece in ["a ", "line", "\nand"] {
            stderr.lines().write(piece.as_bytes());
        }
        let written = stderr.lines();
        assert_eq!((written.lines, &*written.begun), (1, &b"and"[..]));
    }
}
