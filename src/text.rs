//! A body as text, even if it is not UTF-8: invalid bytes only affect the record that contains them.

use std::borrow::Cow;

/// Characters that are not meant for interchange (Unicode, section 23.7).
const NONCHARACTERS: std::ops::RangeInclusive<char> = '\u{FDD0}'..='\u{FDEF}';

/// The text of a body.
pub struct Text<'a> {
    /// The body, with a mark in place of invalid bytes.
    pub json: Cow<'a, str>,
    /// The mark, which occurs nowhere else; `None` if the body is UTF-8.
    broken: Option<char>,
}

impl<'a> Text<'a> {
    /// Reads a body.
    pub fn of(body: &'a [u8]) -> Self {
        if let Ok(json) = simdutf8::basic::from_utf8(body) {
            return Self {
                json: Cow::Borrowed(json),
                broken: None,
            };
        }
        let valid = || body.utf8_chunks().map(|chunk| chunk.valid());
        let free = NONCHARACTERS
            .into_iter()
            .find(|mark| !valid().any(|text| text.contains(*mark)));
        let mark = free.unwrap_or(char::REPLACEMENT_CHARACTER);
        let mut json = String::with_capacity(body.len());
        for chunk in body.utf8_chunks() {
            json.push_str(chunk.valid());
            if !chunk.invalid().is_empty() {
                json.push(mark);
            }
        }
        Self {
            json: Cow::Owned(json),
            broken: Some(mark),
        }
    }

    /// Returns whether a part of the text contains invalid bytes.
    pub fn is_broken(&self, part: &str) -> bool {
        self.broken.is_some_and(|mark| part.contains(mark))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_broken_part_is_broken() {
        let text = Text::of(b"good \xEF\xBF\xBD|\xEF\xB7\x90|bad \xFF");
        let parts: Vec<_> = text
            .json
            .split('|')
            .map(|part| text.is_broken(part))
            .collect();
        assert_eq!(parts, [false, false, true]);
    }

    #[test]
    fn a_valid_body_is_not_copied() {
        let text = Text::of("Zürich \u{FFFD}".as_bytes());
        assert!(matches!(
            text.json,
            std::borrow::Cow::Borrowed("Zürich \u{FFFD}")
        ));
        assert!(!text.is_broken(&text.json));
    }
}
