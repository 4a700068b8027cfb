//! The regular expressions of a schema.

use regex_lite::{Regex, RegexBuilder};

/// The most characters of a pattern: a page of alternatives is a list of values, for which there is `enum`.
pub const MAX_PATTERN_LENGTH: usize = 256;

/// The most memory of one compiled pattern, in bytes. Nested repetitions multiply; `[0-9a-f]{1000}` still fits.
const MAX_PATTERN_MEMORY: usize = 64 << 10;

/// Compiles a pattern. It matches in time in proportion to the text.
///
/// # Errors
///
/// Why the contract does not allow it.
pub(super) fn compile(text: &str) -> Result<Regex, String> {
    if text.chars().count() > MAX_PATTERN_LENGTH {
        return Err(format!("is longer than {MAX_PATTERN_LENGTH} characters"));
    }
    RegexBuilder::new(text)
        .size_limit(MAX_PATTERN_MEMORY)
        .build()
        .map_err(|error| format!("{text:?} is not a pattern that the contract allows: {error}"))
}

/// Returns whether a text matches a pattern. None matches one that the contract does not allow: its manifest was refused.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    compile(pattern).is_ok_and(|pattern| pattern.is_match(text))
}
