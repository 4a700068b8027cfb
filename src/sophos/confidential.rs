//! Texts that no message may repeat: the access tokens of this instance, and the client secret or its placeholder.
//!
//! An API may repeat what it was sent in its responses, and some of their texts are shown to people and in logs.

use std::cell::RefCell;
use std::collections::VecDeque;

/// The maximum number of texts kept. A response can repeat what a request contained, and requests contain the latest
/// ones.
const MAX_REMEMBERED: usize = 16;

/// A text that shares this many characters in a row with a confidential one counts as a part of it. A UUID does not
/// share that many with a token by chance.
const IN_COMMON: usize = 8;

thread_local! {
    static KNOWN: RefCell<VecDeque<String>> = const { RefCell::new(VecDeque::new()) };
}

/// Keeps a text that no message may repeat.
pub(crate) fn remember(text: &str) {
    let text = text.to_ascii_lowercase();
    if text.is_empty() {
        return;
    }
    KNOWN.with_borrow_mut(|known| {
        known.retain(|other| *other != text);
        known.push_back(text);
        if known.len() > MAX_REMEMBERED {
            known.pop_front();
        }
    });
}

/// Returns whether a text contains a confidential one or a part of it, in any case.
pub(crate) fn is_in(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    KNOWN.with_borrow(|known| known.iter().any(|known| overlap(&text, known)))
}

fn overlap(text: &str, known: &str) -> bool {
    let known = known.as_bytes();
    let length = IN_COMMON.min(known.len());
    let mut parts = text.as_bytes().windows(length);
    parts.any(|part| known.windows(length).any(|other| part == other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_shares_a_part_with_a_token_is_found() {
        assert!(!is_in("eyJhbGciOiJSUzI1NiJ9"));
        remember("eyJhbGciOiJSUzI1NiJ9.payload-of-the-token.c2ln");
        remember("abc");
        for (text, found) in [
            ("eyJhbGciOiJSUzI1NiJ9", true),
            ("EYJHBGCI", true),
            ("id-payload-of-", true),
            ("eyJhbGc", false),
            ("x-abc-y", true),
            ("3f0f2c7e-2a1d-4b7c-9a55-0d9b6a1c2e01", false),
            ("", false),
        ] {
            assert_eq!(is_in(text), found, "{text}");
        }
    }

    #[test]
    fn the_latest_texts_are_kept() {
        remember("the-client-secret");
        for number in 0..MAX_REMEMBERED {
            remember(&format!("{number:02}-token"));
            remember("the-client-secret");
        }
        assert!(is_in("the-client-secret"));
        assert!(is_in("15-token"));
        assert!(!is_in("00-token"));
    }
}
