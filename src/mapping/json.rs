//! Writes JSON, byte for byte what `serde_json` writes, in a way that is cheap in WebAssembly.
//!
//! There, a copy of a length that is known only at run time is a call out of the compiled code, and most of what an
//! event consists of is short. So it is copied in pieces of fixed length, and looked at in these for what must be
//! escaped.

use crate::json::plain::{needs_escape, plain_of};
use crate::mapping::bytes::plain_bytes;

/// Writes a text, with quotes around it.
pub(crate) fn write_text(json: &mut Vec<u8>, text: &str) {
    let start = json.len();
    json.push(b'"');
    let is_plain = push(json, text);
    json.push(b'"');
    if !is_plain {
        json.truncate(start);
        // Neither a text nor a Vec can fail to be written.
        let _ = serde_json::to_writer(json, text);
    }
}

/// Writes a whole number.
pub(crate) fn write_integer(json: &mut Vec<u8>, number: i64) {
    push(json, itoa::Buffer::new().format(number));
}

/// Adds a text as it is; false where JSON would escape something of it.
// Inlined by order: in WebAssembly each call and each loop looks at the host's clock.
#[inline(always)]
pub(crate) fn push(json: &mut Vec<u8>, text: &str) -> bool {
    let bytes = text.as_bytes();
    if let Some(last) = bytes.last_chunk() {
        return push_long(json, bytes, last);
    }
    if let Some((first, last)) = push_ends(json, bytes) {
        return plain_bytes(first) == 8 && plain_bytes(last) == 8;
    }
    if let Some((first, last)) = push_ends(json, bytes) {
        let (first, last) = (u32::from_le_bytes(first), u32::from_le_bytes(last));
        let both = u64::from(first) | u64::from(last) << 32;
        return plain_bytes(both.to_le_bytes()) == 8;
    }
    let mut is_plain = true;
    for byte in bytes {
        json.push(*byte);
        is_plain &= !needs_escape(*byte);
    }
    is_plain
}

/// Adds a text of sixteen bytes or more as [`push`] does. What is left behind the last whole sixteen is written with the
/// bytes before it, as the text's last sixteen.
#[inline(always)]
fn push_long(json: &mut Vec<u8>, bytes: &[u8], last: &[u8; 16]) -> bool {
    let end = json.len() + bytes.len();
    let (sixteens, rest) = bytes.as_chunks();
    let mut is_plain = true;
    for sixteen in sixteens {
        json.extend_from_slice(sixteen);
        is_plain &= plain_of(sixteen) == 16;
    }
    if !rest.is_empty() {
        json.truncate(end - last.len());
        json.extend_from_slice(last);
        is_plain &= plain_of(last) == 16;
    }
    is_plain
}

/// Adds a text of `N` to twice as many bytes: its first `N` and its last `N`, which may overlap. None of a shorter one.
#[inline(always)]
fn push_ends<const N: usize>(json: &mut Vec<u8>, bytes: &[u8]) -> Option<([u8; N], [u8; N])> {
    let ends = (*bytes.first_chunk()?, *bytes.last_chunk()?);
    let end = json.len() + bytes.len();
    json.extend_from_slice(&ends.0);
    json.truncate(end - N);
    json.extend_from_slice(&ends.1);
    Some(ends)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(text: &str) -> String {
        let mut json = b"before ".to_vec();
        write_text(&mut json, text);
        String::from_utf8(json).unwrap()
    }

    #[test]
    fn each_character_anywhere_is_escaped_as_json_does() {
        let characters = ('\0'..='\u{ff}').chain(['€', '\u{2028}', '😀']);
        for character in characters {
            for (before, after) in [
                (0, 0),
                (0, 3),
                (2, 3),
                (3, 4),
                (7, 0),
                (0, 8),
                (9, 5),
                (14, 0),
                (15, 0),
                (16, 0),
                (0, 16),
                (31, 16),
                (20, 20),
            ] {
                let text = format!(
                    "{}{character}{}",
                    "a".repeat(before),
                    "\u{7f}".repeat(after)
                );
                let expected = format!("before {}", serde_json::to_string(&text).unwrap());
                assert_eq!(written(&text), expected);
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_is_written_as_json(text in any::<String>()) {
            prop_assert_eq!(written(&text), format!("before {}", serde_json::to_string(&text).unwrap()));
        }

        #[test]
        fn any_number_is_written_as_json(number in any::<i64>()) {
            let mut json = Vec::new();
            write_integer(&mut json, number);
            prop_assert_eq!(String::from_utf8(json).unwrap(), number.to_string());
        }
    }
}
