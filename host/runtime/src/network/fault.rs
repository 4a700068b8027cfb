//! Why a request came to nothing.

use std::error::Error as _;
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::network::addresses::Special;
use crate::network::client::MAX_INTERIM;
use crate::units::duration;

/// Why there is no answer, or no whole one. No message holds a URL, a header or a body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The name has no address; holds what the resolver says.
    #[error("the name cannot be resolved: {0}")]
    Unresolved(String),
    /// Every address of the name is special, and none of them is allowed.
    #[error("it leads to {address}, which is not an ordinary address but {special}")]
    Prohibited {
        /// The first of them.
        address: IpAddr,
        /// What it is.
        special: Special,
    },
    /// Nobody listens there.
    #[error("the connection was refused")]
    Refused,
    /// There is no way there; holds what the system says.
    #[error("no connection: {0}")]
    Unreachable(String),
    /// There was no connection in this time.
    #[error("no connection within {}", duration::format(*.0))]
    ConnectTimeout(Duration),
    /// There was no TLS in this time.
    #[error("no TLS on the connection within {}", duration::format(*.0))]
    TlsTimeout(Duration),
    /// No answer began in this time.
    #[error("no answer within {}", duration::format(*.0))]
    FirstByteTimeout(Duration),
    /// The answer did not go on in this time.
    #[error("the answer stopped for {}", duration::format(*.0))]
    BetweenBytesTimeout(Duration),
    /// There was no whole answer in this time.
    #[error("no whole answer within {}", duration::format(*.0))]
    RequestTimeout(Duration),
    /// The server's certificate is not accepted.
    #[error("the TLS connection is not to be trusted: {0}")]
    Untrusted(String),
    /// The server does not speak TLS, or none that the host speaks. A handshake that the server ends, or that
    /// breaks with its connection, may succeed another time and is [`Fault::Broken`].
    #[error("no TLS connection came about: {0}")]
    Tls(String),
    /// The proxy does not lead there.
    #[error("the proxy gives no way there: {0}")]
    Proxy(String),
    /// The connection broke.
    #[error("no answer: {0}")]
    Broken(String),
    /// What came is no HTTP.
    #[error("the answer is not HTTP: {0}")]
    Malformed(String),
    /// The client has as many requests in progress as it may have, and none of them ended in this time.
    #[error(
        "connection limit: {most} requests at the same time are the most, and none of them ended within {}",
        duration::format(*within)
    )]
    ConnectionLimit {
        /// How many it may have.
        most: usize,
        /// How long the request waited.
        within: Duration,
    },
    /// The server sent interim answers (1xx) in place of the answer.
    #[error("more than {MAX_INTERIM} interim answers (1xx) came before the answer itself")]
    TooManyInterim,
    /// The answer has more bytes of headers, or more headers, than are accepted.
    #[error("the headers of the answer are larger than is accepted")]
    HeadersTooLarge,
    /// The answer's body is longer than is accepted.
    #[error("the body of the answer is larger than is accepted")]
    BodyTooLarge,
}

/// Why there is no client. The system or its configuration is not as it must be; another try does not help.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// There is nothing to trust a server by.
    #[error(
        "cannot use the certificate authorities of this system ({0}): install them (the package is \
         ca-certificates on most systems), or name a file of them in `ca_file` or in SSL_CERT_FILE"
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
        "{variable} names no proxy that can be used: {why}; write one like http://proxy.example.com:3128, or \
         unset it"
    )]
    Proxy {
        /// The variable.
        variable: String,
        /// Why not.
        why: &'static str,
    },
}

impl Fault {
    /// What connecting failed by.
    pub(super) fn of_connecting(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Self::Refused,
            _ => Self::Unreachable(error.to_string()),
        }
    }

    /// What a TLS handshake failed by.
    pub(super) fn of_handshake(error: &io::Error) -> Self {
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
                Self::Tls(format!("what the server sent is not TLS ({error})"))
            }
            Some(_) => Self::Tls(error.to_string()),
            None => Self::Broken(format!("the TLS handshake broke off: {error}")),
        }
    }

    /// What a request failed by before its answer began.
    pub(super) fn of_request(error: &hyper_util::client::legacy::Error) -> Self {
        let mut cause = error.source();
        while let Some(error) = cause {
            if let Some(fault) = error.downcast_ref::<Self>() {
                return fault.clone();
            }
            if let Some(error) = error.downcast_ref::<hyper::Error>() {
                return Self::of_http(error);
            }
            cause = error.source();
        }
        Self::Broken("the request could not be sent".to_owned())
    }

    /// What an exchange on a connection failed by.
    pub(super) fn of_http(error: &hyper::Error) -> Self {
        if error.is_parse_too_large() {
            return Self::HeadersTooLarge;
        }
        if error.is_parse() {
            return Self::Malformed(error.to_string());
        }
        if error.is_incomplete_message() {
            return Self::Broken("the connection was closed before the answer's end".to_owned());
        }
        // The reason at the root says what happened.
        let mut root: &dyn std::error::Error = error;
        while let Some(deeper) = root.source() {
            root = deeper;
        }
        match root.downcast_ref::<io::Error>().map(io::Error::kind) {
            // By the decoder of chunks.
            Some(io::ErrorKind::InvalidInput) => Self::Malformed(root.to_string()),
            _ => Self::Broken(root.to_string()),
        }
    }
}
