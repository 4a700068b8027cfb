//! Which proxy a request uses: what HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY say, each also in lower case.
//!
//! This machine itself is never reached through a proxy.

use http::Uri;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

use crate::network::addresses::is_this_machine;
use crate::network::error::ClientError;
use crate::network::uri::{host, is_https};

/// The proxies of the environment, checked.
pub(super) struct Proxies {
    matcher: Matcher,
    for_https: Option<Uri>,
    use_tls: bool,
}

impl Proxies {
    /// Reads the environment.
    ///
    /// # Errors
    ///
    /// When a variable names a proxy that cannot be used.
    pub(super) fn from_env() -> Result<Self, ClientError> {
        Self::new(|name| {
            std::env::var_os(name)
                .or_else(|| std::env::var_os(name.to_ascii_lowercase()))
                .map(|value| value.to_string_lossy().into_owned())
        })
    }

    /// Reads the variables that `variable` returns.
    ///
    /// # Errors
    ///
    /// When a variable names a proxy that cannot be used.
    pub(super) fn new(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ClientError> {
        let read = |name| variable(name).unwrap_or_default().trim().to_owned();
        let (all, http, https) = (read("ALL_PROXY"), read("HTTP_PROXY"), read("HTTPS_PROXY"));
        let for_all = parse("ALL_PROXY", &all)?;
        let for_http = parse("HTTP_PROXY", &http)?.or_else(|| for_all.clone());
        let for_https = parse("HTTPS_PROXY", &https)?.or(for_all);
        let matcher = Matcher::builder()
            .all(all)
            .http(http)
            .https(https)
            .no(read("NO_PROXY"));
        Ok(Self {
            matcher: matcher.build(),
            use_tls: for_http.iter().chain(&for_https).any(is_https),
            for_https,
        })
    }

    /// Returns the proxy for a URL.
    pub(super) fn intercept(&self, url: &Uri) -> Option<Intercept> {
        if is_this_machine(host(url)) {
            return None;
        }
        self.matcher.intercept(url)
    }

    /// Returns host and port of the proxy for https, without its name and password.
    pub(super) fn https(&self) -> Option<&str> {
        self.for_https
            .as_ref()?
            .authority()?
            .as_str()
            .rsplit('@')
            .next()
    }

    /// Returns whether a proxy is reached over TLS.
    pub(super) fn use_tls(&self) -> bool {
        self.use_tls
    }
}

/// Checks a variable; `None` where it is empty. The value may hold a password, so no message repeats it.
fn parse(variable: &'static str, value: &str) -> Result<Option<Uri>, ClientError> {
    if value.is_empty() {
        return Ok(None);
    }
    let url = value.parse::<Uri>().ok();
    let host = url.as_ref().map(|url| url.host().unwrap_or_default());
    let scheme = url.as_ref().and_then(Uri::scheme_str);
    let why = match (host, scheme) {
        (None, _) => "it is not a valid URL",
        (Some(""), _) => "it has no host",
        (_, None | Some("http" | "https")) => return Ok(url),
        (_, Some(scheme)) if scheme.starts_with("socks") => {
            "it is a SOCKS proxy, and only HTTP proxies are supported"
        }
        _ => "it is not an HTTP proxy",
    };
    Err(ClientError::Proxy { variable, why })
}
