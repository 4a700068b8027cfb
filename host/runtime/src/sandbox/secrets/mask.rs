//! Replaces the values in a response by their placeholders, where a server repeats what it was sent.

use std::cmp::Reverse;
use std::io::Read;

use flate2::read::GzDecoder;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, response};
use hyper::body::Bytes;
use secrecy::zeroize::{Zeroize, Zeroizing};

use crate::sandbox::secrets::find::holds;
use crate::sandbox::secrets::{PLACEHOLDER_LENGTH, Secrets};

#[cfg(test)]
mod tests;

/// An id that has this many characters in a row in common with a value is taken for a part of it. No secret of a
/// component is shorter.
const IN_COMMON: usize = 8;

/// Why a component does not get a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Withheld {
    /// Its body cannot be searched.
    #[error(
        "its body is compressed otherwise than with gzip, so nobody can see whether it repeats the secret: check the URL \
         in the configuration, and any proxy on the way"
    )]
    Unreadable,
    /// It is larger than allowed: inflated, or with the placeholders in it.
    #[error("it is larger than allowed")]
    TooLarge,
    /// It is not valid gzip, or breaks off.
    #[error("it is damaged")]
    Damaged,
    /// The search was given up.
    #[error("the search for secrets was given up")]
    GivenUp,
}

/// Returns whether the body of a response is compressed with gzip.
///
/// # Errors
///
/// When it is compressed otherwise, so that it cannot be searched.
pub fn is_gzip(headers: &HeaderMap) -> Result<bool, Withheld> {
    let names = |header: HeaderName| -> Vec<_> {
        let values = headers.get_all(header).iter();
        values
            .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
            .map(|name| name.trim_ascii().to_ascii_lowercase())
            .filter(|name| !matches!(name.as_slice(), b"" | b"identity" | b"chunked"))
            .collect()
    };
    let encodings = names(CONTENT_ENCODING);
    match encodings.as_slice() {
        _ if !names(TRANSFER_ENCODING).is_empty() => Err(Withheld::Unreadable),
        [] => Ok(false),
        [name] if name == b"gzip" || name == b"x-gzip" => Ok(true),
        _ => Err(Withheld::Unreadable),
    }
}

/// Inflates a body that is compressed with gzip, to at most `max` bytes.
fn inflate(compressed: &[u8], max: u64) -> Result<Bytes, Withheld> {
    let mut body = Vec::new();
    // One byte more than allowed tells a body of exactly that from a larger one.
    let mut reader = GzDecoder::new(compressed).take(max.saturating_add(1));
    match reader.read_to_end(&mut body) {
        Ok(length) if length as u64 > max => Err(Withheld::TooLarge),
        Ok(_) => Ok(Bytes::from(body)),
        Err(_) => Err(Withheld::Damaged),
    }
}

impl Secrets {
    /// Replaces every value in a response, headers and complete body, by its placeholder, and inflates the body.
    /// `Content-Length` follows. The body has at most `max` bytes afterwards, and is searched for as long as `goes_on` says,
    /// which is asked before each spelling of a secret.
    ///
    /// The spellings in `find.rs` are found. The server is trusted with the secret; this guards against one that repeats what it
    /// was sent, not against one that works for the component.
    ///
    /// # Errors
    ///
    /// When the body cannot be searched, would be too large, or `goes_on` ends the search.
    pub fn mask(
        &self,
        head: &mut response::Parts,
        mut body: Bytes,
        max: u64,
        goes_on: impl FnMut() -> bool,
    ) -> Result<Bytes, Withheld> {
        let headers = &mut head.headers;
        // A response without a body may name an encoding: to HEAD, or with 204 or 304.
        if is_gzip(headers)? && !body.is_empty() {
            headers.remove(CONTENT_ENCODING);
            headers.remove(CONTENT_LENGTH);
            body = inflate(&body, max)?;
        }
        self.mask_headers(headers);
        let Some(masked) = self.masked(&body, max, goes_on)? else {
            return Ok(body);
        };
        if let Ok(mut body) = body.try_into_mut() {
            body.as_mut().zeroize();
        }
        if headers.contains_key(CONTENT_LENGTH) {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(masked.len()));
        }
        Ok(masked)
    }

    /// Replaces every value in the headers of a response. A header with a value in its name is removed.
    fn mask_headers(&self, headers: &mut HeaderMap) {
        for secret in self.by_name.values() {
            // The names of headers are in lower case, whatever a server put there.
            let lower = Zeroizing::new(secret.value().to_ascii_lowercase());
            let names: Vec<_> = headers
                .keys()
                .filter(|name| holds(name.as_str().as_bytes(), &lower))
                .cloned()
                .collect();
            for name in names {
                headers.remove(name);
            }
        }
        for value in headers.values_mut() {
            // The client bounds all headers together; a placeholder is at most nine times as long as a value.
            if let Ok(Some(masked)) = self.masked(value.as_bytes(), u64::MAX, || true) {
                *value = HeaderValue::from_maybe_shared(masked)
                    .unwrap_or_else(|_| HeaderValue::from_static(""));
            }
        }
    }

    /// Returns whether a short text, such as an id, has a value in it or is a part of one, whatever the case.
    pub fn are_in(&self, text: &str) -> bool {
        self.by_name.values().any(|secret| {
            let mut parts = text.as_bytes().windows(IN_COMMON);
            parts.any(|part| {
                let mut others = secret.value().windows(IN_COMMON);
                others.any(|other| part.eq_ignore_ascii_case(other))
            })
        })
    }

    /// Returns a text with placeholders where the values were; `None` where there was no value.
    fn masked(
        &self,
        text: &[u8],
        max: u64,
        mut goes_on: impl FnMut() -> bool,
    ) -> Result<Option<Bytes>, Withheld> {
        let mut places = Vec::new();
        for secret in self.by_name.values() {
            for spelling in &secret.spellings {
                if !goes_on() {
                    return Err(Withheld::GivenUp);
                }
                for range in spelling.find(text) {
                    places.push((range.start, Reverse(range.end), &secret.placeholder));
                    if (places.len() * PLACEHOLDER_LENGTH) as u64 > max {
                        return Err(Withheld::TooLarge);
                    }
                }
            }
        }
        if places.is_empty() {
            return Ok(None);
        }
        // All secrets at once: where one is part of another, nothing of the longer may stay.
        places.sort_unstable();
        let mut written = Vec::new();
        let mut end = 0;
        for (start, Reverse(until), placeholder) in places {
            if start >= end {
                written.extend_from_slice(text.get(end..start).unwrap_or_default());
                written.extend_from_slice(placeholder.as_bytes());
            }
            end = end.max(until);
        }
        written.extend_from_slice(text.get(end..).unwrap_or_default());
        if written.len() as u64 > max {
            return Err(Withheld::TooLarge);
        }
        Ok(Some(Bytes::from(written)))
    }
}
