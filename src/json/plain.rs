//! Finds the first byte of a text that JSON escapes, sixteen bytes at a time.

use wide::u8x16;

/// Whether JSON escapes a byte of a text.
pub(crate) const fn needs_escape(byte: u8) -> bool {
    byte < b' ' || byte == b'"' || byte == b'\\'
}

/// How many bytes a text has once it is written as JSON, with its quotes.
pub(crate) fn written_length(text: &str) -> usize {
    let escaped = |byte: u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 2,
        0..b' ' => 6,
        _ => 1,
    };
    let written = text.bytes().map(escaped);
    written.fold(2, usize::saturating_add)
}

/// How many bytes at the beginning can stand in a text as they are: up to a quote, a backslash or a control character.
#[inline(always)]
pub(crate) fn plain_bytes(bytes: &[u8]) -> usize {
    // Most texts end here, and come to no loop.
    if let Some((first, rest)) = bytes.split_first_chunk()
        && let Some(second) = rest.first_chunk()
    {
        let plain = plain_of(first);
        if plain < 16 {
            return plain;
        }
        let plain = plain_of(second);
        if plain < 16 {
            return 16 + plain;
        }
    }
    plain_bytes_of_long(bytes)
}

#[inline(never)]
fn plain_bytes_of_long(bytes: &[u8]) -> usize {
    let (sixteens, rest) = bytes.as_chunks();
    for (index, sixteen) in sixteens.iter().enumerate() {
        let plain = plain_of(sixteen);
        if plain < 16 {
            return index * 16 + plain;
        }
    }
    bytes.len() - rest.len() + rest.iter().take_while(|byte| !needs_escape(**byte)).count()
}

/// How many of sixteen bytes there are before the first one that cannot stand in a text as it is.
#[inline(always)]
pub(crate) fn plain_of(bytes: &[u8; 16]) -> usize {
    let bytes = u8x16::new(*bytes);
    let special = bytes.simd_eq(u8x16::splat(b'"'))
        | bytes.simd_eq(u8x16::splat(b'\\'))
        | bytes.simd_lt(u8x16::splat(0x20));
    // None at 16.
    (special.to_bitmask() | 1 << 16).trailing_zeros() as usize
}
