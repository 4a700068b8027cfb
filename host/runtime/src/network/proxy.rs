//! The proxy that the environment names: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY, each in small letters
//! too. It is never used for this very machine.

use http::Uri;
use http::uri::Scheme;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

use crate::network::addresses::is_this_machine;
use crate::network::client::ClientError;
use crate::network::connect::host;

/// What the environment says about proxies; empty where it says nothing.
#[derive(Default)]
pub(super) struct Variables {
    /// For everything that has no variable of its own.
    pub all: String,
    /// For http.
    pub http: String,
    /// For https.
    pub https: String,
    /// What is asked for without.
    pub no: String,
}

/// Where a proxy is used.
pub(super) struct Proxies {
    matcher: Matcher,
    /// The one for https, without its credentials.
    https: Option<String>,
    /// Whether one of them is asked over TLS.
    over_tls: bool,
}

impl Variables {
    /// Reads the environment.
    pub(super) fn from_environment() -> Self {
        let read = |name: &str| {
            [name.to_owned(), name.to_ascii_lowercase()]
                .iter()
                .find_map(std::env::var_os)
                .map(|value| value.to_string_lossy().trim().to_owned())
                .unwrap_or_default()
        };
        Self {
            all: read("ALL_PROXY"),
            http: read("HTTP_PROXY"),
            https: read("HTTPS_PROXY"),
            no: read("NO_PROXY"),
        }
    }
}

impl Proxies {
    /// # Errors
    ///
    /// When a variable names something that cannot be used.
    pub(super) fn new(variables: Variables) -> Result<Self, ClientError> {
        let all = parse("ALL_PROXY", &variables.all)?;
        let http = parse("HTTP_PROXY", &variables.http)?.or_else(|| all.clone());
        let https = parse("HTTPS_PROXY", &variables.https)?.or(all);
        let over_tls = |proxy: &Option<Uri>| {
            proxy
                .as_ref()
                .is_some_and(|proxy| proxy.scheme() == Some(&Scheme::HTTPS))
        };
        Ok(Self {
            over_tls: over_tls(&http) || over_tls(&https),
            https: https.as_ref().and_then(place),
            matcher: Matcher::builder()
                .all(variables.all)
                .http(variables.http)
                .https(variables.https)
                .no(variables.no)
                .build(),
        })
    }

    /// The proxy by which a URL is asked for, if by any.
    pub(super) fn intercept(&self, url: &Uri) -> Option<Intercept> {
        if is_this_machine(host(url)) {
            return None;
        }
        self.matcher.intercept(url)
    }

    /// Host and port of the proxy for https, if there is one.
    pub(super) fn https(&self) -> Option<&str> {
        self.https.as_deref()
    }

    /// Whether a proxy is asked over TLS.
    pub(super) fn over_tls(&self) -> bool {
        self.over_tls
    }
}

/// Checks a variable; none where it is empty. Its value may hold a password, so no message does.
fn parse(variable: &str, value: &str) -> Result<Option<Uri>, ClientError> {
    if value.is_empty() {
        return Ok(None);
    }
    let refused = |why| {
        Err(ClientError::Proxy {
            variable: variable.to_owned(),
            why,
        })
    };
    let Ok(url) = value.parse::<Uri>() else {
        return refused("it is not a URL");
    };
    if url.host().is_none_or(str::is_empty) {
        return refused("it has no host");
    }
    match url.scheme_str() {
        None | Some("http" | "https") => Ok(Some(url)),
        Some(scheme) if scheme.starts_with("socks") => {
            refused("it is a SOCKS proxy, and only HTTP proxies are supported")
        }
        Some(_) => refused("it is not a proxy for HTTP"),
    }
}

/// Host and port of a proxy.
fn place(url: &Uri) -> Option<String> {
    let host = url.host()?;
    Some(match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    })
}
