//! Texts that are built at compile time and written with one copy.

use crate::json::plain::needs_escape;

/// A text that is ready to be written, of at most `CAPACITY` bytes.
#[derive(Clone, Copy)]
pub(crate) struct Prepared<const CAPACITY: usize> {
    /// Copied in full, since a copy of fixed size takes a few instructions.
    bytes: [u8; CAPACITY],
    length: u8,
}

impl<const CAPACITY: usize> Prepared<CAPACITY> {
    /// The empty text.
    pub(crate) const EMPTY: Self = Self {
        bytes: [0; CAPACITY],
        length: 0,
    };

    /// Appends a text unchanged.
    pub(crate) const fn with(mut self, mut text: &[u8]) -> Self {
        while let [byte, rest @ ..] = text {
            let length = self.length as usize;
            assert!(length < CAPACITY, "the text is longer than CAPACITY");
            if let Some((_, [slot, ..])) = self.bytes.split_at_mut_checked(length) {
                *slot = *byte;
            }
            self.length += 1;
            text = rest;
        }
        self
    }

    /// Appends a text as JSON; it must not contain anything that JSON escapes.
    pub(crate) const fn with_text(self, text: &str) -> Self {
        let mut bytes = text.as_bytes();
        while let [byte, rest @ ..] = bytes {
            assert!(!needs_escape(*byte), "the text would have to be escaped");
            bytes = rest;
        }
        self.with(b"\"").with(text.as_bytes()).with(b"\"")
    }

    /// Appends a whole number that is not negative.
    pub(crate) const fn with_integer(self, number: i64) -> Self {
        assert!(number >= 0, "the number is negative");
        let (tens, digit) = (number.div_euclid(10), number.rem_euclid(10) as u8);
        let begin = if tens > 0 {
            self.with_integer(tens)
        } else {
            self
        };
        begin.with(&[b'0' + digit])
    }

    /// Writes the text.
    pub(crate) fn write(&self, json: &mut Vec<u8>) {
        let end = json.len() + usize::from(self.length);
        json.extend_from_slice(&self.bytes);
        json.truncate(end);
    }
}

#[cfg(test)]
mod tests {
    type Prepared = super::Prepared<56>;

    #[test]
    fn a_text_is_put_together_as_it_would_be_written() {
        for (text, written) in [
            (Prepared::EMPTY, ""),
            (Prepared::EMPTY.with(b"a:").with_integer(0), "a:0"),
            (Prepared::EMPTY.with_integer(500_102), "500102"),
            (
                Prepared::EMPTY.with_integer(i64::MAX),
                "9223372036854775807",
            ),
            (
                Prepared::EMPTY.with_text("").with_text("Zürich"),
                r#""""Zürich""#,
            ),
            (Prepared::EMPTY.with(&[b'x'; 56]), &"x".repeat(56)),
        ] {
            let mut json = b"before ".to_vec();
            text.write(&mut json);
            assert_eq!(json, [b"before ", written.as_bytes()].concat());
        }
    }
}
