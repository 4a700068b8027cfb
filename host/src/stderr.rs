//! What a component writes to its standard error: log lines.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;
use tracing::debug;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};

/// A line that is longer is cut into several.
const LONGEST_LINE: usize = 4096;

/// A standard error that becomes log lines of the level debug.
pub struct LogLines;

impl IsTerminal for LogLines {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for LogLines {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(Lines(Vec::new()))
    }
}

/// The beginning of a line whose end has not come yet.
struct Lines(Vec<u8>);

impl Lines {
    fn log(&mut self) {
        let line = String::from_utf8_lossy(&self.0);
        if !line.trim().is_empty() {
            debug!(target: "component", "{}", line.escape_debug());
        }
        self.0.clear();
    }
}

impl AsyncWrite for Lines {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        for byte in bytes {
            if *byte != b'\n' {
                self.0.push(*byte);
            }
            if *byte == b'\n' || self.0.len() >= LONGEST_LINE {
                self.log();
            }
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.log();
        Poll::Ready(Ok(()))
    }
}
