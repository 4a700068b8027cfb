//! How long one request may take.

use std::time::Duration;

use tokio::time::Instant;

/// The timeouts of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpTimeouts {
    /// For a TCP connection, including name resolution and a proxy's tunnel.
    pub connect: Duration,
    /// For the TLS handshake.
    pub tls: Duration,
    /// For the head of the response, once the request has a connection.
    pub first_byte: Duration,
    /// For each next piece of the response's body, while the host waits for it.
    pub between_bytes: Duration,
    /// For the request as a whole, from connecting to the last byte of the response.
    pub request: Duration,
}

impl Default for HttpTimeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            tls: Duration::from_secs(10),
            first_byte: Duration::from_secs(60),
            between_bytes: Duration::from_secs(30),
            request: Duration::from_secs(180),
        }
    }
}

/// Returns the time this long from now, or one in the far future where there is no such time.
pub(super) fn deadline(timeout: Duration) -> Instant {
    const FAR: Duration = Duration::from_secs(86_400 * 365 * 30);
    let now = Instant::now();
    now.checked_add(timeout).unwrap_or_else(|| now + FAR)
}
