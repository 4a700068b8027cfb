//! Reads what may be a secret.

use std::io::{self, Read};

use secrecy::zeroize::Zeroizing;

/// The longest secret, in bytes: far more than any key or certificate, and less than a wrong file.
pub(super) const MAX_LENGTH: usize = 64 << 10;

/// Reads to the end, at most one byte more than the longest secret.
pub(super) fn read(source: impl Read) -> io::Result<Zeroizing<Vec<u8>>> {
    // More space than is read, else the vector grows to see that nothing follows.
    let mut bytes = Zeroizing::new(Vec::with_capacity(2 * MAX_LENGTH));
    source.take(MAX_LENGTH as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
