//! Why a request does not leave with a secret in it.

use crate::units::quantity;

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
        /// The config field that the manifest binds it to.
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
        /// The config field that the manifest binds it to.
        config_key: String,
    },
    /// It is in a body in which the host does not know how to write it.
    #[error(
        "the secret {secret} is in a body that is neither application/x-www-form-urlencoded nor JSON, or is \
         compressed: report this to the component's maker"
    )]
    Body {
        /// The name of the secret.
        secret: String,
    },
    /// With the values in it, it would be larger than a request may be.
    #[error(
        "with the secret {secret} {place} would be larger than {}: report this to the component's maker",
        quantity::bytes(*most as u64)
    )]
    TooLarge {
        /// The name of the secret.
        secret: String,
        /// What would be too large.
        place: &'static str,
        /// How many bytes it may have.
        most: usize,
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
