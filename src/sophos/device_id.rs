//! How long the id of a device may be.
//!
//! A cursor holds thousands of ids and has a limit of its own, so an id that would take much of it is not taken: such
//! a record becomes a reject. Sophos' ids are UUIDs, of 38 bytes.

use crate::json::plain::{plain_bytes, written_length};

#[cfg(feature = "connector")]
use std::borrow::Cow;

/// The longest id that is taken, in bytes as a JSON text with its quotes.
pub(crate) const MAX_LENGTH: usize = 128;

/// How much of a longer one names it in a reject, in characters.
#[cfg(feature = "connector")]
const SHORTENED: usize = 100;

/// Whether an id is too long to be taken.
pub(crate) fn is_too_long(id: &str) -> bool {
    if plain_bytes(id.as_bytes()) == id.len() {
        return id.len() + 2 > MAX_LENGTH;
    }
    written_length(id) > MAX_LENGTH
}

/// What a cursor remembers of an id: the id, or a hash of one that is too long.
#[cfg(feature = "connector")]
pub(crate) fn remembered(id: &str) -> Cow<'_, str> {
    if is_too_long(id) {
        let hash = xxhash_rust::xxh3::xxh3_128(id.as_bytes());
        return Cow::Owned(format!("xxh3:{hash:032x}"));
    }
    Cow::Borrowed(id)
}

/// The id as a reject names it: its beginning where it is too long.
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
        fn what_is_remembered_of_any_id_fits(id in any::<String>(), times in 1_usize..40) {
            let id = id.repeat(times);
            let json = serde_json::to_string(&remembered(&id)).unwrap();
            prop_assert!(json.len() <= MAX_LENGTH, "{json}");
        }
    }
}
