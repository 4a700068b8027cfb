//! Checks values of responses before use: ids become headers, and hosts get the access token.

use url::Url;

use crate::sophos::errors::origin;

/// The domain of every API host of Sophos Central.
pub const VENDOR_DOMAIN: &str = ".central.sophos.com";

/// Longer than any id of Sophos Central: they are UUIDs of 36 characters.
const MAX_ID: usize = 64;

/// A tenant, with the context for requests of its endpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// The tenant's id in lower case, for `X-Tenant-ID`.
    pub id: String,
    /// The regional API host: `apiHosts.dataRegion` of whoami, or `apiHost` of a listing.
    pub api_host: Url,
}

/// Returns an id of Sophos Central in lower case, since ids are compared without case; `None` if the text has other
/// characters than letters, digits and `-`, or is too long.
pub fn id(text: &str) -> Option<String> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    ((1..=MAX_ID).contains(&text.len()) && text.bytes().all(allowed))
        .then(|| text.to_ascii_lowercase())
}

/// Returns the URL in `text` if it is an API host that may get the access token: https under the vendor's domain, or
/// the exact origin that the user configured as `api_host`. Only its origin is kept.
pub fn api_host(text: &str, typed: &Url) -> Option<Url> {
    let host = Url::parse(text).ok()?;
    if !is_trusted(&host, typed) {
        return None;
    }
    Url::parse(&origin(&host)).ok()
}

fn is_trusted(host: &Url, typed: &Url) -> bool {
    let vendors = host.scheme() == "https"
        && host.port().is_none()
        && host
            .domain()
            .is_some_and(|name| name.ends_with(VENDOR_DOMAIN));
    let plain = host.username().is_empty() && host.password().is_none();
    plain && (vendors || host.origin() == typed.origin())
}

#[cfg(test)]
mod tests;
