//! Finds secrets in a response: as they are, and as JSON, forms, URLs and base64 write them.
//!
//! A server that repeats a secret writes it in one of a few spellings. All of them are made when the account is prepared,
//! so that a search is a search for bytes.

use std::fmt::Write;
use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use memchr::memmem;
use secrecy::zeroize::Zeroizing;

#[cfg(test)]
pub(super) mod tests;

/// The fewest characters of base64 that are searched for: fewer are in any text.
const MIN_BASE64: usize = 8;

/// How encoders of JSON differ beyond what RFC 8259 asks for: which characters they write as `\u003d`, whether all that are
/// not ASCII as well, and whether they write `/` as `\/`.
const JSON: [(&str, bool, bool); 7] = [
    ("", false, false),
    ("", false, true),
    // Python, Ruby.
    ("", true, false),
    // PHP.
    ("", true, true),
    // Go, Gson.
    ("<>&", false, false),
    ("<>&='", false, false),
    // .NET.
    ("\"'&+<>`", true, false),
];

/// How encoders of percent-encoding differ: what they leave beside letters and digits, and what a space becomes.
const PERCENT: [(&str, &str); 6] = [
    // The forms of the WHATWG, and of Python.
    ("*-._", "+"),
    ("_.-~", "+"),
    // RFC 3986, those same forms with another space, and `encodeURIComponent`.
    ("_.-~", "%20"),
    ("*-._", "%20"),
    ("-._", "%20"),
    ("-_.!~*'()", "%20"),
];

/// One way in which a secret is written.
pub(super) struct Spelling {
    bytes: Zeroizing<Vec<u8>>,
    /// How many characters of base64 on either side hold bits of the secret beside those of its neighbors.
    shared: (usize, usize),
}

/// Returns every spelling of a secret, each once.
pub(super) fn spellings(value: &str) -> Vec<Spelling> {
    let mut spellings: Vec<Spelling> = Vec::new();
    let mut add = |bytes: Zeroizing<Vec<u8>>, shared| {
        let known = spellings.iter().any(|known| known.bytes == bytes);
        if !bytes.is_empty() && !known {
            spellings.push(Spelling { bytes, shared });
        }
    };
    add(Zeroizing::new(value.as_bytes().to_vec()), (0, 0));
    for capitals in [false, true] {
        for (escaped, unicode, solidus) in JSON {
            let is_escaped = |c: char| escaped.contains(c) || unicode && !c.is_ascii();
            add(json(value, is_escaped, solidus, capitals), (0, 0));
        }
        for (kept, space) in PERCENT {
            add(percent(value, kept, space, capitals), (0, 0));
        }
    }
    for offset in 0..3 {
        // The neighbors decide the bits that these characters share with the secret.
        let mut before = Zeroizing::new(Vec::with_capacity(offset + value.len()));
        before.resize(offset, 0);
        before.extend_from_slice(value.as_bytes());
        let (first, last) = ((offset * 8).div_ceil(6), before.len() * 8 / 6);
        let shared = (usize::from(offset > 0), usize::from(before.len() % 3 > 0));
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let encoded = Zeroizing::new(engine.encode(&*before));
            let inner = encoded.as_bytes().get(first..last).unwrap_or_default();
            if inner.len() >= MIN_BASE64 {
                add(Zeroizing::new(inner.to_vec()), shared);
            }
        }
    }
    spellings
}

impl Spelling {
    /// Returns where the spelling is in a text.
    pub(super) fn find<'a>(&'a self, text: &'a [u8]) -> impl Iterator<Item = Range<usize>> + 'a {
        let (before, after) = self.shared;
        memmem::find_iter(text, self.bytes.as_slice()).map(move |at| {
            let end = at + self.bytes.len() + after;
            at.saturating_sub(before)..end.min(text.len())
        })
    }
}

/// Returns whether a text holds these very bytes.
pub(super) fn holds(text: &[u8], bytes: &[u8]) -> bool {
    !bytes.is_empty() && memmem::find(text, bytes).is_some()
}

/// Writes a value into a JSON string, and escapes only what must be escaped.
pub(super) fn json_string(value: &str) -> Zeroizing<Vec<u8>> {
    json(value, |_| false, false, false)
}

/// Writes a value into a form, by the URL standard of the WHATWG.
pub(super) fn form(value: &str) -> Zeroizing<Vec<u8>> {
    let [(kept, space), ..] = PERCENT;
    percent(value, kept, space, true)
}

/// Writes a value into a JSON string. The space is allocated at once: a vector that grows leaves copies behind.
fn json(
    value: &str,
    is_escaped: impl Fn(char) -> bool,
    solidus: bool,
    capitals: bool,
) -> Zeroizing<Vec<u8>> {
    let mut text = Zeroizing::new(String::with_capacity(value.len() * r"\u0000".len()));
    for character in value.chars() {
        let short = match character {
            _ if is_escaped(character) => None,
            '"' | '\\' => Some(character),
            '/' if solidus => Some('/'),
            '\u{8}' => Some('b'),
            '\u{c}' => Some('f'),
            '\n' => Some('n'),
            '\r' => Some('r'),
            '\t' => Some('t'),
            _ => None,
        };
        if let Some(short) = short {
            text.extend(['\\', short]);
        } else if is_escaped(character) || character < ' ' {
            for unit in character.encode_utf16(&mut [0; 2]) {
                text.push_str(r"\u");
                push_hex(&mut text, &unit.to_be_bytes(), capitals);
            }
        } else {
            text.push(character);
        }
    }
    Zeroizing::new(text.as_bytes().to_vec())
}

/// Writes a value in percent-encoding.
fn percent(value: &str, kept: &str, space: &str, capitals: bool) -> Zeroizing<Vec<u8>> {
    let mut text = Zeroizing::new(String::with_capacity(value.len() * "%00".len()));
    for byte in value.bytes() {
        let character = char::from(byte);
        if byte == b' ' {
            text.push_str(space);
        } else if character.is_ascii_alphanumeric() || kept.contains(character) {
            text.push(character);
        } else {
            text.push('%');
            push_hex(&mut text, &[byte], capitals);
        }
    }
    Zeroizing::new(text.as_bytes().to_vec())
}

/// Writes bytes as hexadecimal digits.
fn push_hex(text: &mut String, bytes: &[u8], capitals: bool) {
    for byte in bytes {
        // Writing to a text does not fail.
        let _ = match capitals {
            true => write!(text, "{byte:02X}"),
            false => write!(text, "{byte:02x}"),
        };
    }
}
