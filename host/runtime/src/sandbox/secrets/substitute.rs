//! The values put in the place of their placeholders, in a request that is about to leave.

use std::fmt;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, RANGE,
};
use http::{HeaderMap, HeaderName, HeaderValue, request};
use hyper::body::Bytes;
use memchr::memmem;
use secrecy::ExposeSecret;
use secrecy::zeroize::Zeroizing;
use url::{Url, form_urlencoded};

use crate::contract::limits::MAX_REQUEST_BODY;
use crate::network::addresses::is_loopback;
use crate::sandbox::secrets::find::holds;
use crate::sandbox::secrets::misplaced::{Misplaced, Place};
use crate::sandbox::secrets::{Secret, Secrets};

#[cfg(test)]
mod tests;

/// Base64 of user name and password, from writers that pad as well as from others.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The most bytes that the headers of a request with secrets in them have together: what the engine lets a component put
/// into all of its headers. Servers take 8 to 64 KiB.
pub const MAX_SECRET_HEADERS: usize = 128 << 10;

/// A request's body as it is to leave.
pub struct Sending {
    /// The body.
    pub body: Bytes,
    /// Whether the host has put a secret into the request, so that its answer must be masked.
    pub secret: bool,
}

/// Tells neither the body, which may hold a secret, nor its length, which tells the secret's.
impl fmt::Debug for Sending {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secret = self.secret;
        write!(formatter, "Sending {{ secret: {secret}, .. }}")
    }
}

impl Secrets {
    /// Puts the values in the place of their placeholders in a request to `url`, which the rules about hosts have
    /// allowed already. A request without a placeholder stays as it is.
    ///
    /// A value in a form is percent-encoded, in JSON escaped, in `Authorization: Basic` put inside the base64.
    /// A request with a value in it gets the `Content-Length` of its new body, and asks for an answer that can
    /// be looked through: not compressed, and not a part, which might hold a part of the value.
    ///
    /// The bytes with the value in them are wiped when they are dropped, in the body and in the headers. What
    /// cannot be wiped: the copies in hyper's write buffer and in rustls, and on the stack while base64 is
    /// written.
    ///
    /// # Errors
    ///
    /// When a placeholder is where no secret may be or on its way to where this one may not go. The
    /// request must not be sent then; its head may be half changed.
    pub(crate) fn substitute(
        &self,
        url: &Url,
        head: &mut request::Parts,
        body: Bytes,
    ) -> Result<Sending, Misplaced> {
        // Of all secrets first: a later refusal names the host, which must hold none.
        for (name, secret) in &self.by_name {
            only_in_values(name, secret.placeholder.as_bytes(), url, head)?;
        }
        self.swap(url, head, body)
    }

    /// Checks that no placeholder is in a URL, before the URL is logged or counted.
    ///
    /// # Errors
    ///
    /// When one is.
    pub(crate) fn nowhere_in(&self, url: &Url) -> Result<(), Misplaced> {
        let mut secrets = self.by_name.iter();
        secrets.try_for_each(|(name, secret)| not_in_url(name, secret.placeholder.as_bytes(), url))
    }

    fn swap(
        &self,
        url: &Url,
        head: &mut request::Parts,
        body: Bytes,
    ) -> Result<Sending, Misplaced> {
        let format = Format::of(&head.headers);
        let mut sending = Sending {
            body,
            secret: false,
        };
        let mut room = MAX_SECRET_HEADERS;
        for (name, secret) in &self.by_name {
            let placeholder = secret.placeholder.as_bytes();
            let too_large = |part, max| Misplaced::TooLarge {
                secret: name.clone(),
                part,
                max,
            };
            for (header, value) in &mut head.headers {
                let Some(place) = InHeader::of(header, value, placeholder) else {
                    continue;
                };
                secret.may_go_to(name, url)?;
                let written = place.with(placeholder, secret.value(), room);
                let written = written
                    .ok_or_else(|| too_large("the headers of a request", MAX_SECRET_HEADERS))?;
                room = room.saturating_sub(written.len());
                *value = HeaderValue::from_maybe_shared(written).map_err(|_| Misplaced::Value {
                    secret: name.clone(),
                })?;
                value.set_sensitive(true);
                sending.secret = true;
            }
            if holds(&sending.body, placeholder) {
                secret.may_go_to(name, url)?;
                let written = format.and_then(|format| format.write(secret));
                let written = written.ok_or_else(|| Misplaced::Body {
                    secret: name.clone(),
                })?;
                let body = replaced(&sending.body, placeholder, &written, MAX_REQUEST_BODY)
                    .ok_or_else(|| too_large("the body of a request", MAX_REQUEST_BODY))?;
                sending.body = Bytes::from_owner(body);
                sending.secret = true;
                head.headers
                    .insert(CONTENT_LENGTH, HeaderValue::from(sending.body.len()));
            }
        }
        if sending.secret {
            head.headers
                .insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
            head.headers.remove(RANGE);
        }
        Ok(sending)
    }
}

impl Secret {
    /// Whether this secret may be sent to `url`.
    fn may_go_to(&self, name: &str, url: &Url) -> Result<(), Misplaced> {
        if self.origin.as_ref() != Some(&url.origin()) {
            return Err(Misplaced::Origin {
                secret: name.to_owned(),
                config_key: self.config_key.clone(),
                bound_to: self.bound_to(),
                to: url.origin().ascii_serialization(),
            });
        }
        if url.scheme() != "https" && !is_loopback(url) {
            return Err(Misplaced::Unencrypted {
                secret: name.to_owned(),
                config_key: self.config_key.clone(),
            });
        }
        Ok(())
    }
}

/// Checks that a placeholder is not in a URL. A host is in lower case, as the placeholder is.
fn not_in_url(name: &str, placeholder: &[u8], url: &Url) -> Result<(), Misplaced> {
    refuse_in(
        Place::Url,
        name,
        holds(url.as_str().as_bytes(), placeholder),
    )
}

/// Checks that a placeholder is neither in the URL nor in the method nor in the name of a header. Names of headers are in
/// lower case, as the placeholder is.
fn only_in_values(
    name: &str,
    placeholder: &[u8],
    url: &Url,
    head: &request::Parts,
) -> Result<(), Misplaced> {
    let mut headers = head.headers.keys();
    not_in_url(name, placeholder, url)?;
    let in_method = holds(head.method.as_str().as_bytes(), placeholder);
    refuse_in(Place::Method, name, in_method)?;
    let in_name = headers.any(|header| holds(header.as_str().as_bytes(), placeholder));
    refuse_in(Place::HeaderName, name, in_name)
}

fn refuse_in(place: Place, name: &str, is_there: bool) -> Result<(), Misplaced> {
    let secret = name.to_owned();
    match is_there {
        true => Err(Misplaced::Place { secret, place }),
        false => Ok(()),
    }
}

/// Where in a header's value a placeholder is.
enum InHeader<'a> {
    /// In the value as it is.
    Plain(&'a [u8]),
    /// In the base64 of `Authorization: Basic`, decoded here.
    Basic(Zeroizing<Vec<u8>>),
}

impl<'a> InHeader<'a> {
    /// None where the placeholder is not there.
    fn of(header: &HeaderName, content: &'a HeaderValue, placeholder: &[u8]) -> Option<Self> {
        if holds(content.as_bytes(), placeholder) {
            return Some(Self::Plain(content.as_bytes()));
        }
        let credentials = basic(header, content).filter(|text| holds(text, placeholder))?;
        Some(Self::Basic(credentials))
    }

    /// The header's value with the secret's in it; none where that is longer than `most` bytes.
    fn with(&self, placeholder: &[u8], secret: &[u8], most: usize) -> Option<Bytes> {
        match self {
            Self::Plain(content) => {
                replaced(content, placeholder, secret, most).map(Bytes::from_owner)
            }
            Self::Basic(credentials) => {
                let credentials = replaced(credentials, placeholder, secret, most)?;
                let length = BASIC.len() + credentials.len().div_ceil(3) * 4;
                let mut written = Zeroizing::new(String::with_capacity(length));
                written.push_str(BASIC);
                BASE64.encode_string(&credentials, &mut written);
                (length <= most).then(|| Bytes::from_owner(written))
            }
        }
    }
}

/// How the credentials of the scheme Basic begin (RFC 7617).
const BASIC: &str = "Basic ";

/// What is inside the base64 of `Authorization: Basic`; none of another header or scheme.
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

/// A kind of body in which the host knows how to write a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Form,
    Json,
}

impl Format {
    /// The format by the headers of a body; none for another one, for none at all and for a compressed body.
    fn of(headers: &HeaderMap) -> Option<Self> {
        if headers.contains_key(CONTENT_ENCODING) {
            return None;
        }
        let mut types = headers.get_all(CONTENT_TYPE).iter();
        let (Some(content_type), None) = (types.next(), types.next()) else {
            return None;
        };
        let content_type = content_type.to_str().ok()?.to_ascii_lowercase();
        match content_type.split(';').next()?.trim() {
            "application/x-www-form-urlencoded" => Some(Self::Form),
            "application/json" => Some(Self::Json),
            other => other.ends_with("+json").then_some(Self::Json),
        }
    }

    /// The value as it is written into such a body. The space for it is made at once: growing would leave
    /// copies behind that are not wiped.
    fn write(self, secret: &Secret) -> Option<Zeroizing<Vec<u8>>> {
        let value = secret.value.expose_secret();
        match self {
            Self::Form => {
                let mut written = Zeroizing::new(Vec::with_capacity(value.len() * "%00".len()));
                for part in form_urlencoded::byte_serialize(value.as_bytes()) {
                    written.extend_from_slice(part.as_bytes());
                }
                Some(written)
            }
            Self::Json => {
                let longest = value.len() * r"\u0000".len() + "\"\"".len();
                let mut text = Zeroizing::new(Vec::with_capacity(longest));
                serde_json::to_writer(&mut *text, value).ok()?;
                let inside = text.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
                Some(Zeroizing::new(inside.to_vec()))
            }
        }
    }
}

/// A text with one part of it replaced wherever it stands; none where that is longer than `most` bytes. It is counted before
/// anything is written: a placeholder has 71 bytes, a secret may have thousands.
fn replaced(text: &[u8], part: &[u8], by: &[u8], most: usize) -> Option<Zeroizing<Vec<u8>>> {
    let count = memmem::find_iter(text, part).count();
    let kept = text.len().checked_sub(count.checked_mul(part.len())?)?;
    let length = kept.checked_add(count.checked_mul(by.len())?)?;
    if length > most {
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
