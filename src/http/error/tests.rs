use wasi::http::types::{DnsErrorPayload, FieldSizePayload, TlsAlertReceivedPayload};

use super::*;

/// What the error is to a caller, in the contract's words.
fn meaning(error: HttpError) -> &'static str {
    match error {
        HttpError::Unreachable(_) => "unavailable",
        HttpError::Untrusted(_) => "untrusted",
        HttpError::Denied(_) => "denied",
        HttpError::TooLarge(_) => "limit-exceeded",
        HttpError::Malformed(_) => "protocol",
    }
}

#[test]
fn every_error_code_has_one_meaning() {
    use ErrorCode as Code;
    let dns = || DnsErrorPayload {
        rcode: None,
        info_code: None,
    };
    let alert = || TlsAlertReceivedPayload {
        alert_id: None,
        alert_message: None,
    };
    let field = || FieldSizePayload {
        field_name: None,
        field_size: None,
    };
    for (meant, codes) in [
        (
            "unavailable",
            vec![
                Code::DnsTimeout,
                Code::DnsError(dns()),
                Code::DestinationNotFound,
                Code::DestinationUnavailable,
                Code::DestinationIpUnroutable,
                Code::ConnectionRefused,
                Code::ConnectionTerminated,
                Code::ConnectionTimeout,
                Code::ConnectionReadTimeout,
                Code::ConnectionWriteTimeout,
                Code::ConnectionLimitReached,
                Code::HttpResponseIncomplete,
                Code::HttpResponseTimeout,
                Code::HttpProtocolError,
                Code::InternalError(None),
                Code::InternalError(Some("read ECONNRESET".to_owned())),
            ],
        ),
        (
            "untrusted",
            vec![
                Code::TlsProtocolError,
                Code::TlsCertificateError,
                Code::TlsAlertReceived(alert()),
            ],
        ),
        (
            "denied",
            vec![Code::DestinationIpProhibited, Code::HttpRequestDenied],
        ),
        (
            "limit-exceeded",
            vec![
                Code::HttpRequestBodySize(None),
                Code::HttpRequestUriTooLong,
                Code::HttpRequestHeaderSectionSize(None),
                Code::HttpRequestHeaderSize(None),
                Code::HttpRequestTrailerSectionSize(None),
                Code::HttpRequestTrailerSize(field()),
                Code::HttpResponseHeaderSectionSize(None),
                Code::HttpResponseHeaderSize(field()),
                Code::HttpResponseBodySize(None),
                Code::HttpResponseTrailerSectionSize(None),
                Code::HttpResponseTrailerSize(field()),
            ],
        ),
        (
            "protocol",
            vec![
                Code::HttpRequestLengthRequired,
                Code::HttpRequestMethodInvalid,
                Code::HttpRequestUriInvalid,
                Code::HttpResponseTransferCoding(None),
                Code::HttpResponseContentCoding(None),
                Code::HttpUpgradeFailed,
                Code::LoopDetected,
                Code::ConfigurationError,
            ],
        ),
    ] {
        for code in codes {
            assert_eq!(meaning(HttpError::from(&code)), meant, "{code:?}");
        }
    }
}
