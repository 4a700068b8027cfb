//! Texts with placeholders: `{account}`, `{source}` and `{name}` in a path, a URL or the value of a header.
//!
//! A tenant's administrator chooses its name, and the API its id, so each value is made harmless for its place: by
//! `path_name` in paths, percent-encoded in URLs and headers. No value has a brace then.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

const PLACEHOLDERS: [&str; 3] = ["{account}", "{source}", "{name}"];

/// What stands for `{{` and `}}` while placeholders are replaced.
const BRACES: [&str; 2] = ["\u{1}", "\u{2}"];

/// What is percent-encoded in URLs and headers: all but letters and digits of ASCII, `-`, `.`, `_` and `~`.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A source, as placeholders name it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SourceName<'a> {
    /// The account's name.
    pub account: &'a str,
    /// The vendor's id.
    pub id: &'a str,
    /// What a person calls it; its id if that is nothing.
    pub name: &'a str,
    /// Whether the name alone could lead to the path of another source, so that the id follows it.
    pub is_ambiguous: bool,
}

impl<'a> SourceName<'a> {
    pub(super) fn name(&self) -> &'a str {
        match self.name.trim().is_empty() {
            true => self.id,
            false => self.name,
        }
    }
}

/// Checks that each brace of a text belongs to a placeholder or is doubled. The message does not repeat the text, which may
/// be a secret.
pub(super) fn check(text: &str) -> Result<(), &'static str> {
    let rest = fill(&text.replace("{{", "").replace("}}", ""), [""; 3]);
    match rest.contains(['{', '}']) {
        true => Err(
            "contains a brace that belongs to no placeholder: write {account}, {source} or {name}, or {{ and }} for \
             braces",
        ),
        false => Ok(()),
    }
}

/// Returns the text with values in the place of `{account}`, `{source}` and `{name}`, and single braces for double ones.
pub(super) fn fill(text: &str, values: [&str; 3]) -> String {
    let [open, close] = BRACES;
    let mut filled = text.replace("{{", open).replace("}}", close);
    for (placeholder, value) in PLACEHOLDERS.into_iter().zip(values) {
        filled = filled.replace(placeholder, value);
    }
    filled.replace(open, "{").replace(close, "}")
}

/// Returns the URL or the header's value of a source. Each value is a part of one segment of a path, a part of one value of
/// a query, or visible ASCII.
pub(super) fn encoded(text: &str, source: &SourceName<'_>) -> String {
    let values = [source.account, source.id, source.name()].map(|value| {
        let encoded = utf8_percent_encode(value, ENCODED).to_string();
        // A segment of dots, also if they are encoded once, would remove itself or the one before.
        match encoded.bytes().all(|byte| byte == b'.') {
            true => encoded.replace('.', "%252E"),
            false => encoded,
        }
    });
    fill(text, values.each_ref().map(String::as_str))
}
