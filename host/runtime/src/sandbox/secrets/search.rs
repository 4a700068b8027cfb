//! Where values stand in a text: as they are, in JSON, percent-encoded, in a form, in base64, and in one of these inside
//! another.
//!
//! The search assumes encoders that leave letters and digits as they are, as those of servers do. It does not find what is
//! written in another way, such as in hexadecimal digits, in UTF-16 or in capitals, nor what is encoded three times,
//! encrypted, digested, compressed or spread over several places.

use std::ops::Range;

use memchr::memmem::{self, Finder};

use crate::sandbox::secrets::decode::{Encoding, Text, may_be_base64};

/// How many encodings are undone, one inside another.
const MAX_NESTING: usize = 2;

/// How many letters and digits in a row a value must have for it to be looked for by them: fewer are in any text.
const MIN_RUN: usize = 4;

/// How many bytes of a text are searched at a time. A decoded byte takes nine with its span, once for each encoding inside
/// another, and the places found are kept until the next step.
const STEP: usize = 256 << 10;

/// How many bytes a byte of a value takes at most, encoded twice: eight as the base64 of `\u0000` or as `%5Cu0000`, and
/// half as much again for line breaks in between.
const MAX_ENCODED: usize = 12;

/// Whether a text holds these very bytes. No bytes at all are nowhere.
pub(super) fn holds_plainly(text: &[u8], bytes: &[u8]) -> bool {
    !bytes.is_empty() && memmem::find(text, bytes).is_some()
}

/// Whether a text holds a value in any of the forms that are found.
pub(super) fn holds(text: &[u8], value: &[u8]) -> bool {
    let search = Search::new([(value, "")]);
    let mut places = Vec::new();
    search.steps(text).any(|step| {
        let text = Text::original(text.get(step).unwrap_or_default());
        search.search(text, MAX_NESTING, false, &mut places);
        !places.is_empty()
    })
}

/// A place where a value stands.
pub(super) struct Place<'a> {
    /// The bytes of the text that the value has a part in.
    pub range: Range<usize>,
    /// What is to stand there.
    pub stand_in: &'a str,
}

/// A search for values.
pub(super) struct Search<'a> {
    values: Vec<Value<'a>>,
    /// The length of the shortest value.
    shortest: usize,
    /// The length of the longest value.
    longest: usize,
}

struct Value<'a> {
    finder: Finder<'a>,
    /// Its longest run of letters and digits, which all encodings but base64 leave as it is; none where that is too short
    /// to be looked for.
    run: Option<Finder<'a>>,
    stand_in: &'a str,
}

impl<'a> Search<'a> {
    /// A search for these values, each with what is to stand in its place. Empty ones are nowhere.
    pub(super) fn new(values: impl IntoIterator<Item = (&'a [u8], &'a str)>) -> Self {
        let values: Vec<_> = values
            .into_iter()
            .filter(|(value, _)| !value.is_empty())
            .map(|(value, stand_in)| Value::new(value, stand_in))
            .collect();
        let lengths = || values.iter().map(|value| value.finder.needle().len());
        Self {
            shortest: lengths().min().unwrap_or(usize::MAX),
            longest: lengths().max().unwrap_or_default(),
            values,
        }
    }

    /// The parts of a text that are searched one after another. Each begins behind the one before, and extends so far into
    /// the next that every value is whole in one of them.
    pub(super) fn steps(&self, text: &[u8]) -> impl Iterator<Item = Range<usize>> + use<> {
        let overlap = self.longest.saturating_mul(MAX_ENCODED);
        let step = STEP.max(overlap);
        let length = if self.values.is_empty() {
            0
        } else {
            text.len()
        };
        (0..length)
            .step_by(step)
            .map(move |start| start..length.min(start + step + overlap))
    }

    /// Adds the places of the values in a part of a text, in no order; some may come twice, or overlap.
    pub(super) fn places(&self, text: &[u8], part: Range<usize>, places: &mut Vec<Place<'a>>) {
        let known = places.len();
        let text = Text::original(text.get(part.clone()).unwrap_or_default());
        // Almost every text holds no value; only for one that does it is worth to know where.
        self.search(text, MAX_NESTING, false, places);
        if places.len() == known {
            return;
        }
        places.truncate(known);
        self.search(text, MAX_NESTING, true, places);
        for place in places.iter_mut().skip(known) {
            place.range = part.start + place.range.start..part.start + place.range.end;
        }
    }

    /// Adds the places of the values in a text of which so many encodings may still be undone. Without spans, those in
    /// encoded parts are anywhere.
    fn search(
        &self,
        text: Text<'_>,
        nesting: usize,
        with_spans: bool,
        places: &mut Vec<Place<'a>>,
    ) {
        for value in &self.values {
            places.extend(value.places(text));
        }
        if nesting == 0 {
            return;
        }
        let encoded_bytes = text.bytes;
        let mut decode = |part: Range<usize>| {
            for encoding in Encoding::ALL {
                if let Some(decoded) = encoding.decode(text, part.clone(), with_spans) {
                    self.search(decoded.text(), nesting - 1, with_spans, places);
                }
            }
        };
        if self
            .values
            .iter()
            .any(|value| value.may_be_in(encoded_bytes))
        {
            decode(0..encoded_bytes.len());
        } else {
            // What is left is base64, in a run that is long enough for the shortest value.
            let least = (self.shortest * 8).div_ceil(6);
            runs(encoded_bytes, least).for_each(decode);
        }
    }
}

impl<'a> Value<'a> {
    fn new(value: &'a [u8], stand_in: &'a str) -> Self {
        let runs = value.split(|byte| !byte.is_ascii_alphanumeric());
        let run = runs.max_by_key(|run| run.len());
        Self {
            finder: Finder::new(value),
            run: run.filter(|run| run.len() >= MIN_RUN).map(Finder::new),
            stand_in,
        }
    }

    /// Whether a text may hold the value in an encoding other than base64.
    fn may_be_in(&self, text: &[u8]) -> bool {
        self.run.as_ref().is_none_or(|run| run.find(text).is_some())
    }

    /// The places of the value in a text that is decoded already.
    fn places(&self, text: Text<'_>) -> impl Iterator<Item = Place<'a>> {
        let length = self.finder.needle().len();
        let stand_in = self.stand_in;
        self.finder.find_iter(text.bytes).map(move |at| Place {
            range: text.origin(at..at + length),
            stand_in,
        })
    }
}

/// The runs of at least `least` bytes that may be base64.
fn runs(text: &[u8], least: usize) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0_usize;
    std::iter::from_fn(move || {
        // From the end of the shortest run that could begin here: one byte that ends a run rules out all before it.
        while let Some(shortest) = text.get(start..start.checked_add(least)?) {
            let Some(other) = shortest.iter().rposition(|byte| !may_be_base64(*byte)) else {
                let rest = text.get(start + least..).unwrap_or_default();
                let more = rest.iter().position(|byte| !may_be_base64(*byte));
                let end = start + least + more.unwrap_or(rest.len());
                let run = start..end;
                start = end;
                return Some(run);
            };
            start += other + 1;
        }
        None
    })
}

#[cfg(test)]
pub(super) mod tests;
