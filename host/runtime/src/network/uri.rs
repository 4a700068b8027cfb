//! Host and port of a URL, as a connection needs them.

use http::Uri;
use http::uri::Scheme;

/// Returns the host of a URL, IPv6 addresses without their brackets.
pub(super) fn host(url: &Uri) -> &str {
    let host = url.host().unwrap_or_default();
    host.strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host)
}

/// Returns the port of a URL.
pub(super) fn port(url: &Uri) -> u16 {
    let default = if is_https(url) { 443 } else { 80 };
    url.port_u16().unwrap_or(default)
}

/// Returns whether a URL's scheme is `https`.
pub(super) fn is_https(url: &Uri) -> bool {
    url.scheme() == Some(&Scheme::HTTPS)
}
