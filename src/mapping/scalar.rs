//! The JSON text of a value that is neither object nor array.

use std::borrow::Cow;

use crate::json::Quoted;
use crate::mapping::bytes::find;
use crate::mapping::json::{push, write_text};

/// A shorter number without an exponent is in the range of a double.
const MAX_NUMBER: usize = 300;

/// Returns a text that is not empty; `None` for other values, and for half a surrogate pair, which is not a character.
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

/// Returns the name of a member; as it is written if it has half a surrogate pair.
pub(crate) fn name(quoted: Quoted<'_>) -> Cow<'_, str> {
    quoted.decoded().unwrap_or(Cow::Borrowed(quoted.written()))
}

/// Writes a scalar as JSON that every receiver can read. Others become a text of what is written: half a surrogate
/// pair, a number beyond any double, and a value that is nested too deep.
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

/// Returns whether a number is in the range of a double.
fn is_finite(number: &str) -> bool {
    let is_short = number.len() < MAX_NUMBER;
    is_short && !number.bytes().any(|byte| byte | 0x20 == b'e')
        || number.parse::<f64>().is_ok_and(f64::is_finite)
}

/// Returns the text between the quotes.
fn unquoted(json: &str) -> &str {
    let rest = json.strip_prefix('"').unwrap_or(json);
    rest.strip_suffix('"').unwrap_or(rest)
}
