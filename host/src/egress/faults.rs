//! What a component gets to know of a request that came to nothing.

use wasmtime_wasi_http::Error;

use crate::http_client::Fault;
use crate::limits::Limits;

/// The error of `wasi:http` that means the same, of the kind that a component may act on. What the fault says in
/// words is the operator's.
pub fn told(fault: &Fault, limits: &Limits) -> Error {
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
        Fault::Malformed(_) => Error::HttpProtocolError,
        Fault::HeadersTooLarge => {
            Error::HttpResponseHeaderSectionSize(u32::try_from(limits.response_header_bytes).ok())
        }
        Fault::BodyTooLarge => Error::HttpResponseBodySize(Some(limits.response_bytes)),
    }
}

/// Whether the operator learns from the fault's words what is wrong with the network, the proxy or a certificate:
/// the component cannot say it.
pub fn is_for_operator(fault: &Fault) -> bool {
    match fault {
        Fault::Unresolved(_)
        | Fault::Unreachable(_)
        | Fault::Proxy(_)
        | Fault::Untrusted(_)
        | Fault::Tls(_)
        | Fault::Malformed(_)
        | Fault::HeadersTooLarge
        | Fault::BodyTooLarge => true,
        // Told as refused, with its rule.
        Fault::Prohibited { .. } => false,
        // The component's error says as much.
        Fault::Refused
        | Fault::ConnectTimeout(_)
        | Fault::TlsTimeout(_)
        | Fault::FirstByteTimeout(_)
        | Fault::BetweenBytesTimeout(_)
        | Fault::RequestTimeout(_)
        | Fault::Broken(_) => false,
    }
}
