//! Writes JSON, byte for byte what `serde_json` writes, in a way that is cheap in WebAssembly.
//!
//! There, a copy whose length is known only at run time is a call out of the compiled code, so long texts are copied and
//! checked in pieces of sixteen bytes.

use crate::json::plain::{needs_escape, plain_of};

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

/// Adds a text unchanged. Returns false if JSON would escape some of it.
// Always inlined: in WebAssembly each call and each loop looks at the host's clock.
#[inline(always)]
pub(crate) fn push(json: &mut Vec<u8>, text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut is_plain = true;
    let Some(last) = bytes.last_chunk::<16>() else {
        for byte in bytes {
            json.push(*byte);
            is_plain &= !needs_escape(*byte);
        }
        return is_plain;
    };
    let end = json.len() + bytes.len();
    let (sixteens, rest) = bytes.as_chunks();
    for sixteen in sixteens {
        json.extend_from_slice(sixteen);
        is_plain &= plain_of(sixteen) == 16;
    }
    if !rest.is_empty() {
        // The rest is written with the bytes before it, as the last sixteen.
        json.truncate(end - last.len());
        json.extend_from_slice(last);
        is_plain &= plain_of(last) == 16;
    }
    is_plain
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
