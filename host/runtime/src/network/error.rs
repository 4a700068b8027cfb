//! Why a request failed, and why no client could be made.

use std::error::Error as _;
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use rustix::io::Errno;

use crate::network::addresses::SpecialNetwork;
use crate::units::duration;

/// The most interim responses (1xx) before a response: more than any server has a use for, and the host reads each.
pub const MAX_INTERIM: usize = 10;

/// Why there is no complete response. No message holds a URL, a header or a body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// The host name has no address; holds the resolver's message.
    #[error("cannot resolve the host name: {0}")]
    Unresolved(String),
    /// No address of the host is allowed.
    #[error("it leads to {address}, which is not an ordinary address: {special}")]
    Prohibited {
        /// One of its addresses.
        address: IpAddr,
        /// What the address is.
        special: SpecialNetwork,
    },
    /// Nothing listens there.
    #[error("the connection was refused")]
    Refused,
    /// The host cannot be reached; holds the system's message.
    #[error("cannot connect: {0}")]
    Unreachable(String),
    /// There was no connection within this time.
    #[error("no connection within {}", duration::format(*.0))]
    ConnectTimeout(Duration),
    /// The TLS handshake took longer than this.
    #[error("no TLS connection within {}", duration::format(*.0))]
    TlsTimeout(Duration),
    /// No response began within this time.
    #[error("no response within {}", duration::format(*.0))]
    FirstByteTimeout(Duration),
    /// The response stalled for this long.
    #[error("the response stalled for {}", duration::format(*.0))]
    BetweenBytesTimeout(Duration),
    /// The response was not complete within this time.
    #[error("no complete response within {}", duration::format(*.0))]
    RequestTimeout(Duration),
    /// The server's certificate is not accepted.
    #[error("the server is not trusted: {0}")]
    Untrusted(String),
    /// The server does not speak TLS, or no version or cipher that the host speaks. A handshake that the server ends, or
    /// that breaks with its connection, may succeed another time and is [`HttpError::Broken`].
    #[error("the TLS handshake failed: {0}")]
    Tls(String),
    /// The proxy cannot be reached, or opens no tunnel.
    #[error("cannot connect through the proxy: {0}")]
    Proxy(String),
    /// The connection broke.
    #[error("no complete response: {0}")]
    Broken(String),
    /// The response is not HTTP.
    #[error("the response is not valid HTTP: {0}")]
    Malformed(String),
    /// The client has as many requests in progress as it may have, and none of them ended within this time.
    #[error(
        "connection limit: {max} requests are in progress, and none of them ended within {}",
        duration::format(*within)
    )]
    ConnectionLimit {
        /// How many it may have.
        max: usize,
        /// How long the request waited.
        within: Duration,
    },
    /// The response has more headers, or more bytes of them, than are allowed.
    #[error("the headers of the response are larger than allowed")]
    HeadersTooLarge,
    /// The response's body is longer than is allowed.
    #[error("the body of the response is larger than allowed")]
    BodyTooLarge,
}

/// Why no client could be made. The system or the configuration must be changed; trying again does not help.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The system has no certificate authorities.
    #[error(
        "cannot use the certificate authorities of this system ({0}): install them (the package is \
         ca-certificates on most systems), or name a file with them in `ca_file` or in SSL_CERT_FILE"
    )]
    Authorities(rustls::Error),
    /// The file of certificate authorities cannot be used.
    #[error(
        "cannot use the certificate authorities in {}: {why}; `ca_file` must name a file of certificates in \
         PEM form (-----BEGIN CERTIFICATE-----)",
        path.display()
    )]
    AuthorityFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// TLS cannot be set up.
    #[error("cannot set up TLS: {0}")]
    Tls(rustls::Error),
    /// The environment names a proxy that cannot be used.
    #[error(
        "{variable} does not name a usable proxy: {why}; set it to a URL such as \
         http://proxy.example.com:3128, or unset it"
    )]
    Proxy {
        /// The variable.
        variable: &'static str,
        /// Why not.
        why: &'static str,
    },
}

/// Returns why something cannot be opened, and `advice` unless there are too many open files.
pub fn cannot_open(error: &io::Error, advice: &str) -> String {
    match Errno::from_io_error(error) {
        Some(Errno::MFILE | Errno::NFILE) => {
            "too many open files: raise the limit (`ulimit -n`, or LimitNOFILE of a systemd service)"
                .to_owned()
        }
        _ => format!("{error}{advice}"),
    }
}

impl HttpError {
    /// Returns that the server sent interim responses (1xx) in place of the response.
    pub(super) fn too_many_interim() -> Self {
        let why =
            format!("more than {MAX_INTERIM} interim responses (1xx) came before the response");
        Self::Malformed(why)
    }

    /// Returns why connecting failed.
    pub(super) fn from_connect(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Self::Refused,
            _ => Self::Unreachable(cannot_open(error, "")),
        }
    }

    /// Returns why a TLS handshake failed.
    pub(super) fn from_handshake(error: &io::Error) -> Self {
        let tls = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<rustls::Error>());
        match tls {
            Some(rustls::Error::AlertReceived(_)) => {
                Self::Broken(format!("the server ended the TLS handshake: {error}"))
            }
            Some(
                rustls::Error::InvalidCertificate(_)
                | rustls::Error::NoCertificatesPresented
                | rustls::Error::InvalidCertRevocationList(_),
            ) => Self::Untrusted(error.to_string()),
            Some(rustls::Error::InvalidMessage(_)) => {
                Self::Tls(format!("the server does not speak TLS ({error})"))
            }
            Some(_) => Self::Tls(error.to_string()),
            None => Self::Broken(format!("the TLS handshake was interrupted: {error}")),
        }
    }

    /// Returns why a request failed before its response began.
    pub(super) fn from_request(error: &hyper_util::client::legacy::Error) -> Self {
        let mut cause = error.source();
        while let Some(error) = cause {
            if let Some(own) = error.downcast_ref::<Self>() {
                return own.clone();
            }
            if let Some(error) = error.downcast_ref::<hyper::Error>() {
                return Self::from_hyper(error);
            }
            cause = error.source();
        }
        Self::Broken("the request could not be sent".to_owned())
    }

    /// Returns why an exchange on a connection failed.
    pub(super) fn from_hyper(error: &hyper::Error) -> Self {
        if error.is_parse_too_large() {
            return Self::HeadersTooLarge;
        }
        if error.is_parse() {
            return Self::Malformed(error.to_string());
        }
        if error.is_incomplete_message() {
            return Self::Broken(
                "the connection was closed before the end of the response".to_owned(),
            );
        }
        // The root cause says what happened.
        let mut root: &dyn std::error::Error = error;
        while let Some(deeper) = root.source() {
            root = deeper;
        }
        match root.downcast_ref::<io::Error>().map(io::Error::kind) {
            // hyper's decoder of chunks.
            Some(io::ErrorKind::InvalidInput) => Self::Malformed(root.to_string()),
            _ => Self::Broken(root.to_string()),
        }
    }
}
