//! Where a component may send requests: the only way out of the sandbox.
//!
//! | form | allows |
//! |---|---|
//! | `id.example.com` (manifest) | `https://id.example.com`, port 443 |
//! | `*.api.example.com` (manifest) | https to any name below `api.example.com`, port 443 |
//! | a URL that the user typed into a config field of format `uri` | that very origin: scheme, host, port |
//! | `allow_loopback_http` (account) | http and https to this machine, any port; for tests and demos |
//!
//! Everything else is denied, and an empty table denies all. A URL is judged and sent in its normal form
//! (WHATWG URL), so that what is judged is what is connected to: an IPv4 address in decimal or octal is the
//! address, and a default port is no port. A redirect is an answer for the component, never followed.

use std::collections::HashSet;
use std::error::Error as StdError;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tracing::{debug, warn};
use url::{Host, Origin, Url};
use wasmtime_wasi_http::p2::bindings::http::types::{DnsErrorPayload, ErrorCode};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

pub mod denials;

use crate::config::Timeouts;
use crate::connector::Access;
use crate::limits::RequestCount;
use crate::rate_limit::SharedLimiter;
use crate::stop::Stop;

/// What one account's component may reach.
#[derive(Debug, Default)]
pub struct Policy {
    hosts: HashSet<String>,
    /// Each with a dot before it.
    domains: Vec<String>,
    origins: HashSet<Origin>,
    loopback_http: bool,
}

/// Why a request may not leave.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// It is not https, or http to where only https is allowed.
    #[error("only https is allowed there")]
    Scheme,
    /// It leads to this machine.
    #[error(
        "it leads to this machine; `allow_loopback_http = true` in the account allows that, for tests"
    )]
    Loopback,
    /// Its URL holds a user name or a password.
    #[error("a URL with a user name or a password is not allowed")]
    Userinfo,
    /// Nothing in the table allows it.
    #[error("the manifest does not ask for that host and no config field names it")]
    Unlisted,
    /// It is no URL.
    #[error("its URL is not valid")]
    Invalid,
}

impl Policy {
    /// Makes the table of an account: `hosts` of the manifest, `typed` URLs from the account's config.
    ///
    /// # Errors
    ///
    /// The entry of `hosts` that has neither of the two accepted forms.
    pub fn new(hosts: &[String], typed: &[Url], loopback_http: bool) -> Result<Self, String> {
        let mut policy = Self {
            loopback_http,
            origins: typed.iter().map(Url::origin).collect(),
            ..Self::default()
        };
        for entry in hosts {
            let name = entry.strip_prefix("*.").unwrap_or(entry);
            match Host::parse(name) {
                Ok(Host::Domain(name)) if !name.contains('*') && name.contains('.') => {
                    if entry.starts_with("*.") {
                        policy.domains.push(format!(".{name}"));
                    } else {
                        policy.hosts.insert(name);
                    }
                }
                _ => return Err(entry.clone()),
            }
        }
        Ok(policy)
    }

    /// Whether a request to `url` may leave.
    ///
    /// # Errors
    ///
    /// The reason why it may not.
    pub fn judge(&self, url: &Url) -> Result<(), Denied> {
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Denied::Userinfo);
        }
        if is_loopback(url) {
            return if self.loopback_http {
                Ok(())
            } else {
                Err(Denied::Loopback)
            };
        }
        let asked = match url.host() {
            Some(Host::Domain(name)) if url.port().is_none() => {
                self.hosts.contains(name)
                    || self.domains.iter().any(|domain| name.ends_with(domain))
            }
            _ => false,
        };
        let typed = self.origins.contains(&url.origin());
        match url.scheme() {
            "https" if asked || typed => Ok(()),
            "https" => Err(Denied::Unlisted),
            _ if asked || typed => Err(Denied::Scheme),
            _ => Err(Denied::Unlisted),
        }
    }
}

/// Whether a URL's host is this machine by its very name or address.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => {
            address.is_loopback()
                || address
                    .to_ipv4_mapped()
                    .is_some_and(|mapped| mapped.is_loopback())
        }
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

/// The hooks of one instance: every request of the component passes here.
#[derive(Clone)]
pub struct Egress {
    policy: Arc<Policy>,
    timeouts: Timeouts,
    limiter: SharedLimiter,
    stop: Option<Stop>,
    /// Milliseconds that requests of the connector have waited for the rate limit, or are waiting.
    waited: Arc<AtomicU64>,
    requests: RequestCount,
}

impl Egress {
    /// The way out of one connector, which counts its requests.
    pub fn new(access: &Access, requests: RequestCount) -> Self {
        Self {
            policy: Arc::clone(&access.policy),
            timeouts: access.timeouts,
            limiter: access.limiter.clone(),
            stop: access.stop.clone(),
            waited: Arc::default(),
            requests,
        }
    }

    /// How long requests of the connector have waited for the rate limit so far; a wait counts as a whole as
    /// soon as it begins.
    pub fn waited(&self) -> Duration {
        Duration::from_millis(self.waited.load(Ordering::Relaxed))
    }

    /// Judges a request and puts its URL into normal form.
    fn admit(&self, request: &mut http::Request<WasiBody>) -> Result<(), Denied> {
        let url = Url::parse(&request.uri().to_string()).map_err(|_| Denied::Invalid)?;
        let origin = url.origin().ascii_serialization();
        if let Err(denied) = self.policy.judge(&url) {
            warn!(%origin, "refused a request of the component: {denied}");
            return Err(denied);
        }
        debug!(%origin, method = %request.method(), path = url.path(), "request");
        *request.uri_mut() = url.as_str().parse().map_err(|_| Denied::Invalid)?;
        Ok(())
    }

    /// The component may ask for shorter times than the account allows, not for longer ones.
    fn options(&self, asked: Option<RequestOptions>) -> RequestOptions {
        let mut options = asked.unwrap_or_default();
        for (asked, allowed) in [
            (&mut options.connect_timeout, self.timeouts.connect),
            (&mut options.first_byte_timeout, self.timeouts.first_byte),
            (
                &mut options.between_bytes_timeout,
                self.timeouts.between_bytes,
            ),
        ] {
            *asked = Some(asked.map_or(allowed, |asked| asked.min(allowed)));
        }
        options
    }
}

type Sent = (
    http::Response<WasiBody>,
    Box<dyn Future<Output = Result<(), Error>> + Send>,
);

impl WasiHttpHooks for Egress {
    fn send_request(
        &mut self,
        mut request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _processed: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Sent, Error>> + Send> {
        use http_body_util::BodyExt;

        let counted = self.requests.admit();
        let admitted = self.admit(&mut request);
        let options = self.options(options);
        // Connecting includes the TLS handshake here, which the default client does not bound.
        let head = self.timeouts.connect * 2 + self.timeouts.first_byte;
        let (limiter, stop) = (self.limiter.clone(), self.stop.clone());
        let waited = Arc::clone(&self.waited);
        Box::new(async move {
            counted.map_err(|_| Error::HttpRequestDenied)?;
            admitted.map_err(|_| Error::HttpRequestDenied)?;
            let wait = limiter.reserve();
            if !wait.is_zero() {
                debug!("waiting {:.1} s for the rate limit", wait.as_secs_f64());
                let millis = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
                waited.fetch_add(millis.saturating_add(1), Ordering::Relaxed);
                let stopped = match stop {
                    Some(stop) => stop.sleep(wait).await,
                    None => {
                        tokio::time::sleep(wait).await;
                        false
                    }
                };
                if stopped {
                    // Nothing was asked for yet; the component takes it for a network that does not answer.
                    return Err(Error::ConnectionTimeout);
                }
            }
            let sending = wasmtime_wasi_http::default_send_request(request, Some(options));
            let (response, connection) = tokio::time::timeout(head, sending)
                .await
                .map_err(|_| Error::ConnectionTimeout)??;
            let connection: Box<dyn Future<Output = Result<(), Error>> + Send> =
                Box::new(connection);
            let mut response = response.map(BodyExt::boxed_unsync);
            only_text(response.headers_mut());
            Ok((response, connection))
        })
    }

    fn p2_error_from_hyper(&mut self, error: &hyper::Error) -> ErrorCode {
        if error.is_incomplete_message() || error.is_closed() || cause_is_io(error) {
            ErrorCode::ConnectionTerminated
        } else {
            ErrorCode::HttpProtocolError
        }
    }

    fn p2_error_from_connect(&mut self, error: &io::Error) -> ErrorCode {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => ErrorCode::ConnectionRefused,
            io::ErrorKind::TimedOut => ErrorCode::ConnectionTimeout,
            io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => {
                ErrorCode::ConnectionTerminated
            }
            io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::NetworkDown
            | io::ErrorKind::AddrNotAvailable => ErrorCode::DestinationUnavailable,
            // The resolver's errors are not the system's and have no kind of their own.
            _ if error.raw_os_error().is_none() => ErrorCode::DnsError(DnsErrorPayload {
                rcode: None,
                info_code: None,
            }),
            _ => {
                warn!("no connection came about: {error}");
                ErrorCode::DestinationUnavailable
            }
        }
    }

    fn p2_error_from_tls(&mut self, error: &io::Error) -> ErrorCode {
        // The component is told the kind only; the operator needs to know what is wrong.
        warn!("no secure connection came about: {error}");
        // A connection that breaks is no matter of trust; what rustls refuses is of the kind InvalidData.
        match error.kind() {
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
                ErrorCode::TlsCertificateError
            }
            _ => ErrorCode::ConnectionTerminated,
        }
    }
}

/// Takes away the headers that are no UTF-8: components may read headers as text, and a proxy's oddity in one
/// that nobody needs must not cost the answer.
fn only_text(headers: &mut http::HeaderMap) {
    let odd: Vec<_> = headers
        .iter()
        .filter(|(_, value)| std::str::from_utf8(value.as_bytes()).is_err())
        .map(|(name, _)| name.clone())
        .collect();
    for name in odd {
        headers.remove(name);
    }
}

fn cause_is_io(error: &hyper::Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if error.is::<io::Error>() {
            return true;
        }
        cause = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::{Denied, Policy};

    fn policy(loopback_http: bool) -> Policy {
        let hosts = ["id.example.com".to_owned(), "*.api.example.com".to_owned()];
        let typed = [
            Url::parse("https://gateway.example.net:8443/token").unwrap(),
            Url::parse("http://plain.example.net/").unwrap(),
        ];
        Policy::new(&hosts, &typed, loopback_http).unwrap()
    }

    #[test]
    fn only_what_the_table_lists_may_leave() {
        use Denied::{Loopback, Scheme, Unlisted, Userinfo};
        for (url, verdict) in [
            ("https://id.example.com/token", Ok(())),
            ("https://ID.example.com:443/token", Ok(())),
            ("https://eu.api.example.com/x?y", Ok(())),
            ("https://a.b.api.example.com", Ok(())),
            ("https://gateway.example.net:8443/any/path", Ok(())),
            ("http://id.example.com/token", Err(Scheme)),
            ("http://plain.example.net/", Err(Scheme)),
            ("https://id.example.com:8443/", Err(Unlisted)),
            ("https://api.example.com/", Err(Unlisted)),
            ("https://evilapi.example.com/", Err(Unlisted)),
            ("https://eu.api.example.com.evil.example/", Err(Unlisted)),
            ("https://gateway.example.net/", Err(Unlisted)),
            ("https://192.0.2.1/", Err(Unlisted)),
            ("https://id.example.com@evil.example/", Err(Userinfo)),
            ("https://user:password@id.example.com/", Err(Userinfo)),
            ("http://127.0.0.1:8080/", Err(Loopback)),
            ("https://0x7f000001/", Err(Loopback)),
            ("https://017700000001/", Err(Loopback)),
            ("https://[::1]/", Err(Loopback)),
            ("https://[::ffff:127.0.0.1]/", Err(Loopback)),
            ("https://localhost/", Err(Loopback)),
        ] {
            assert_eq!(
                policy(false).judge(&Url::parse(url).unwrap()),
                verdict,
                "{url}"
            );
        }
    }

    #[test]
    fn loopback_is_opened_by_its_flag_alone() {
        for url in [
            "http://127.0.0.1:8080/",
            "https://[::1]:1/",
            "http://localhost/",
        ] {
            assert_eq!(
                policy(true).judge(&Url::parse(url).unwrap()),
                Ok(()),
                "{url}"
            );
        }
        let other = Url::parse("http://192.0.2.1/").unwrap();
        assert_eq!(policy(true).judge(&other), Err(Denied::Unlisted));
    }

    #[test]
    fn an_empty_table_denies_all() {
        let url = Url::parse("https://id.example.com/").unwrap();
        assert_eq!(Policy::default().judge(&url), Err(Denied::Unlisted));
    }

    #[test]
    fn a_form_that_is_not_in_the_table_is_refused() {
        for entry in [
            "*",
            "*.com.*",
            "*foo.example.com",
            "com",
            "*.com",
            "https://a.example",
            "192.0.2.1",
            "",
        ] {
            assert_eq!(
                Policy::new(&[entry.to_owned()], &[], false).unwrap_err(),
                entry
            );
        }
    }
}
