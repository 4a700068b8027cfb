//! The values put in the place of their stand-ins, in a request that is about to leave.

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

use super::search::{holds, holds_plainly};
use super::{Secret, Secrets};
use crate::config::SecretMode;
use crate::egress::is_loopback;

#[cfg(test)]
mod tests;

/// Base64 of user name and password, from writers that pad as well as from others.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

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

/// Why a request with a secret, or its stand-in, may not leave. The texts continue "the component's request was
/// refused: ".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misplaced {
    /// It is in the URL, which servers and proxies log.
    #[error(
        "the secret {secret} is in its URL; it may be in a header value, a form or JSON only: report this to the \
         component's maker"
    )]
    Url {
        /// The name of the secret.
        secret: String,
    },
    /// It is in the method.
    #[error(
        "the secret {secret} is in its method; it may be in a header value, a form or JSON only: report this to \
         the component's maker"
    )]
    Method {
        /// The name of the secret.
        secret: String,
    },
    /// It is in the name of a header.
    #[error(
        "the secret {secret} is in the name of a header; it may be in a header value, a form or JSON only: report \
         this to the component's maker"
    )]
    HeaderName {
        /// The name of the secret.
        secret: String,
    },
    /// It would go to another origin than the one that it is bound to.
    #[error(
        "the secret {secret} may go to {bound_to} alone, where {config_key} leads, and not to {to}: if it belongs \
         there, set that key, else do not trust this component"
    )]
    Origin {
        /// The name of the secret.
        secret: String,
        /// The full key of the config field that the manifest binds it to.
        config_key: String,
        /// The origin of that field.
        bound_to: String,
        /// The origin of the request.
        to: String,
    },
    /// It would go over the network unencrypted.
    #[error(
        "the secret {secret} may go by https alone: set {config_key} to a URL that begins with https"
    )]
    Unencrypted {
        /// The name of the secret.
        secret: String,
        /// The full key of the config field that the manifest binds it to.
        config_key: String,
    },
    /// It is in a body in which the host does not know how to write it.
    #[error(
        "the secret {secret} is in a body that is neither application/x-www-form-urlencoded nor JSON, or is \
         compressed: report this to the component's maker; until then secret_mode = \"value\" in the account hands \
         the secret itself to the component"
    )]
    Body {
        /// The name of the secret.
        secret: String,
    },
    /// Its value cannot be written where the component wants it.
    #[error(
        "the secret {secret} has characters that no header may hold, such as a line break: check that its source \
         holds the secret and nothing else"
    )]
    Value {
        /// The name of the secret.
        secret: String,
    },
}

impl Secrets {
    /// Puts the values in the place of their stand-ins in a request to `url`, which the rules about hosts have
    /// allowed already. A request without a stand-in stays as it is.
    ///
    /// A value in a form is percent-encoded, in JSON escaped, in `Authorization: Basic` put inside the base64.
    /// A request with a value in it gets the `Content-Length` of its new body, and asks for an answer that can
    /// be looked through: not compressed, and not a part, which might hold a part of the value.
    ///
    /// The bytes with the value in them are wiped when they are dropped, in the body and in the headers. What
    /// cannot be wiped: the copies in hyper's write buffer and in rustls, and on the stack while base64 is
    /// written.
    ///
    /// Where the component has the values themselves, nothing is put in, but the same rules hold for a value as
    /// for a stand-in, as far as it can be seen: as it is, percent-encoded, in JSON or in base64. Only the kind
    /// of body does not matter. A value that is an ordinary word, such as `token`, is then found where nobody put
    /// it; a stand-in is nowhere by chance.
    ///
    /// # Errors
    ///
    /// When a stand-in, or a value, is where no secret may be or on its way to where this one may not go. The
    /// request must not be sent then; its head may be half changed.
    pub fn put_in(
        &self,
        url: &Url,
        head: &mut request::Parts,
        body: Bytes,
    ) -> Result<Sending, Misplaced> {
        // Of all secrets first: a later refusal names the host, which must hold none.
        for (name, secret) in &self.by_name {
            nowhere_but_in_values(name, self.sought(secret), url, head)?;
        }
        match self.mode {
            SecretMode::StandIn => self.swap(url, head, body),
            SecretMode::Value => {
                self.look_through(url, head, &body)?;
                Ok(Sending {
                    body,
                    secret: false,
                })
            }
        }
    }

    /// That no stand-in, or value where the component has those, is in a URL. To be asked before anything is told of
    /// it.
    ///
    /// # Errors
    ///
    /// When one is.
    pub fn nowhere_in(&self, url: &Url) -> Result<(), Misplaced> {
        let mut secrets = self.by_name.iter();
        secrets.try_for_each(|(name, secret)| not_in_url(name, self.sought(secret), url))
    }

    /// What the component has of a secret.
    fn sought<'a>(&self, secret: &'a Secret) -> &'a [u8] {
        match self.mode {
            SecretMode::StandIn => secret.stand_in.as_bytes(),
            SecretMode::Value => secret.value(),
        }
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
        for (name, secret) in &self.by_name {
            let stand_in = secret.stand_in.as_bytes();
            for (header, value) in &mut head.headers {
                let Some(written) = in_header(header, value, secret) else {
                    continue;
                };
                secret.may_go_to(name, url)?;
                *value = HeaderValue::from_maybe_shared(written).map_err(|_| Misplaced::Value {
                    secret: name.clone(),
                })?;
                value.set_sensitive(true);
                sending.secret = true;
            }
            if holds_plainly(&sending.body, stand_in) {
                secret.may_go_to(name, url)?;
                let written = format.and_then(|format| format.write(secret));
                let written = written.ok_or_else(|| Misplaced::Body {
                    secret: name.clone(),
                })?;
                sending.body = Bytes::from_owner(replaced(&sending.body, stand_in, &written));
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

    fn look_through(&self, url: &Url, head: &request::Parts, body: &[u8]) -> Result<(), Misplaced> {
        for (name, secret) in &self.by_name {
            let value = secret.value();
            let in_headers = head.headers.iter().any(|(header, content)| {
                holds(content.as_bytes(), value)
                    || basic(header, content)
                        .is_some_and(|credentials| holds_plainly(&credentials, value))
            });
            if in_headers || holds(body, value) {
                secret.may_go_to(name, url)?;
            }
        }
        Ok(())
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

/// That a text, a stand-in or a value, is not in a URL.
fn not_in_url(name: &str, text: &[u8], url: &Url) -> Result<(), Misplaced> {
    // A host is in lower case, whatever was put into it.
    let lower = Zeroizing::new(text.to_ascii_lowercase());
    let host = url.host_str().unwrap_or_default();
    if holds(url.as_str().as_bytes(), text) || holds(host.as_bytes(), &lower) {
        return Err(Misplaced::Url {
            secret: name.to_owned(),
        });
    }
    Ok(())
}

/// That a text, a stand-in or a value, is neither in the URL nor in the method or in the name of a header.
fn nowhere_but_in_values(
    name: &str,
    text: &[u8],
    url: &Url,
    head: &request::Parts,
) -> Result<(), Misplaced> {
    not_in_url(name, text, url)?;
    // The name of a header is in lower case, whatever was put into it.
    let lower = Zeroizing::new(text.to_ascii_lowercase());
    let secret = name.to_owned();
    if holds_plainly(head.method.as_str().as_bytes(), text) {
        Err(Misplaced::Method { secret })
    } else if head
        .headers
        .keys()
        .any(|header| holds_plainly(header.as_str().as_bytes(), &lower))
    {
        Err(Misplaced::HeaderName { secret })
    } else {
        Ok(())
    }
}

/// The content of a header with the value in it; none where no stand-in of it is there.
fn in_header(header: &HeaderName, content: &HeaderValue, secret: &Secret) -> Option<Bytes> {
    let stand_in = secret.stand_in.as_bytes();
    if holds_plainly(content.as_bytes(), stand_in) {
        return Some(Bytes::from_owner(replaced(
            content.as_bytes(),
            stand_in,
            secret.value(),
        )));
    }
    let credentials = basic(header, content).filter(|text| holds_plainly(text, stand_in))?;
    let credentials = replaced(&credentials, stand_in, secret.value());
    let mut written = Zeroizing::new(String::with_capacity(
        BASIC.len() + credentials.len().div_ceil(3) * 4,
    ));
    written.push_str(BASIC);
    BASE64.encode_string(&credentials, &mut written);
    Some(Bytes::from_owner(written))
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

/// A text with one part of it replaced wherever it stands.
fn replaced(text: &[u8], part: &[u8], by: &[u8]) -> Zeroizing<Vec<u8>> {
    let count = memmem::find_iter(text, part).count();
    let mut written = Zeroizing::new(Vec::with_capacity(text.len() + count * by.len()));
    let mut rest = text;
    while let Some((before, after)) = memmem::find(rest, part)
        .and_then(|at| Some((rest.get(..at)?, rest.get(at + part.len()..)?)))
    {
        written.extend_from_slice(before);
        written.extend_from_slice(by);
        rest = after;
    }
    written.extend_from_slice(rest);
    written
}
