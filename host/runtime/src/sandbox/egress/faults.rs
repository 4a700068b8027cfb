//! The error that a component gets for a failed request, and the reason that the log has.

use wasmtime_wasi_http::Error;

use crate::contract::limits::{Limits, MAX_RESPONSE_HEADER_BYTES};
use crate::network::error::HttpError;

/// The error of `wasi:http` that means the same, of the kind that a component may act on. What the fault says in
/// words is the operator's.
pub(super) fn told(fault: &HttpError, limits: &Limits) -> Error {
    match fault {
        HttpError::Unresolved(_) => Error::DnsError {
            rcode: None,
            info_code: None,
        },
        HttpError::Prohibited { .. } => Error::DestinationIpProhibited,
        HttpError::Refused => Error::ConnectionRefused,
        HttpError::Unreachable(_) | HttpError::Proxy(_) => Error::DestinationUnavailable,
        HttpError::ConnectTimeout(_) | HttpError::TlsTimeout(_) => Error::ConnectionTimeout,
        HttpError::FirstByteTimeout(_) | HttpError::RequestTimeout(_) => Error::HttpResponseTimeout,
        HttpError::BetweenBytesTimeout(_) => Error::ConnectionReadTimeout,
        HttpError::Untrusted(_) => Error::TlsCertificateError,
        HttpError::Tls(_) => Error::TlsProtocolError,
        HttpError::Broken(_) => Error::ConnectionTerminated,
        HttpError::ConnectionLimit { .. } => Error::ConnectionLimitReached,
        HttpError::Malformed(_) | HttpError::TooManyInterim => Error::HttpProtocolError,
        HttpError::HeadersTooLarge => {
            Error::HttpResponseHeaderSectionSize(u32::try_from(MAX_RESPONSE_HEADER_BYTES).ok())
        }
        HttpError::BodyTooLarge => Error::HttpResponseBodySize(Some(limits.response_bytes)),
    }
}

/// What the operator learns of a fault that the component cannot tell: what is wrong with the network, the proxy or a
/// certificate, and which key gives more time. None where another message tells it.
pub(super) fn for_operator(fault: &HttpError) -> Option<String> {
    let key = match fault {
        HttpError::Unresolved(_)
        | HttpError::Unreachable(_)
        | HttpError::Proxy(_)
        | HttpError::Untrusted(_)
        | HttpError::Tls(_)
        | HttpError::Malformed(_)
        | HttpError::ConnectionLimit { .. }
        | HttpError::TooManyInterim => return Some(fault.to_string()),
        // Told as refused with its rule, or by the failure of the source.
        HttpError::Prohibited { .. }
        | HttpError::HeadersTooLarge
        | HttpError::BodyTooLarge
        | HttpError::Refused
        | HttpError::Broken(_) => return None,
        HttpError::ConnectTimeout(_) => "connect",
        HttpError::TlsTimeout(_) => "tls",
        HttpError::FirstByteTimeout(_) => "first_byte",
        HttpError::BetweenBytesTimeout(_) => "between_bytes",
        HttpError::RequestTimeout(_) => "request",
    };
    Some(format!(
        "{fault}; `timeouts.{key}` in the account gives more time, where the component asks for no less"
    ))
}
