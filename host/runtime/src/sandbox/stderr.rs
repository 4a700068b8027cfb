//! What a component writes to its standard error: log lines, as many as a person may want to read.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyper::body::Bytes;
use tokio::io::AsyncWrite;
use tracing::debug;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

/// A line that is longer is cut into several: what a terminal and a log still take.
const MAX_LINE_BYTES: usize = 4096;

/// How many lines of one call are logged: far more than a trace of its requests has.
pub const MAX_LINES: usize = 1000;

/// How many bytes of one call are logged: a panic with its backtrace takes a tenth.
pub const MAX_BYTES: usize = 256 << 10;

/// How many bytes are written at once: std writes no more either.
const MAX_WRITE: usize = 4096;

/// A standard error that becomes log lines of the level debug; shared by an instance and who calls it.
#[derive(Clone, Default)]
pub struct LogLines(Arc<Mutex<Lines>>);

impl LogLines {
    /// Ends a call: logs the line that was begun, and once how much was dropped. The next one may write as much.
    pub fn end_call(&self) {
        let mut lines = std::mem::take(&mut *self.lines());
        lines.log();
        let (dropped, bytes) = (lines.dropped_lines, lines.dropped_bytes);
        if bytes > 0 {
            debug!(
                target: "component",
                "component: {dropped} more lines ({bytes} bytes) of this call were dropped"
            );
        }
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

    /// Components are given version 0.2 of WASI alone, which does not use this.
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(tokio::io::sink())
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
        Ok(MAX_WRITE)
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
            if self.lines >= MAX_LINES || self.bytes >= MAX_BYTES {
                self.dropped_bytes += 1;
                self.dropped_lines += usize::from(*byte == b'\n');
                continue;
            }
            self.bytes += 1;
            if *byte != b'\n' {
                self.begun.push(*byte);
            }
            if *byte == b'\n' || self.begun.len() >= MAX_LINE_BYTES {
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
            ("x\n", MAX_LINES, 2 * MAX_LINES),
            // Empty lines are not logged, and are bytes all the same.
            ("\n", 0, MAX_BYTES),
            (
                &*"y".repeat(MAX_LINE_BYTES),
                MAX_BYTES / MAX_LINE_BYTES,
                MAX_BYTES,
            ),
        ] {
            let stderr = LogLines::default();
            let times = MAX_BYTES / line.len() + 10;
            for _ in 0..times {
                stderr.lines().write(line.as_bytes());
            }
            {
                let written = stderr.lines();
                assert_eq!((written.lines, written.bytes), (lines, bytes), "{line:?}");
                assert_eq!(written.dropped_bytes, times * line.len() - bytes);
                assert!(written.begun.len() < MAX_LINE_BYTES);
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
