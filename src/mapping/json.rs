//! Writes JSON, byte for byte what `serde_json` writes, in a way that is cheap in WebAssembly.
//!
//! There, a copy of a length that is known only at run time is a call out of the compiled code, and most of what an
//! event consists of is short. So it is copied word by word, and looked at word by word for what must be escaped.

use super::bytes::plain_bytes;

/// Writes a text, with quotes around it.
pub fn write_text(json: &mut Vec<u8>, text: &str) {
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
pub fn write_integer(json: &mut Vec<u8>, number: i64) {
    push(json, itoa::Buffer::new().format(number));
}

/// Adds a text as it is; false where JSON would escape something of it.
pub fn push(json: &mut Vec<u8>, text: &str) -> bool {
    let bytes = text.as_bytes();
    let end = json.len() + bytes.len();
    let (words, rest) = bytes.as_chunks::<8>();
    let mut is_plain = true;
    for word in words {
        json.extend_from_slice(word);
        is_plain &= plain_bytes(*word) == 8;
    }
    if rest.is_empty() {
        return is_plain;
    }
    // What fills no word is the end of one that begins before it.
    if let Some(last) = bytes.last_chunk::<8>() {
        json.truncate(end - last.len());
        json.extend_from_slice(last);
        return is_plain && plain_bytes(*last) == 8;
    }
    if let (Some(first), Some(last)) = (rest.first_chunk::<4>(), rest.last_chunk::<4>()) {
        json.extend_from_slice(first);
        json.truncate(end - last.len());
        json.extend_from_slice(last);
        let halves = [*first, *last].map(|half| u64::from(u32::from_le_bytes(half)));
        let [first, last] = halves;
        return plain_bytes((first | last << 32).to_le_bytes()) == 8;
    }
    for byte in rest {
        json.push(*byte);
        is_plain &= !needs_escape(*byte);
    }
    is_plain
}

/// Whether JSON escapes a byte of a text.
pub const fn needs_escape(byte: u8) -> bool {
    byte < b' ' || byte == b'"' || byte == b'\\'
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
