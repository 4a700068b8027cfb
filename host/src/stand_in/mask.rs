//! The values taken out of an answer again, where a server repeats what it was sent.

use std::io::Read;
use std::ops::Range;

use flate2::read::GzDecoder;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, response};
use hyper::body::Bytes;
use secrecy::zeroize::{Zeroize, Zeroizing};

use super::occurrences::{holds_plainly, occurrences};
use super::{Secret, Secrets};
use crate::config::SecretMode;

#[cfg(test)]
mod tests;

/// Values of fewer bytes are in any answer by chance, a token for example, and taking them out would break it.
const SHORT: usize = 4;

/// An id that has this many characters in a row in common with a value is taken for a part of it.
const IN_COMMON: usize = 8;

/// An answer to a request with a secret in it that cannot be looked through, so the component must not have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the answer to a request with a secret is compressed although it was not to be, and otherwise than with gzip, so \
     nobody can see whether it repeats the secret: check the URL in the configuration, and any proxy on the way"
)]
pub struct Unreadable;

/// How the body of an answer that can be looked through is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// As it is.
    Plain,
    /// Compressed, by a server or a proxy that does so whatever it is asked for.
    Gzip,
}

impl Encoding {
    /// The encoding by the headers of an answer. To be asked before its body is read.
    ///
    /// # Errors
    ///
    /// When it is another one.
    pub fn of(headers: &HeaderMap) -> Result<Self, Unreadable> {
        let names = |header: HeaderName| -> Vec<_> {
            let values = headers.get_all(header).iter();
            values
                .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
                .map(|name| name.trim_ascii().to_ascii_lowercase())
                .filter(|name| !matches!(name.as_slice(), b"" | b"identity" | b"chunked"))
                .collect()
        };
        if !names(TRANSFER_ENCODING).is_empty() {
            return Err(Unreadable);
        }
        match names(CONTENT_ENCODING).as_slice() {
            [] => Ok(Self::Plain),
            [name] if name == b"gzip" || name == b"x-gzip" => Ok(Self::Gzip),
            _ => Err(Unreadable),
        }
    }
}

/// Why a compressed body cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotInflated {
    /// It is larger than allowed.
    TooLarge,
    /// It is damaged, or broke off.
    Damaged,
}

/// A body that was compressed with gzip, of so many bytes at most.
///
/// # Errors
///
/// When it is larger or damaged.
pub fn inflated(compressed: &[u8], most: u64) -> Result<Bytes, NotInflated> {
    let mut body = Vec::new();
    // One byte more than allowed tells a body of exactly that from a larger one.
    let mut reader = GzDecoder::new(compressed).take(most.saturating_add(1));
    match reader.read_to_end(&mut body) {
        Ok(length) if length as u64 > most => Err(NotInflated::TooLarge),
        Ok(_) => Ok(Bytes::from(body)),
        Err(_) => Err(NotInflated::Damaged),
    }
}

impl Secrets {
    /// Takes every value out of an answer, headers and whole body as it is or inflated, and puts its stand-in there.
    /// `Content-Length` follows.
    ///
    /// Found is a value as it is, percent-encoded, in JSON, in base64, and one of these inside another. The
    /// server is trusted with the secret; this guards against one that repeats what it was sent, not against
    /// one that works for the component. Where the component has the values themselves, nothing is done.
    pub fn mask(&self, head: &mut response::Parts, body: Bytes) -> Bytes {
        self.mask_headers(&mut head.headers);
        let Some(masked) = self.masked(&body) else {
            return body;
        };
        wipe(body);
        if head.headers.contains_key(CONTENT_LENGTH) {
            head.headers
                .insert(CONTENT_LENGTH, HeaderValue::from(masked.len()));
        }
        masked
    }

    /// Takes every value out of headers or trailers of an answer. A header with a value in its name is taken
    /// out as a whole.
    pub fn mask_headers(&self, headers: &mut HeaderMap) {
        if self.mode == SecretMode::Value {
            return;
        }
        for secret in self.long_enough() {
            // The names of headers are in lower case, whatever a server put there.
            let lower = Zeroizing::new(secret.value().to_ascii_lowercase());
            let names: Vec<_> = headers
                .keys()
                .filter(|name| holds_plainly(name.as_str().as_bytes(), &lower))
                .cloned()
                .collect();
            for name in names {
                headers.remove(name);
            }
        }
        for value in headers.values_mut() {
            if let Some(masked) = self.masked(value.as_bytes()) {
                *value = HeaderValue::from_maybe_shared(masked)
                    .unwrap_or_else(|_| HeaderValue::from_static(""));
            }
        }
    }

    /// The secrets whose values are in no text by chance.
    fn long_enough(&self) -> impl Iterator<Item = &Secret> {
        let secrets = self.by_name.values();
        secrets.filter(|secret| secret.value().len() >= SHORT)
    }

    /// Whether a short text, such as an id, has a value in it or is a part of one, whatever the case.
    pub fn are_in(&self, text: &str) -> bool {
        self.long_enough().any(|secret| {
            let value = secret.value();
            let length = IN_COMMON.min(value.len());
            let mut parts = text.as_bytes().windows(length);
            parts.any(|part| {
                value
                    .windows(length)
                    .any(|other| part.eq_ignore_ascii_case(other))
            })
        })
    }

    /// A text with the stand-ins where the values were; none where there was no value.
    fn masked(&self, text: &[u8]) -> Option<Bytes> {
        if self.mode == SecretMode::Value {
            return None;
        }
        // All secrets at once: where one is part of another, nothing of the longer may stay.
        let mut places: Vec<(Range<usize>, &str)> = self
            .long_enough()
            .flat_map(|secret| {
                let places = occurrences(text, secret.value()).into_iter();
                places.map(|place| (place, secret.stand_in.as_str()))
            })
            .collect();
        if places.is_empty() {
            return None;
        }
        places.sort_by(|(one, _), (other, _)| (one.start, other.end).cmp(&(other.start, one.end)));
        let mut masked = Vec::with_capacity(text.len());
        let mut end = 0;
        for (place, stand_in) in places {
            if place.start >= end {
                masked.extend_from_slice(text.get(end..place.start).unwrap_or_default());
                masked.extend_from_slice(stand_in.as_bytes());
            }
            end = end.max(place.end);
        }
        masked.extend_from_slice(text.get(end..).unwrap_or_default());
        Some(Bytes::from(masked))
    }
}

/// Wipes the bytes, if nobody else has them.
fn wipe(bytes: Bytes) {
    if let Ok(mut bytes) = bytes.try_into_mut() {
        bytes.as_mut().zeroize();
    }
}
