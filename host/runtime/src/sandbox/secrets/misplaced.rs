//! Why a request with a secret does not leave.

use std::fmt;

use crate::units::quantity;

/// Where no secret may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// The URL, which servers and proxies log.
    Url,
    /// The method.
    Method,
    /// The name of a header.
    HeaderName,
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Url => "its URL",
            Self::Method => "its method",
            Self::HeaderName => "the name of a header",
        })
    }
}

/// Why a request with a secret, or its placeholder, does not leave. The texts continue "refused a request of the
/// component: ".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Misplaced {
    /// The secret is where no secret may be.
    #[error(
        "the secret {secret} is in {place}; only a header value, a form or JSON may hold it: report this to the \
         component's maker"
    )]
    Place { secret: String, place: Place },
    /// It would go to another origin than the one that it is bound to.
    #[error(
        "the secret {secret} may only go to {bound_to}, the URL in {config_key}, and not to {to}: if it belongs there, \
         set that key; otherwise do not trust this component"
    )]
    Origin {
        secret: String,
        config_key: String,
        bound_to: String,
        to: String,
    },
    /// It would go over the network unencrypted.
    #[error(
        "the secret {secret} may only go by https: set {config_key} to a URL that begins with https"
    )]
    Unencrypted { secret: String, config_key: String },
    /// The host does not know how to write a secret in such a body.
    #[error(
        "the secret {secret} is in a body that is neither application/x-www-form-urlencoded nor JSON, or is \
         compressed: report this to the component's maker"
    )]
    Body { secret: String },
    /// With the value in it, a part of the request would be larger than it may be.
    #[error(
        "with the secret {secret} {part} would be larger than {}: report this to the component's maker",
        quantity::bytes(*max as u64)
    )]
    TooLarge {
        secret: String,
        part: &'static str,
        max: usize,
    },
    /// The value cannot be written where the component wants it.
    #[error(
        "the secret {secret} has characters that no header may hold, such as a line break: check that its source \
         holds the secret and nothing else"
    )]
    Value { secret: String },
}
