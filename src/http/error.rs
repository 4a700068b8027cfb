//! Why a request got no response, by meaning: the same in any host, whatever it calls the cause.

use wasi::http::types::ErrorCode;

/// Why a request got no response. The texts contain no header, body or query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HttpError {
    /// The name was not resolved, the connection failed or broke, or a timeout expired: a retry helps later.
    Unreachable(&'static str),
    /// The TLS handshake failed.
    Untrusted(&'static str),
    /// The host refused the request.
    Denied(&'static str),
    /// The request or the response is too large.
    TooLarge(&'static str),
    /// The request or the response is not valid HTTP.
    Malformed(&'static str),
}

impl HttpError {
    pub(crate) const INVALID: Self =
        Self::Malformed("the request or the response contains invalid HTTP");
}

impl From<&ErrorCode> for HttpError {
    /// Other hosts report a reset or closed connection as `HTTP-protocol-error` or `internal-error`, so these two are
    /// retried, though they also mean data that is not valid HTTP.
    fn from(code: &ErrorCode) -> Self {
        use ErrorCode as Code;
        match code {
            Code::DnsTimeout | Code::DnsError(_) => {
                Self::Unreachable("the host name could not be resolved")
            }
            Code::ConnectionRefused => Self::Unreachable("the connection was refused"),
            Code::ConnectionTimeout
            | Code::ConnectionReadTimeout
            | Code::ConnectionWriteTimeout
            | Code::HttpResponseTimeout => Self::Unreachable("the response took too long"),
            Code::DestinationNotFound
            | Code::DestinationUnavailable
            | Code::DestinationIpUnroutable
            | Code::ConnectionTerminated
            | Code::ConnectionLimitReached
            | Code::HttpResponseIncomplete => {
                Self::Unreachable("the connection failed or was closed")
            }
            Code::HttpProtocolError | Code::InternalError(_) => {
                Self::Unreachable("the connection was closed, or the response is not valid HTTP")
            }
            Code::TlsProtocolError | Code::TlsCertificateError | Code::TlsAlertReceived(_) => {
                Self::Untrusted("the TLS handshake failed")
            }
            Code::DestinationIpProhibited => {
                Self::Denied("the host does not allow the component to reach that address")
            }
            Code::HttpRequestDenied => {
                Self::Denied("the host does not allow the component to send the request")
            }
            Code::HttpRequestBodySize(_)
            | Code::HttpRequestUriTooLong
            | Code::HttpRequestHeaderSectionSize(_)
            | Code::HttpRequestHeaderSize(_)
            | Code::HttpRequestTrailerSectionSize(_)
            | Code::HttpRequestTrailerSize(_)
            | Code::HttpResponseHeaderSectionSize(_)
            | Code::HttpResponseHeaderSize(_)
            | Code::HttpResponseBodySize(_)
            | Code::HttpResponseTrailerSectionSize(_)
            | Code::HttpResponseTrailerSize(_) => {
                Self::TooLarge("a size limit of the host was exceeded")
            }
            Code::HttpRequestLengthRequired
            | Code::HttpRequestMethodInvalid
            | Code::HttpRequestUriInvalid
            | Code::HttpResponseTransferCoding(_)
            | Code::HttpResponseContentCoding(_)
            | Code::HttpUpgradeFailed
            | Code::LoopDetected
            | Code::ConfigurationError => Self::INVALID,
        }
    }
}

#[cfg(test)]
mod tests;
