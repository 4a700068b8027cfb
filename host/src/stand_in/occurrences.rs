//! Where a value stands in a text, however the usual encodings have written it.
//!
//! Encoders differ: one writes `/` as `%2F`, the next as `%2f`, a third leaves it; JSON has `\/`, `\u002f` and
//! the plain letter, HTML has `&#47;`. So the value is not encoded in every way and looked for; the text is decoded, and each
//! decoded byte remembers where it came from. Two decodings one after the other find a form inside JSON, and
//! JSON inside JSON. What is encrypted, digested, compressed or spread over several places is not found.

use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use memchr::{memchr2, memmem};
use secrecy::zeroize::Zeroizing;

/// How many characters of base64 must be known to look for them: fewer are in a text by chance.
const FEWEST_OF_BASE64: usize = 8;

/// How many letters and digits in a row of a value must be there, or no decoding brings it to light; shorter runs are in
/// any text.
const FEWEST_OF_RUN: usize = 4;

/// How much of a text is decoded at a time: a decoded byte takes eight more to remember where it came from.
const WINDOW: usize = 256 << 10;

/// How many bytes a byte of the value takes in a text at most: `\u0000`, whose backslash JSON inside JSON writes as
/// two, or with each character escaped in turn.
const LONGEST_ESCAPE: usize = 36;

/// What is looked for: a value as it is, and what base64 makes of it.
type Needles = [Zeroizing<Vec<u8>>];

/// Whether a text holds these very bytes. No bytes at all are nowhere.
pub(super) fn holds_plainly(text: &[u8], bytes: &[u8]) -> bool {
    !bytes.is_empty() && memmem::find(text, bytes).is_some()
}

/// Whether a text holds a value in any of the forms that [`occurrences`] knows, letters and digits encoded, too: who
/// writes a request may do so on purpose.
pub(super) fn holds(text: &[u8], value: &[u8]) -> bool {
    !search(text, value, |_, _| true).is_empty()
}

/// Every place of a text where a value stands: as it is, percent-encoded, in JSON, in HTML or in base64, by encoders that
/// leave letters and digits as they are. They are in no order, and some may overlap. An empty value is nowhere.
pub(super) fn occurrences(text: &[u8], value: &[u8]) -> Vec<Range<usize>> {
    search(text, value, may_hold)
}

/// The places of a value in those parts of a text that `worth` says are worth the decoding.
fn search(text: &[u8], value: &[u8], worth: fn(&[u8], &Needles) -> bool) -> Vec<Range<usize>> {
    if value.is_empty() {
        return Vec::new();
    }
    let mut needles = in_base64(value);
    needles.push(Zeroizing::new(value.to_vec()));
    let overlap = value.len() * LONGEST_ESCAPE;
    let mut found = Vec::new();
    for start in (0..text.len()).step_by(WINDOW) {
        let end = text.len().min(start + WINDOW + overlap);
        let window = text.get(start..end).unwrap_or_default();
        if !worth(window, &needles) {
            continue;
        }
        let places = in_window(window, &needles);
        found.extend(
            places
                .into_iter()
                .map(|place| start + place.start..start + place.end),
        );
    }
    found
}

/// Whether a part of a text may hold one of the needles, however it is written: encoders leave letters and digits as
/// they are, so the longest run of them must be there.
fn may_hold(text: &[u8], needles: &Needles) -> bool {
    let mut runs: Vec<&[u8]> = needles.iter().map(|needle| longest_run(needle)).collect();
    // The two alphabets of base64 have the same letters and digits.
    runs.sort_unstable();
    runs.dedup();
    runs.iter()
        .any(|run| run.len() < FEWEST_OF_RUN || holds_plainly(text, run))
}

/// The longest run of letters and digits.
fn longest_run(needle: &[u8]) -> &[u8] {
    let runs = needle.split(|byte| !byte.is_ascii_alphanumeric());
    runs.max_by_key(|run| run.len()).unwrap_or_default()
}

/// The places of the needles in a part of a text.
fn in_window(text: &[u8], needles: &Needles) -> Vec<Range<usize>> {
    let plain = Reading {
        bytes: Zeroizing::new(text.to_vec()),
        starts: (0..text.len()).collect(),
        end: text.len(),
    };
    let mut found = plain.places(needles);
    for once in DECODINGS.map(|(escapes, decoding)| plain.decoded(escapes, decoding)) {
        let Some(once) = once else { continue };
        found.extend(once.places(needles));
        let twice = DECODINGS.map(|(escapes, decoding)| once.decoded(escapes, decoding));
        found.extend(
            twice
                .iter()
                .flatten()
                .flat_map(|twice| twice.places(needles)),
        );
    }
    found
}

/// What any base64 text has in it that holds the value, wherever the value begins in what is encoded: the
/// characters that depend on nothing but the value.
fn in_base64(value: &[u8]) -> Vec<Zeroizing<Vec<u8>>> {
    let mut needles = Vec::new();
    for before in 0..3_usize {
        let mut shifted = Zeroizing::new(Vec::with_capacity(before + value.len()));
        shifted.resize(before, 0);
        shifted.extend_from_slice(value);
        // Each character stands for six bits.
        let first = (before * 8).div_ceil(6);
        let last = shifted.len() * 8 / 6;
        for alphabet in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            let encoded = Zeroizing::new(alphabet.encode(&shifted));
            match encoded.as_bytes().get(first..last) {
                Some(own) if own.len() >= FEWEST_OF_BASE64 => {
                    needles.push(Zeroizing::new(own.to_vec()));
                }
                _ => {}
            }
        }
    }
    needles
}

/// A text, decoded or not.
struct Reading {
    bytes: Zeroizing<Vec<u8>>,
    /// Where in the original each byte begins.
    starts: Vec<usize>,
    /// The length of the original.
    end: usize,
}

impl Reading {
    /// Where in the original the needles stand.
    fn places(&self, needles: &Needles) -> Vec<Range<usize>> {
        let start = |index: usize| self.starts.get(index).copied().unwrap_or(self.end);
        needles
            .iter()
            .flat_map(|needle| {
                memmem::find_iter(&self.bytes, needle.as_slice())
                    .map(|at| start(at)..start(at + needle.len()))
            })
            .collect()
    }

    /// Decodes once more; none where there is nothing to decode: no byte that an escape begins with, to start with.
    fn decoded(&self, escapes: &[u8; 2], decoding: Decoding) -> Option<Self> {
        let [one, other] = *escapes;
        memchr2(one, other, &self.bytes)?;
        let mut decoded = Self {
            // Decoding makes nothing longer, so no copy is left behind by growing.
            bytes: Zeroizing::new(Vec::with_capacity(self.bytes.len())),
            starts: Vec::with_capacity(self.starts.len()),
            end: self.end,
        };
        let mut rest = self.bytes.as_slice();
        let mut starts = self.starts.as_slice();
        while let (Some((&byte, _)), Some(&start)) = (rest.split_first(), starts.first()) {
            let length = decoding(rest, &mut decoded.bytes).unwrap_or_else(|| {
                decoded.bytes.push(byte);
                1
            });
            decoded.starts.resize(decoded.bytes.len(), start);
            rest = rest.get(length..).unwrap_or_default();
            starts = starts.get(length..).unwrap_or_default();
        }
        (decoded.bytes != self.bytes).then_some(decoded)
    }
}

/// Decodes the escape with which a text begins: adds what it stands for, returns how long it is; none where the
/// text begins with no escape.
type Decoding = fn(&[u8], &mut Vec<u8>) -> Option<usize>;

/// The decodings, each behind the bytes that its escapes begin with.
const DECODINGS: [(&[u8; 2], Decoding); 4] = [
    (b"%%", percent),
    (b"%+", form),
    (b"\\\\", json),
    (b"&&", html),
];

/// Percent-encoding (RFC 3986, section 2.1).
fn percent(text: &[u8], decoded: &mut Vec<u8>) -> Option<usize> {
    match text {
        [b'%', digits @ ..] => {
            decoded.push(u8::try_from(hexadecimal(digits.get(..2)?)?).ok()?);
            Some(3)
        }
        _ => None,
    }
}

/// Percent-encoding in a form (WHATWG URL, `application/x-www-form-urlencoded`), where `+` is a space.
fn form(text: &[u8], decoded: &mut Vec<u8>) -> Option<usize> {
    if text.first() == Some(&b'+') {
        decoded.push(b' ');
        Some(1)
    } else {
        percent(text, decoded)
    }
}

/// How many characters a reference of HTML has between `&` and `;` at most, of those that are read.
const LONGEST_REFERENCE: usize = 8;

/// A character reference of HTML or XML: by number, or one of the five that every encoder knows.
fn html(text: &[u8], decoded: &mut Vec<u8>) -> Option<usize> {
    let rest = text.strip_prefix(b"&")?;
    let end = rest
        .iter()
        .take(LONGEST_REFERENCE + 1)
        .position(|byte| *byte == b';')?;
    let reference = std::str::from_utf8(rest.get(..end)?).ok()?;
    let character = match reference {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => {
            let number = reference.strip_prefix('#')?;
            let number = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            char::from_u32(number.ok()?)?
        }
    };
    decoded.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    Some(end + "&;".len())
}

/// An escape of a JSON string (RFC 8259, section 7).
fn json(text: &[u8], decoded: &mut Vec<u8>) -> Option<usize> {
    let [b'\\', escaped, rest @ ..] = text else {
        return None;
    };
    let (character, length) = match escaped {
        b'"' | b'\\' | b'/' => (char::from(*escaped), 2),
        b'b' => ('\u{8}', 2),
        b'f' => ('\u{c}', 2),
        b'n' => ('\n', 2),
        b'r' => ('\r', 2),
        b't' => ('\t', 2),
        b'u' => {
            let unit = hexadecimal(rest.get(..4)?)?;
            match char::from_u32(u32::from(unit)) {
                Some(character) => (character, 6),
                // Half of a character; the other half is the next escape.
                None => {
                    let next = rest.get(4..10)?.strip_prefix(b"\\u")?;
                    let pair = [unit, hexadecimal(next)?];
                    (char::decode_utf16(pair).next()?.ok()?, 12)
                }
            }
        }
        _ => return None,
    };
    decoded.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    Some(length)
}

/// Hexadecimal digits as a number.
fn hexadecimal(digits: &[u8]) -> Option<u16> {
    digits.iter().try_fold(0_u16, |number, &digit| {
        let digit = char::from(digit).to_digit(16)?;
        number
            .checked_mul(16)?
            .checked_add(u16::try_from(digit).ok()?)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What of a text is found, in its order.
    fn found<'a>(text: &'a str, value: &str) -> Vec<&'a str> {
        let mut places = occurrences(text.as_bytes(), value.as_bytes());
        places.sort_by_key(|place| (place.start, place.end));
        places.dedup();
        places.into_iter().map(|place| &text[place]).collect()
    }

    #[test]
    fn a_value_is_found_in_the_forms_that_encoders_write() {
        let value = "a+b/c \"é😀";
        for (text, place) in [
            ("x a+b/c \"é😀 x", value),
            (
                "s=a%2Bb%2Fc+%22%C3%A9%F0%9F%98%80&",
                "a%2Bb%2Fc+%22%C3%A9%F0%9F%98%80",
            ),
            (
                "s=a%2bb%2fc%20%22%c3%a9%f0%9f%98%80&",
                "a%2bb%2fc%20%22%c3%a9%f0%9f%98%80",
            ),
            ("s=a+b/c%20\"é😀", "a+b/c%20\"é😀"),
            (r#"{"s":"a+b/c \"é😀"}"#, r#"a+b/c \"é😀"#),
            (
                r#"{"s":"a\u002bb\/c \u0022\u00E9\ud83d\uDE00"}"#,
                r"a\u002bb\/c \u0022\u00E9\ud83d\uDE00",
            ),
            (r#"{"s":"{\"s\":\"a+b/c \\\"é😀\"}"}"#, r#"a+b/c \\\"é😀"#),
            (r#"{"s":"a%2Bb%2Fc\u002B%22é😀"}"#, r"a%2Bb%2Fc\u002B%22é😀"),
            (
                "<p>a+b/c &quot;&#233;&#x1F600;</p>",
                "a+b/c &quot;&#233;&#x1F600;",
            ),
            ("%7B%22s%22%3A%22a%2Bb/c%20%5C%22é😀", "a%2Bb/c%20%5C%22é😀"),
        ] {
            assert_eq!(found(text, value), [place], "{text}");
        }
    }

    #[test]
    fn what_only_resembles_the_value_is_not_found() {
        for text in [
            "",
            "a+b",
            "a%2",
            "a%zz",
            r"a\u002",
            r"a\ud83dx",
            r"a\",
            "%",
            "a%2Bd",
        ] {
            assert_eq!(found(text, "a+c"), [""; 0], "{text}");
        }
        assert_eq!(found("anything", ""), [""; 0]);
    }

    #[test]
    fn a_value_is_found_wherever_a_long_text_is_divided() {
        for written in ["a+b/c", "a%2Bb%2Fc", r"a\u002bb\/c"] {
            for before in (WINDOW - written.len() - 1)..=(WINDOW + 1) {
                let text = format!("{}{written}{}", "x".repeat(before), "y".repeat(WINDOW));
                assert_eq!(found(&text, "a+b/c"), [written], "{written} {before}");
            }
        }
    }

    #[test]
    fn every_occurrence_is_found() {
        assert_eq!(found("a+b a%2Bb a+b", "a+b"), ["a+b", "a%2Bb", "a+b"]);
    }

    proptest! {
        #[test]
        fn a_value_in_base64_is_found_wherever_it_begins(before in "[ -~]{0,5}", value in "[ -~]{10,20}", after in "[ -~]{0,5}") {
            for alphabet in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
                let text = alphabet.encode(format!("{before}{value}{after}"));
                let places = found(&text, &value);
                let longest = places.iter().map(|place| place.len()).max();
                // All but the two characters that have bits of others too.
                prop_assert!(longest >= Some(value.len() * 8 / 6 - 2), "{text}: {places:?}");
            }
        }

        #[test]
        fn a_place_is_within_the_text(text in any::<Vec<u8>>(), value in prop::collection::vec(any::<u8>(), 0..3)) {
            for place in occurrences(&text, &value) {
                prop_assert!(text.get(place.clone()).is_some_and(|found| !found.is_empty()), "{place:?}");
            }
        }

        #[test]
        fn a_value_is_found_in_its_own_form_and_json(value in ".{1,20}", around in "[a-z%\\\\+]{0,4}") {
            let form: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
            let in_form = format!("s={form}&{around}");
            prop_assert!(holds(in_form.as_bytes(), value.as_bytes()));
            let json = serde_json::to_string(&value).unwrap();
            let in_json = format!("[{json}]{around}");
            prop_assert!(holds(in_json.as_bytes(), value.as_bytes()));
        }
    }
}
