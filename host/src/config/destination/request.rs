//! What the destinations have in common that are reached by requests.

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use crate::config::secret_source::SecretSource;
use crate::network::timeouts::HttpTimeouts;
use crate::units::duration;

/// A secret of a destination. Two are equal if they come from the same place, so that accounts with equal tables have
/// equal destinations.
#[derive(Debug, Clone, Eq, Deserialize)]
#[serde(from = "SecretSource")]
pub(crate) struct DeliverSecret {
    /// The key with the tables around it, such as `account.acme.deliver.api_key`, for messages.
    pub key: String,
    /// Where it comes from.
    pub source: SecretSource,
}

impl PartialEq for DeliverSecret {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl From<SecretSource> for DeliverSecret {
    fn from(source: SecretSource) -> Self {
        Self {
            key: String::new(),
            source,
        }
    }
}

impl DeliverSecret {
    /// Sets what the value of the key alone does not say.
    pub(super) fn set_place(&mut self, key: String, folder: &Path) {
        self.key = key;
        self.source.resolve_path(folder);
    }
}

/// `[account.NAME.deliver.timeouts]`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RequestTimeouts {
    /// For a TCP connection; TLS on it has as long again.
    #[serde(deserialize_with = "duration::positive")]
    pub connect: Duration,
    /// For a whole response, from the first byte of the request to the last of the response.
    #[serde(deserialize_with = "duration::positive")]
    pub answer: Duration,
}

impl Default for RequestTimeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            answer: Duration::from_secs(60),
        }
    }
}

impl From<RequestTimeouts> for HttpTimeouts {
    fn from(timeouts: RequestTimeouts) -> Self {
        Self {
            connect: timeouts.connect,
            tls: timeouts.connect,
            first_byte: Duration::MAX,
            between_bytes: Duration::MAX,
            request: timeouts.answer,
        }
    }
}
