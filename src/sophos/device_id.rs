//! The maximum length of a device's id.
//!
//! A cursor holds thousands of ids and is itself limited, so a record with a long id is rejected. Sophos' ids are
//! UUIDs, of 38 bytes.

use crate::json::plain::{plain_bytes, written_length};

#[cfg(feature = "connector")]
use std::borrow::Cow;

/// The maximum length of an id, in bytes as a JSON text with its quotes.
pub(crate) const MAX_LENGTH: usize = 128;

/// The number of characters of a longer id in a reject.
#[cfg(feature = "connector")]
const SHORTENED: usize = 100;

/// Returns whether an id is too long.
pub(crate) fn is_too_long(id: &str) -> bool {
    if plain_bytes(id.as_bytes()) == id.len() {
        return id.len() + 2 > MAX_LENGTH;
    }
    written_length(id) > MAX_LENGTH
}

/// Returns the text for an id in a cursor: the id, or a hash of one that is too long.
#[cfg(feature = "connector")]
pub(crate) fn remembered(id: &str) -> Cow<'_, str> {
    if is_too_long(id) {
        let hash = xxhash_rust::xxh3::xxh3_128(id.as_bytes());
        return Cow::Owned(format!("xxh3:{hash:032x}"));
    }
    Cow::Borrowed(id)
}

/// Returns the text for an id in a reject: its beginning if it is too long.
#[cfg(feature = "connector")]
pub(crate) fn shortened(id: &str) -> String {
    if !is_too_long(id) {
        return id.to_owned();
    }
    let mut shortened: String = id.chars().take(SHORTENED).collect();
    shortened.push('…');
    shortened
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_id_is_measured_as_json_with_its_quotes() {
        for (id, too_long) in [
            ("x".repeat(126), false),
            ("x".repeat(127), true),
            ("ä".repeat(63), false),
            ("ä".repeat(64), true),
            ("\"".repeat(63), false),
            ("\"".repeat(64), true),
            ("\u{1}".repeat(21), false),
            ("\u{1}".repeat(22), true),
        ] {
            assert_eq!(is_too_long(&id), too_long, "{id:?}");
            assert_eq!(remembered(&id) != id, too_long, "{id:?}");
        }
    }

    proptest! {
        #[test]
        fn the_remembered_text_of_any_id_is_short_enough(id in any::<String>(), times in 1_usize..40) {
            let id = id.repeat(times);
            let json = serde_json::to_string(&remembered(&id)).unwrap();
            prop_assert!(json.len() <= MAX_LENGTH, "{json}");
        }
    }
}
