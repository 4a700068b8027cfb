//! The encodings in which an answer may repeat a secret, decoded: JSON, percent and form, base64.
//!
//! Encoders differ: one writes `/` as `%2F`, the next as `%2f`, a third leaves it; JSON has `\/`, `\u002f` and the plain
//! letter; base64 depends on what stands before the value. Therefore the text is decoded rather than the value encoded in
//! every way, and each decoded byte keeps its span in the original.

use std::ops::Range;

use memchr::memchr2;
use secrecy::zeroize::Zeroizing;

/// What separates the decoded base64 of two runs. It is never part of UTF-8, so no value extends over it.
const SEPARATOR: u8 = 0xFF;

/// A text, either the original or decoded from it.
#[derive(Clone, Copy)]
pub(super) struct Text<'t> {
    pub bytes: &'t [u8],
    /// The span of each byte; none where a byte is its own, as in the original.
    spans: Option<&'t [Span]>,
}

impl<'t> Text<'t> {
    /// A text as it is.
    pub(super) fn original(bytes: &'t [u8]) -> Self {
        Self { bytes, spans: None }
    }

    /// The bytes of the original that encode a range of this text.
    pub(super) fn origin(&self, range: Range<usize>) -> Range<usize> {
        let Some(spans) = self.spans else {
            return range;
        };
        let start = spans.get(range.start).map_or(0, |span| span.start);
        let end = spans.get(..range.end).and_then(<[Span]>::last);
        start as usize..end.map_or(start, |span| span.end) as usize
    }
}

/// The bytes of the original that encode one decoded byte. Half the size of a `Range<usize>`: there is one for each byte.
#[derive(Clone, Copy)]
struct Span {
    start: u32,
    end: u32,
}

/// A decoded text. What it holds is wiped, since it may be a secret.
pub(super) struct Decoded<'t> {
    encoded: Text<'t>,
    bytes: Zeroizing<Vec<u8>>,
    /// None where nobody asks for them.
    spans: Option<Vec<Span>>,
}

impl<'t> Decoded<'t> {
    /// With room for all that a part of `encoded` can decode to, because a vector that grows leaves copies behind.
    fn new(encoded: Text<'t>, room: usize, with_spans: bool) -> Self {
        Self {
            encoded,
            bytes: Zeroizing::new(Vec::with_capacity(room)),
            spans: with_spans.then(|| Vec::with_capacity(room)),
        }
    }

    /// What was decoded.
    pub(super) fn text(&self) -> Text<'_> {
        Text {
            bytes: &self.bytes,
            spans: self.spans.as_deref(),
        }
    }

    /// Appends a byte that a range of the encoded text stands for.
    fn push(&mut self, byte: u8, range: Range<usize>) {
        self.bytes.push(byte);
        if let Some(spans) = &mut self.spans {
            let origin = self.encoded.origin(range);
            spans.push(Span {
                start: u32::try_from(origin.start).unwrap_or(u32::MAX),
                end: u32::try_from(origin.end).unwrap_or(u32::MAX),
            });
        }
    }

    /// Appends bytes of the encoded text, from `at` on, that stand for themselves.
    fn copy(&mut self, bytes: &[u8], at: usize) {
        if self.spans.is_none() {
            self.bytes.extend_from_slice(bytes);
            return;
        }
        for (at, byte) in (at..).zip(bytes) {
            self.push(*byte, at..at + 1);
        }
    }
}

/// A way to decode a text.
#[derive(Debug, Clone, Copy)]
pub(super) enum Encoding {
    /// The escapes of a JSON string (RFC 8259, section 7).
    Json,
    /// Percent-encoding (RFC 3986, section 2.1), where `+` is itself.
    Percent,
    /// Percent-encoding of a form (WHATWG URL, `application/x-www-form-urlencoded`), where `+` is a space.
    Form,
    /// Base64 and base64url (RFC 4648), with or without padding and line breaks, of which so many characters are skipped at
    /// the beginning of each run: what stands before an encoded text, such as the `/` of a path, may be of the same alphabet.
    Base64(u8),
}

impl Encoding {
    /// All of them. The phases of base64 are as many as a group has characters.
    pub(super) const ALL: [Self; 7] = [
        Self::Json,
        Self::Percent,
        Self::Form,
        Self::Base64(0),
        Self::Base64(1),
        Self::Base64(2),
        Self::Base64(3),
    ];

    /// Decodes a part of a text, and keeps the span of each byte where asked to, which takes several times as long; none
    /// where there is no escape.
    pub(super) fn decode<'t>(
        self,
        text: Text<'t>,
        part: Range<usize>,
        with_spans: bool,
    ) -> Option<Decoded<'t>> {
        let encoded = text.bytes.get(part.clone())?;
        let (marks, unescape): (_, Unescape) = match self {
            Self::Json => (b"\\\\", json),
            Self::Percent => (b"%%", percent),
            Self::Form => (b"%+", form),
            Self::Base64(skip) => {
                let mut decoded = Decoded::new(text, encoded.len(), with_spans);
                decode_base64(encoded, part.start, skip, &mut decoded);
                return Some(decoded);
            }
        };
        let [one, other] = *marks;
        memchr2(one, other, encoded)?;
        let mut decoded = Decoded::new(text, encoded.len(), with_spans);
        decode_escapes(encoded, part.start, [one, other], unescape, &mut decoded);
        Some(decoded)
    }
}

/// Whether a byte can be part of base64 that JSON or a form may have escaped once more, and broken over lines. Any other
/// byte ends the run.
pub(super) fn may_be_base64(byte: u8) -> bool {
    class(byte) <= BLANK || matches!(byte, b'\\' | b'%')
}

/// The six bits of a character of either alphabet of base64, [`BLANK`] or [`OTHER`]. A table, because base64 is as good as
/// random, and each comparison would be mispredicted half of the time.
fn class(byte: u8) -> u8 {
    CLASSES.get(usize::from(byte)).copied().unwrap_or(OTHER)
}

/// The class of what base64 goes on behind: a line break, and what a continued line begins with.
const BLANK: u8 = 64;

/// The class of what ends base64.
const OTHER: u8 = 65;

const CLASSES: [u8; 256] = {
    let mut classes = [OTHER; 256];
    let mut rest: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut sextet = 0;
    while let [character, others @ ..] = rest {
        set(&mut classes, *character, sextet);
        sextet += 1;
        rest = others;
    }
    set(&mut classes, b'+', 62);
    set(&mut classes, b'-', 62);
    set(&mut classes, b'/', 63);
    set(&mut classes, b'_', 63);
    set(&mut classes, b'\r', BLANK);
    set(&mut classes, b'\n', BLANK);
    set(&mut classes, b' ', BLANK);
    set(&mut classes, b'\t', BLANK);
    classes
};

#[allow(
    clippy::indexing_slicing,
    reason = "there is a class for each byte, and the compiler evaluates this"
)]
const fn set(classes: &mut [u8; 256], byte: u8, class: u8) {
    classes[byte as usize] = class;
}

/// Decodes every run of base64 in a text that begins at `offset`.
fn decode_base64(encoded: &[u8], offset: usize, skip: u8, decoded: &mut Decoded<'_>) {
    let mut to_skip = skip;
    let (mut pending, mut bits) = (0_u16, 0_u8);
    // Each byte takes its bits from two characters that follow one another.
    let mut previous = offset;
    for (at, &byte) in (offset..).zip(encoded) {
        match class(byte) {
            ..BLANK if to_skip > 0 => to_skip -= 1,
            sextet @ ..BLANK => {
                pending = pending << 6 | u16::from(sextet);
                bits += 6;
                if bits >= 8 {
                    bits -= 8;
                    let [_, byte] = (pending >> bits).to_be_bytes();
                    decoded.push(byte, previous..at + 1);
                    pending &= (1 << bits) - 1;
                }
                previous = at;
            }
            BLANK => {}
            _ => {
                (to_skip, pending, bits) = (skip, 0, 0);
                decoded.push(SEPARATOR, at..at + 1);
            }
        }
    }
}

/// Decodes the escape with which a text begins: writes what it stands for, and gives the lengths of the escape and of what
/// it stands for. None where the text begins with no escape.
type Unescape = fn(&[u8], &mut [u8; 4]) -> Option<(usize, usize)>;

/// Decodes the escapes, which begin with one of two bytes, of a text that begins at `offset`.
fn decode_escapes(
    encoded: &[u8],
    offset: usize,
    [one, other]: [u8; 2],
    unescape: Unescape,
    decoded: &mut Decoded<'_>,
) {
    let mut rest = encoded;
    let mut at = offset;
    while !rest.is_empty() {
        let literal = memchr2(one, other, rest).unwrap_or(rest.len());
        let mut buffer = [0; 4];
        let escape = rest
            .get(literal..)
            .and_then(|rest| unescape(rest, &mut buffer));
        // A byte that only looks like the beginning of an escape stands for itself.
        let literal = if escape.is_none() {
            rest.len().min(literal + 1)
        } else {
            literal
        };
        let (read, written) = escape.unwrap_or_default();
        decoded.copy(rest.get(..literal).unwrap_or_default(), at);
        at += literal;
        for byte in buffer.iter().take(written) {
            decoded.push(*byte, at..at + read);
        }
        at += read;
        rest = rest.get(literal + read..).unwrap_or_default();
    }
}

/// An escape of a form.
fn form(text: &[u8], decoded: &mut [u8; 4]) -> Option<(usize, usize)> {
    if text.first() == Some(&b'+') {
        *decoded = [b' ', 0, 0, 0];
        return Some((1, 1));
    }
    percent(text, decoded)
}

/// An escape of percent-encoding.
fn percent(text: &[u8], decoded: &mut [u8; 4]) -> Option<(usize, usize)> {
    let digits = text.strip_prefix(b"%")?.get(..2)?;
    *decoded = [u8::try_from(hexadecimal(digits)?).ok()?, 0, 0, 0];
    Some((3, 1))
}

/// An escape of a JSON string.
fn json(text: &[u8], decoded: &mut [u8; 4]) -> Option<(usize, usize)> {
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
    Some((length, character.encode_utf8(decoded).len()))
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
