//! What a component gets to know of a request that came to nothing.

use wasmtime_wasi_http::Error;

use crate::contract::limits::{Limits, MAX_RESPONSE_HEADER_BYTES};
use crate::network::client::Fault;

/// The error of `wasi:http` that means the same, of the kind that a component may act on. What the fault says in
/// words is the operator's.
pub(super) fn told(fault: &Fault, limits: &Limits) -> Error {
    match fault {
        Fault::Unresolved(_) => Error::DnsError {
            rcode: None,
            info_code: None,
        },
        Fault::Prohibited { .. } => Error::DestinationIpProhibited,
        Fault::Refused => Error::ConnectionRefused,
        Fault::Unreachable(_) | Fault::Proxy(_) => Error::DestinationUnavailable,
        Fault::ConnectTimeout(_) | Fault::TlsTimeout(_) => Error::ConnectionTimeout,
        Fault::FirstByteTimeout(_) | Fault::RequestTimeout(_) => Error::HttpResponseTimeout,
        Fault::BetweenBytesTimeout(_) => Error::ConnectionReadTimeout,
        Fault::Untrusted(_) => Error::TlsCertificateError,
        Fault::Tls(_) => Error::TlsProtocolError,
        Fault::Broken(_) => Error::ConnectionTerminated,
        Fault::ConnectionLimit { .. } => Error::ConnectionLimitReached,
        Fault::Malformed(_) | Fault::TooManyInterim => Error::HttpProtocolError,
        Fault::HeadersTooLarge => {
            Error::HttpResponseHeaderSectionSize(u32::try_from(MAX_RESPONSE_HEADER_BYTES).ok())
        }
        Fault::BodyTooLarge => Error::HttpResponseBodySize(Some(limits.response_bytes)),
    }
}

/// What the operator learns of a fault that the component cannot tell: what is wrong with the network, the proxy or a
/// certificate, and which key gives more time. None where another message tells it.
pub(super) fn for_operator(fault: &Fault) -> Option<String> {
    let key = match fault {
        Fault::Unresolved(_)
        | Fault::Unreachable(_)
        | Fault::Proxy(_)
        | Fault::Untrusted(_)
        | Fault::Tls(_)
        | Fault::Malformed(_)
        | Fault::ConnectionLimit { .. }
        | Fault::TooManyInterim => return Some(fault.to_string()),
        // Told as refused with its rule, or by the failure of the source.
        Fault::Prohibited { .. }
        | Fault::HeadersTooLarge
        | Fault::BodyTooLarge
        | Fault::Refused
        | Fault::Broken(_) => return None,
        Fault::ConnectTimeout(_) => "connect",
        Fault::TlsTimeout(_) => "tls",
        Fault::FirstByteTimeout(_) => "first_byte",
        Fault::BetweenBytesTimeout(_) => "between_bytes",
        Fault::RequestTimeout(_) => "request",
    };
    Some(format!(
        "{fault}; `timeouts.{key}` in the account gives more time, where the component asks for no less"
    ))
}
