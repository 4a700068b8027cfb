//! What a component may do for one account.

use std::path::PathBuf;

use secrecy::SecretString;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use crate::contract::hosts::{Hosts, normal};
use crate::contract::limits::{
    Limits, MAX_CONNECTIONS, MAX_RESPONSE_HEADER_BYTES, OFFLINE_CALL_TIMEOUT, Timeouts,
};
use crate::contract::manifest::Manifest;
use crate::network::addresses::AllowedAddresses;
use crate::network::client::{ClientOptions, HttpClient};
use crate::network::error::ClientError;
use crate::sandbox::egress::denials::Denials;
use crate::sandbox::egress::policy::Policy;
use crate::sandbox::rate_limit::SharedLimiter;
use crate::sandbox::secrets::Secrets;

/// What a component may do for one account: shared by the account's connectors, with its connections and counts.
pub struct Rights {
    /// Where its requests may go.
    pub policy: Policy,
    /// What sends them, and keeps the connections; `None` where no request may leave.
    pub client: Option<HttpClient>,
    /// The secrets that it may use by name.
    pub secrets: Secrets,
    /// How long its calls and requests may take.
    pub timeouts: Timeouts,
    /// How much one call may take.
    pub limits: Limits,
    /// Counts the requests that were refused.
    pub denials: Denials,
    /// Decides when its requests may leave.
    pub limiter: SharedLimiter,
    /// Ends waits for the rate limit when it is cancelled.
    pub stop: CancellationToken,
}

/// What [`Rights::new`] grants beyond what the manifest asks for, or withholds of it. [`Default`] grants exactly that.
#[derive(Debug, Clone, Default)]
pub struct Grants {
    /// The hosts that are allowed, of those that the manifest asks for; all of them if `None`.
    pub hosts: Option<Vec<String>>,
    /// Private and other special addresses that may be connected to.
    pub addresses: AllowedAddresses,
    /// A PEM file of certificate authorities that are trusted in addition to the system's.
    pub ca_file: Option<PathBuf>,
    /// How long calls and requests may take.
    pub timeouts: Timeouts,
    /// How much one call may take.
    pub limits: Limits,
    /// Decides when its requests may leave; one with the limits of the manifest if `None`.
    pub limiter: Option<SharedLimiter>,
    /// Ends waits for the rate limit when it is cancelled.
    pub stop: CancellationToken,
}

/// Why rights cannot be granted.
#[derive(Debug, thiserror::Error)]
pub enum RightsError {
    /// An entry of a list of hosts is neither a name nor `*.` and a name.
    #[error(
        "{0:?} is not a valid host: it must be a name such as id.example.com, or *.example.com"
    )]
    Host(String),
    /// Requests cannot be made.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// Placeholders cannot be made.
    #[error("the system gives no random bytes to make the secrets' placeholders of: {0}")]
    Random(#[from] getrandom::Error),
}

impl Grants {
    /// Returns a client that connects only to the granted addresses. It reads the system's certificate authorities, which
    /// takes a while.
    ///
    /// # Errors
    ///
    /// When there are no certificate authorities, or their file or the proxy in the environment cannot be used.
    pub fn client(&self) -> Result<HttpClient, ClientError> {
        HttpClient::new(ClientOptions {
            addresses: Some(self.addresses.clone()),
            ca_file: self.ca_file.clone(),
            https: true,
            response_header_bytes: MAX_RESPONSE_HEADER_BYTES,
            requests: MAX_CONNECTIONS,
        })
    }
}

impl Rights {
    /// Grants what a manifest asks for: its hosts, the origins of the URLs in `config`, and its secrets, each for the
    /// origin of the field that it is bound to. `secret` returns the value of a secret by its name; it is not called
    /// for others than the manifest's. The component never sees the value.
    ///
    /// # Errors
    ///
    /// When a host is not valid, or requests or placeholders cannot be made.
    pub fn new(
        manifest: &Manifest,
        config: &Map<String, Value>,
        grants: Grants,
        secret: impl FnMut(&str) -> Option<SecretString>,
    ) -> Result<Self, RightsError> {
        let client = grants.client()?;
        Self::with_client(manifest, config, grants, client, secret)
    }

    /// Grants the same as [`Rights::new`], with a client that [`Grants::client`] returned before.
    ///
    /// # Errors
    ///
    /// When a host is not valid, or placeholders cannot be made.
    pub fn with_client(
        manifest: &Manifest,
        config: &Map<String, Value>,
        grants: Grants,
        client: HttpClient,
        secret: impl FnMut(&str) -> Option<SecretString>,
    ) -> Result<Self, RightsError> {
        let asked = Hosts::parse(&manifest.hosts).map_err(RightsError::Host)?;
        let narrowed = grants.hosts.as_deref().map(Hosts::parse);
        let narrowed = narrowed.transpose().map_err(RightsError::Host)?;
        let is_url = |name: &str| manifest.field(name).is_some_and(|field| field.is_uri());
        let typed: Vec<_> = config
            .iter()
            .filter(|(name, _)| is_url(name))
            .filter_map(|(_, value)| normal(value.as_str()?))
            .collect();
        let loopback = grants.addresses.loopback;
        Ok(Self {
            policy: Policy::new(asked, narrowed, &typed, loopback),
            client: Some(client),
            secrets: Secrets::new(manifest, config, secret)?,
            timeouts: grants.timeouts,
            limits: grants.limits,
            denials: Denials::default(),
            limiter: grants
                .limiter
                .unwrap_or_else(|| SharedLimiter::new(&manifest.rate_limits)),
            stop: grants.stop,
        })
    }

    /// Returns those of a component that needs neither network nor secret.
    pub fn none() -> Self {
        Self {
            policy: Policy::default(),
            client: None,
            secrets: Secrets::default(),
            timeouts: Timeouts {
                call: OFFLINE_CALL_TIMEOUT,
                ..Timeouts::default()
            },
            limits: Limits {
                cpu: OFFLINE_CALL_TIMEOUT,
                ..Limits::default()
            },
            denials: Denials::default(),
            limiter: SharedLimiter::new(&[]),
            stop: CancellationToken::new(),
        }
    }
}
