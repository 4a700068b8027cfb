//! Replaces the placeholders in a request that is about to leave by their values.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, request};
use hyper::body::Bytes;
use memchr::memmem;
use secrecy::ExposeSecret;
use secrecy::zeroize::Zeroizing;
use url::Url;

use crate::contract::limits::MAX_REQUEST_BODY;
use crate::network::addresses::is_loopback;
use crate::sandbox::secrets::find::{form, holds, json_string};
use crate::sandbox::secrets::{Secret, Secrets};
use crate::units::quantity;

#[cfg(test)]
mod tests;

/// Base64 of user name and password, from writers that pad as well as from others.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The most bytes that the headers of a request with secrets in them may have together. Servers accept 8 to 64 KiB.
pub const MAX_SECRET_HEADERS: usize = 128 << 10;

/// Why a request with a secret, or its placeholder, is refused. The text continues "refused a request of the component: ".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the secret {secret} {why}")]
pub struct Misplaced {
    secret: String,
    why: String,
}

impl Misplaced {
    fn new(secret: &str, why: impl Into<String>) -> Self {
        Self {
            secret: secret.to_owned(),
            why: why.into(),
        }
    }

    fn too_large(secret: &str, part: &str, max: usize) -> Self {
        let max = quantity::bytes(max as u64);
        let why = format!(
            "would make {part} of a request larger than {max}: report this to the component's maker"
        );
        Self::new(secret, why)
    }
}

impl Secrets {
    /// Checks that no placeholder is where no secret may be, before any of that is logged or counted. Host and names of
    /// headers are in lower case, as a placeholder is.
    ///
    /// # Errors
    ///
    /// When one is.
    pub fn check_places(
        &self,
        url: &Url,
        method: &Method,
        headers: &HeaderMap,
    ) -> Result<(), Misplaced> {
        let places = [("its URL", url.as_str()), ("its method", method.as_str())].into_iter();
        let names = headers
            .keys()
            .map(|name| ("the name of a header", name.as_str()));
        for (place, text) in places.chain(names) {
            for (name, secret) in &self.by_name {
                if holds(text.as_bytes(), secret.placeholder.as_bytes()) {
                    let why = format!(
                        "is in {place}; only a header value, a form or JSON may hold it: report this to the \
                         component's maker"
                    );
                    return Err(Misplaced::new(name, why));
                }
            }
        }
        Ok(())
    }

    /// Replaces the placeholders in a request to `url` by their values. The rules about hosts and places have allowed the
    /// request. Returns its body. A request without a placeholder stays as it is.
    ///
    /// A value in a form is percent-encoded, in JSON escaped, in `Authorization: Basic` put inside the base64.
    ///
    /// The bytes with the value in them are wiped when they are dropped, in the body and in the headers. What
    /// cannot be wiped: the copies in hyper's write buffer and in rustls, and on the stack while base64 is
    /// written.
    ///
    /// # Errors
    ///
    /// When a secret may not go there, or its value cannot be written. The request must not be sent then; its head may be
    /// half changed.
    pub fn substitute(
        &self,
        url: &Url,
        head: &mut request::Parts,
        mut body: Bytes,
    ) -> Result<Bytes, Misplaced> {
        let encode = encoder(&head.headers);
        let mut room = MAX_SECRET_HEADERS;
        for (name, secret) in &self.by_name {
            let placeholder = secret.placeholder.as_bytes();
            for (header, value) in &mut head.headers {
                let is_plain = holds(value.as_bytes(), placeholder);
                let credentials = basic(header, value).filter(|text| holds(text, placeholder));
                let text = match &credentials {
                    Some(text) if !is_plain => text,
                    _ if is_plain => value.as_bytes(),
                    _ => continue,
                };
                secret.check_target(name, url)?;
                let written = replaced(text, placeholder, secret.value(), room)
                    .and_then(|text| match is_plain {
                        true => Some(Bytes::from_owner(text)),
                        false => to_basic(&text, room),
                    })
                    .ok_or_else(|| Misplaced::too_large(name, "the headers", MAX_SECRET_HEADERS))?;
                room = room.saturating_sub(written.len());
                *value = HeaderValue::from_maybe_shared(written).map_err(|_| {
                    let why = "has characters that no header may hold, such as a line break: check that its source \
                               holds the secret and nothing else";
                    Misplaced::new(name, why)
                })?;
                value.set_sensitive(true);
            }
            if holds(&body, placeholder) {
                secret.check_target(name, url)?;
                let encode = encode.ok_or_else(|| {
                    let why = "is in a body that is neither application/x-www-form-urlencoded nor JSON, or is \
                               compressed: report this to the component's maker";
                    Misplaced::new(name, why)
                })?;
                let written = encode(secret.value.expose_secret());
                let replaced = replaced(&body, placeholder, &written, MAX_REQUEST_BODY)
                    .ok_or_else(|| Misplaced::too_large(name, "the body", MAX_REQUEST_BODY))?;
                body = Bytes::from_owner(replaced);
            }
        }
        Ok(body)
    }
}

impl Secret {
    /// Checks whether this secret may be sent to `url`.
    fn check_target(&self, name: &str, url: &Url) -> Result<(), Misplaced> {
        let key = &self.config_key;
        if self.origin.as_ref() != Some(&url.origin()) {
            let bound_to = match &self.origin {
                Some(origin) => origin.ascii_serialization(),
                None => "nowhere".to_owned(),
            };
            let why = format!(
                "may only go to {bound_to}, the URL in {key}, and not to {}: if it belongs there, set that key; \
                 otherwise do not trust this component",
                url.origin().ascii_serialization()
            );
            return Err(Misplaced::new(name, why));
        }
        if url.scheme() != "https" && !is_loopback(url) {
            let why = format!("may only go by https: set {key} to a URL that begins with https");
            return Err(Misplaced::new(name, why));
        }
        Ok(())
    }
}

/// How the credentials of the scheme Basic begin (RFC 7617).
const BASIC: &str = "Basic ";

/// Returns what is inside the base64 of `Authorization: Basic`; `None` for another header or scheme.
fn basic(header: &HeaderName, content: &HeaderValue) -> Option<Zeroizing<Vec<u8>>> {
    if header != AUTHORIZATION {
        return None;
    }
    let (scheme, base64) = content.as_bytes().split_at_checked(BASIC.len())?;
    if !scheme.eq_ignore_ascii_case(BASIC.as_bytes()) {
        return None;
    }
    BASE64.decode(base64.trim_ascii()).ok().map(Zeroizing::new)
}

/// Returns the value of `Authorization: Basic` with these credentials; `None` where it is longer than `max` bytes.
fn to_basic(credentials: &[u8], max: usize) -> Option<Bytes> {
    let length = BASIC.len() + credentials.len().div_ceil(3) * 4;
    let mut written = Zeroizing::new(String::with_capacity(length));
    written.push_str(BASIC);
    BASE64.encode_string(credentials, &mut written);
    (length <= max).then(|| Bytes::from_owner(written))
}

/// Writes a value as a format of bodies spells it.
type Encoder = fn(&str) -> Zeroizing<Vec<u8>>;

/// Returns how a value is written in a body with these headers: in a form or in JSON; `None` for any other body and for a
/// compressed one.
fn encoder(headers: &HeaderMap) -> Option<Encoder> {
    if headers.contains_key(CONTENT_ENCODING) {
        return None;
    }
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let (Some(content_type), None) = (types.next(), types.next()) else {
        return None;
    };
    let content_type = content_type.to_str().ok()?.to_ascii_lowercase();
    match content_type.split(';').next()?.trim() {
        "application/x-www-form-urlencoded" => Some(form),
        "application/json" => Some(json_string),
        other => other.ends_with("+json").then_some(json_string),
    }
}

/// Returns a text with every occurrence of a part replaced; `None` if that is longer than `max` bytes. It is counted before
/// anything is written: a placeholder has 75 bytes, a secret may have thousands.
fn replaced(text: &[u8], part: &[u8], by: &[u8], max: usize) -> Option<Zeroizing<Vec<u8>>> {
    let count = memmem::find_iter(text, part).count();
    let kept = text.len().checked_sub(count.checked_mul(part.len())?)?;
    let length = kept.checked_add(count.checked_mul(by.len())?)?;
    if length > max {
        return None;
    }
    let mut written = Zeroizing::new(Vec::with_capacity(length));
    let mut rest = text;
    while let Some((before, after)) = memmem::find(rest, part)
        .and_then(|at| Some((rest.get(..at)?, rest.get(at + part.len()..)?)))
    {
        written.extend_from_slice(before);
        written.extend_from_slice(by);
        rest = after;
    }
    written.extend_from_slice(rest);
    Some(written)
}
