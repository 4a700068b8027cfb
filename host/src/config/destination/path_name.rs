//! Names of accounts and sources, as a part of one component of a path.
//!
//! No result has a separator, a dot, a brace or a control character, begins or ends with a space, is empty, is a name that
//! Windows reserves, or has more than [`MAX`] bytes. In a name `~` is replaced, so that no name equals one with an id.

use sha2::{Digest, Sha256};

use crate::text::hex::hex;
use crate::text::printable::is_unsafe_for_terminal;

/// The most bytes that a name takes in a path, with the id behind it.
const MAX: usize = 100;

/// The longest id that is written as it is.
const MAX_ID: usize = 40;

/// What else no file is called on some system: each also with a digit behind it.
const RESERVED: [&str; 8] = [
    "AUX", "COM", "CON", "CONIN$", "CONOUT$", "LPT", "NUL", "PRN",
];

/// Returns what a text becomes. Different texts may become the same.
pub(super) fn of_text(text: &str) -> String {
    cleaned(text, MAX)
}

/// Returns what an id becomes. Different ids never become the same, nor two that differ in case only: one with any other
/// character than `a` to `z`, `0` to `9`, `-` and `_` is followed by its digest.
pub(super) fn of_id(id: &str) -> String {
    let is_plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
    if id.bytes().all(is_plain) && cleaned(id, MAX_ID) == id {
        return id.to_owned();
    }
    let digest: String = hex(&Sha256::digest(id)).chars().take(32).collect();
    format!("{}~{digest}", cleaned(id, 16))
}

/// Returns what a name becomes with the id behind it: as unique as the id.
pub(super) fn with_id(name: &str, id: &str) -> String {
    let id = of_id(id);
    format!("{}~{id}", cleaned(name, MAX - 1 - id.len()))
}

/// Replaces what no file's name should have, and cuts the rest to `max` bytes.
fn cleaned(text: &str, max: usize) -> String {
    let is_unsafe = |c: char| {
        is_unsafe_for_terminal(c)
            || (c.is_whitespace() && c != ' ')
            || r#"/\:*?"<>|.~{}"#.contains(c)
    };
    let text = text.trim_matches([' ', '.']).replace(is_unsafe, "_");
    let end = text.floor_char_boundary(max.saturating_sub(1));
    let text = text.get(..end).unwrap_or_default().trim_matches(' ');
    let upper = text.to_uppercase();
    let device = upper.strip_suffix(char::is_numeric).unwrap_or(&upper);
    if text.is_empty() || RESERVED.contains(&device) {
        return format!("_{text}");
    }
    text.to_owned()
}

#[cfg(test)]
mod tests;
