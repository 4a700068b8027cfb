//! How a simulator behaves: its credential, its tenants, its answers' form.

use crate::clock::Clock;
use crate::fleet::{DEFAULT_TENANT, Fleet};
use crate::tenant::Tenant;
use crate::tls::Certificate;

/// The client id of [`Options::new`].
pub const CLIENT_ID: &str = "00000000-0000-4000-8000-0000000000c1";
/// The client secret of [`Options::new`]; it holds characters that a form must percent-encode.
pub const CLIENT_SECRET: &str = "simulated+secret/with=odd&characters%";
/// The whoami id of [`Options::new`] where the credential is a partner's or an organization's.
pub const ACCOUNT_ID: &str = "9a2d41b0-77c3-4e21-8f6a-5f1f0c3b7d02";

/// The level of the credential: the `idType` of whoami.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Credential {
    /// One tenant, the first of [`Options::tenants`].
    #[default]
    Tenant,
    /// A partner with all of [`Options::tenants`].
    Partner,
    /// An organization with all of [`Options::tenants`].
    Organization,
}

/// When answers are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Gzip {
    /// When `Accept-Encoding` offers it.
    #[default]
    WhenOffered,
    /// Never.
    Never,
    /// Always, asked or not.
    Always,
}

/// Everything that a simulator can be told. [`Options::new`] is a tenant with one fleet; change fields as needed,
/// also while it runs ([`Simulator::configure`](crate::Simulator::configure)), unless a field says otherwise.
#[derive(Clone)]
pub struct Options {
    /// The TCP port on 127.0.0.1; 0 takes any free one. Read at the start only.
    pub port: u16,
    /// HTTPS with a certificate that no authority has signed, for `127.0.0.1` and `localhost`. Read at the start only.
    pub https: bool,
    /// The certificate of HTTPS in place of that one. Read at the start only.
    pub certificate: Option<Certificate>,
    /// The name in its URLs, also in those that its answers name, where that is not `127.0.0.1`. Read at the start only.
    pub host: Option<String>,
    /// The level of the credential.
    pub credential: Credential,
    /// The client id that is known; any other gets 401 `oauth.client_app_does_not_exist`.
    pub client_id: String,
    /// The secret that belongs to it; any other gets 401 `oauth.invalid_client_secret`.
    pub client_secret: String,
    /// The credential is past its end: 401 `oauth.client_disabled`. (The real code for this is not published.)
    pub credential_expired: bool,
    /// Seconds that a token lives, and the `expires_in` it is issued with.
    pub expires_in: u32,
    /// The whoami id of a partner or an organization.
    pub account_id: String,
    /// Whoami writes its id in upper case.
    pub upper_case_id: bool,
    /// Whoami's `apiHosts.global` ends in a slash.
    pub trailing_slash: bool,
    /// The tenants; a tenant credential is for the first one.
    pub tenants: Vec<Tenant>,
    /// The credential's role has no right to read endpoints: 403 for every tenant.
    pub endpoints_forbidden: bool,
    /// When answers are compressed.
    pub gzip: Gzip,
    /// The time: for the `Date` header and the life of tokens.
    pub clock: Clock,
    /// Answers have a `Date` header.
    pub date_header: bool,
    /// Keep every request for [`Simulator::requests`](crate::Simulator::requests).
    pub record_requests: bool,
}

impl Options {
    /// Returns a tenant credential for one open tenant, [`DEFAULT_TENANT`], with this fleet.
    pub fn new(fleet: Fleet) -> Options {
        Options::with_tenants(
            Credential::Tenant,
            vec![Tenant::new(DEFAULT_TENANT, "Example Dental Ltd", fleet)],
        )
    }

    /// Returns a credential of this level for these tenants.
    pub fn with_tenants(credential: Credential, tenants: Vec<Tenant>) -> Options {
        Options {
            port: 0,
            https: false,
            certificate: None,
            host: None,
            credential,
            client_id: CLIENT_ID.to_owned(),
            client_secret: CLIENT_SECRET.to_owned(),
            credential_expired: false,
            expires_in: 3600,
            account_id: ACCOUNT_ID.to_owned(),
            upper_case_id: false,
            trailing_slash: false,
            tenants,
            endpoints_forbidden: false,
            gzip: Gzip::WhenOffered,
            clock: Clock::Real,
            date_header: true,
            record_requests: true,
        }
    }
}
