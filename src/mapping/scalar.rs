//! The JSON text of a value that is neither object nor array.

use std::borrow::Cow;

use crate::json::Quoted;
use crate::mapping::bytes::find;
use crate::mapping::json::{push, write_text};

/// Numbers of so many characters and no exponent are no double.
const MAX_NUMBER: usize = 300;

/// A text that is not empty; none for anything else, and for half a surrogate pair, which stands for no character.
pub(crate) fn text(json: &str) -> Option<Cow<'_, str>> {
    let written = json.strip_prefix('"')?.strip_suffix('"')?;
    if written.is_empty() {
        None
    } else if is_escaped(written) {
        serde_json::from_str(json).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(written))
    }
}

/// The name of a member, which half a surrogate pair leaves as it is written.
pub(crate) fn name(quoted: Quoted<'_>) -> Cow<'_, str> {
    quoted.decoded().unwrap_or(Cow::Borrowed(quoted.written()))
}

/// Writes a scalar as JSON that every receiver reads. What it could not read becomes a text of what is written: half
/// a surrogate pair, a number beyond any double, and what is not taken apart.
pub(crate) fn write(json: &mut Vec<u8>, scalar: &str) {
    let is_readable = match scalar.as_bytes().first() {
        Some(b'"') => !is_escaped(scalar) || text(scalar).is_some(),
        Some(b'{' | b'[') => false,
        Some(b'-' | b'0'..=b'9') => is_finite(scalar),
        _ => true,
    };
    if is_readable {
        push(json, scalar);
    } else {
        write_text(json, unquoted(scalar));
    }
}

fn is_escaped(written: &str) -> bool {
    find(written.as_bytes(), b'\\').is_some()
}

/// Whether a number is one of those that a double is near to.
fn is_finite(number: &str) -> bool {
    let is_short = number.len() < MAX_NUMBER;
    is_short && !number.bytes().any(|byte| byte | 0x20 == b'e')
        || number.parse::<f64>().is_ok_and(f64::is_finite)
}

/// What is written between the quotes of a text.
fn unquoted(json: &str) -> &str {
    let rest = json.strip_prefix('"').unwrap_or(json);
    rest.strip_suffix('"').unwrap_or(rest)
}
