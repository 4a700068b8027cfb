//! What texts of a component are, and how much of them is kept.

use memchr::memchr2;
use serde::de::IgnoredAny;

/// The most bytes of a message or a reason: more is not a sentence that a person reads.
pub const MAX_MESSAGE: usize = 2000;

/// The most bytes of a name, a mark, a field or a correlation id.
pub const MAX_NAME: usize = 500;

/// The most bytes of the id of a device or a source: the state keeps them.
pub const MAX_ID: usize = 1 << 10;

pub(super) fn is_id(text: &str) -> bool {
    (1..=MAX_ID).contains(&text.len())
}

pub(super) fn has_line_break(text: &str) -> bool {
    memchr2(b'\n', b'\r', text.as_bytes()).is_some()
}

/// Returns whether a text is one JSON object. No nesting is too deep, since nothing of it is kept.
pub(super) fn is_object(text: &str) -> bool {
    text.trim_start().starts_with('{') && is_json(text)
}

/// Returns whether a text is one JSON value; as [`is_object`].
pub(super) fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// Returns whether a text is a JSON Pointer by RFC 6901, section 3.
pub(super) fn is_pointer(text: &str) -> bool {
    let mut after_tildes = text.split('~').skip(1);
    (text.is_empty() || text.starts_with('/'))
        && after_tildes.all(|rest| rest.starts_with(['0', '1']))
}

/// Cuts a text to a number of bytes, and ends it with an ellipsis if it was longer.
pub(super) fn cut(text: &mut String, max: usize) {
    if text.len() > max {
        text.truncate(text.floor_char_boundary(max));
        text.push('…');
        text.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_may_be_nested_to_any_depth() {
        let deep = format!("{}1{}", "{\"a\":".repeat(100_000), "}".repeat(100_000));
        assert!(is_object(&deep));
        assert!(!is_object(&deep[1..]));
    }

    #[test]
    fn a_pointer_is_one_by_rfc_6901() {
        for text in [
            "",
            "/",
            "//",
            "/a/0/b c",
            "/~0~1",
            "/a~01",
            "/é\u{202e}\"",
            "/ ",
        ] {
            assert!(is_pointer(text), "{text:?}");
        }
        for text in [
            "a",
            " /a",
            "#/a",
            "/~",
            "/a~2",
            "/~~0",
            "~0/",
            "device.desc",
        ] {
            assert!(!is_pointer(text), "{text:?}");
        }
    }
}
