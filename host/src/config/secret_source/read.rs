//! Reads what may be a secret.

use std::fmt;
use std::io::{self, Read};

use secrecy::zeroize::Zeroizing;

/// Why a secret cannot be read. No message contains what its source yielded.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct SecretError(String);

impl SecretError {
    pub(super) fn new(message: impl fmt::Display) -> Self {
        Self(message.to_string())
    }
}

/// The longest secret, in bytes: far more than any key or certificate, and less than a wrong file.
pub(super) const LONGEST: usize = 64 << 10;

/// Reads to the end, at most one byte more than the longest secret.
pub(super) fn read(source: impl Read) -> io::Result<Zeroizing<Vec<u8>>> {
    // More space than is read, else the vector grows to see that nothing follows.
    let mut bytes = Zeroizing::new(Vec::with_capacity(2 * LONGEST));
    let most = LONGEST as u64 + 1;
    source.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}
