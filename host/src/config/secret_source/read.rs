//! Reads what may be a secret.

use std::io::{self, Read};

use secrecy::zeroize::Zeroizing;

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
