//! One `GET` on `wasi:http`, and its response. Timeouts, TLS and the allowed destinations are up to the host.

use std::io::Read;
use std::time::SystemTime;

use flate2::read::MultiGzDecoder;
use url::{Position, Url};
use wasi::http::outgoing_handler;
use wasi::http::types::{ErrorCode, Fields, Method, OutgoingRequest, Scheme};
use wasi::io::streams::StreamError;

/// The largest body that is read, before and after decompression: what a host usually lets pass.
const MAX_BODY: usize = 64 << 20;

const CHUNK: u64 = 256 << 10;

/// Why a request got no response, by meaning. The texts contain no header, body or query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HttpError {
    /// A retry helps later.
    Unreachable(&'static str),
    /// The TLS handshake failed.
    Untrusted,
    /// The host refused the request.
    Denied,
    /// The response is too large.
    TooLarge(&'static str),
    /// The request or the response is not valid HTTP.
    Malformed(&'static str),
}

const BODY_TOO_LARGE: HttpError = HttpError::TooLarge("the list is larger than 64 MiB");

impl From<ErrorCode> for HttpError {
    /// Hosts report a reset or closed connection as `HTTP-protocol-error` or `internal-error`, too.
    fn from(code: ErrorCode) -> Self {
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
            Code::TlsProtocolError | Code::TlsCertificateError | Code::TlsAlertReceived(_) => {
                Self::Untrusted
            }
            Code::DestinationIpProhibited | Code::HttpRequestDenied => Self::Denied,
            Code::HttpResponseBodySize(_)
            | Code::HttpResponseHeaderSectionSize(_)
            | Code::HttpResponseHeaderSize(_)
            | Code::HttpResponseTrailerSectionSize(_)
            | Code::HttpResponseTrailerSize(_) => {
                Self::TooLarge("a size limit of the host was exceeded")
            }
            Code::HttpRequestUriInvalid
            | Code::HttpRequestUriTooLong
            | Code::HttpRequestHeaderSectionSize(_)
            | Code::HttpRequestHeaderSize(_)
            | Code::HttpResponseTransferCoding(_)
            | Code::HttpResponseContentCoding(_)
            | Code::ConfigurationError => {
                Self::Malformed("the request or the response contains invalid HTTP")
            }
            _ => Self::Unreachable("the connection failed or was closed"),
        }
    }
}

/// A response, read to its end.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    /// The body, decompressed.
    pub(crate) body: Vec<u8>,
    pub(crate) etag: Option<String>,
    /// How many seconds `Retry-After` asks to wait.
    pub(crate) retry_after: Option<u64>,
    /// The id by which the server's operator finds the request.
    pub(crate) correlation_id: Option<String>,
}

/// Sends `GET url` with headers, each a name and a value, and reads the response.
pub(crate) fn get(url: &Url, headers: &[(&str, &str)]) -> Result<Response, HttpError> {
    let request = request(url, headers);
    let request = request.ok_or(HttpError::Malformed("the request contains invalid HTTP"))?;
    let response = outgoing_handler::handle(request, None)?;
    response.subscribe().block();
    const LOST: HttpError = HttpError::Unreachable("the response was lost");
    let response = response.get().and_then(Result::ok).ok_or(LOST)??;
    let fields = response.headers();
    let header = |name: &str| {
        let value = fields.get(&name.to_owned()).pop()?;
        String::from_utf8(value).ok()
    };
    let length = header("content-length").and_then(|text| text.parse().ok());
    let mut body = Vec::with_capacity(length.unwrap_or(0).min(MAX_BODY));
    let stream = response.consume().map_err(|()| LOST)?;
    let stream = stream.stream().map_err(|()| LOST)?;
    loop {
        match stream.blocking_read(CHUNK) {
            Ok(chunk) if body.len() + chunk.len() > MAX_BODY => return Err(BODY_TOO_LARGE),
            Ok(chunk) => body.extend(chunk),
            Err(StreamError::Closed) => break,
            Err(StreamError::LastOperationFailed(_)) => {
                return Err(HttpError::Unreachable(
                    "the response was cut off or stalled",
                ));
            }
        }
    }
    let encoding = header("content-encoding").unwrap_or_default();
    let body = match encoding.trim() {
        _ if body.is_empty() => body,
        "" | "identity" => body,
        "gzip" | "x-gzip" => inflate(&body, MAX_BODY)?,
        _ => {
            let why = "the response has a content encoding that the request does not accept";
            return Err(HttpError::Malformed(why));
        }
    };
    let ids = ["x-request-id", "x-correlation-id", "request-id"];
    Ok(Response {
        status: response.status(),
        body,
        etag: header("etag").filter(|etag| is_etag(etag)),
        retry_after: header("retry-after").and_then(|text| retry_after(&text, SystemTime::now())),
        correlation_id: ids
            .iter()
            .find_map(|name| header(name).filter(|id| is_id(id))),
    })
}

fn request(url: &Url, headers: &[(&str, &str)]) -> Option<OutgoingRequest> {
    let fields = Fields::new();
    for (name, value) in headers {
        let value = value.as_bytes().to_vec();
        fields.append(&(*name).to_owned(), &value).ok()?;
    }
    let scheme = match url.scheme() {
        "http" => Scheme::Http,
        _ => Scheme::Https,
    };
    let path = &url[Position::BeforePath..Position::AfterQuery];
    let request = OutgoingRequest::new(fields);
    request.set_method(&Method::Get).ok()?;
    request.set_scheme(Some(&scheme)).ok()?;
    request.set_authority(Some(url.authority())).ok()?;
    request.set_path_with_query(Some(path)).ok()?;
    Some(request)
}

fn inflate(compressed: &[u8], limit: usize) -> Result<Vec<u8>, HttpError> {
    let mut body = Vec::new();
    // One byte more than allowed distinguishes a body of exactly the limit from a larger one.
    let mut reader = MultiGzDecoder::new(compressed).take(limit as u64 + 1);
    match reader.read_to_end(&mut body) {
        Ok(_) if body.len() > limit => Err(BODY_TOO_LARGE),
        Ok(_) => {
            body.shrink_to_fit();
            Ok(body)
        }
        // Whether damage shows as an early end or as invalid data is chance.
        Err(_) => Err(HttpError::Unreachable("the compressed response is damaged")),
    }
}

/// Returns whether a text is an entity tag (RFC 9110, section 8.8.3) of a length that a cursor can hold.
fn is_etag(text: &str) -> bool {
    let opaque = text.strip_prefix("W/").unwrap_or(text);
    let inner = opaque
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let is_valid = |byte: u8| byte.is_ascii_graphic() && byte != b'"';
    text.len() <= 256 && inner.is_some_and(|inner| inner.bytes().all(is_valid))
}

fn is_id(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (8..=64).contains(&text.len()) && text.bytes().all(allowed)
}

/// Reads `Retry-After` (RFC 9110, section 10.2.3): seconds, or a date.
fn retry_after(text: &str, now: SystemTime) -> Option<u64> {
    text.trim().parse().ok().or_else(|| {
        let until = httpdate::parse_http_date(text).ok()?;
        Some(until.duration_since(now).unwrap_or_default().as_secs() + 1)
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::time::{Duration, UNIX_EPOCH};

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = UNIX_EPOCH + Duration::from_secs(784_111_777);
        for (text, seconds) in [
            ("0", Some(0)),
            (" 120 ", Some(120)),
            ("Sun, 06 Nov 1994 08:49:39 GMT", Some(3)),
            ("Sun, 06 Nov 1994 08:49:35 GMT", Some(1)),
            ("soon", None),
            ("-1", None),
        ] {
            assert_eq!(retry_after(text, now), seconds, "{text:?}");
        }
    }

    #[test]
    fn a_body_inflates_up_to_the_limit() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&[b'x'; 1000]).unwrap();
        let compressed = encoder.finish().unwrap();
        assert_eq!(inflate(&compressed, 1000).unwrap().len(), 1000);
        assert_eq!(inflate(&compressed, 999), Err(BODY_TOO_LARGE));
        let (torn, _) = compressed.split_at(compressed.len() - 9);
        assert!(matches!(
            inflate(torn, 1000),
            Err(HttpError::Unreachable(_))
        ));
    }

    #[test]
    fn an_entity_tag_is_one_by_rfc_9110() {
        for (text, is_valid) in [
            ("\"\"", true),
            ("\"a-1\"", true),
            ("W/\"a\"", true),
            ("a", false),
            ("\"", false),
            ("\"a b\"", false),
            ("\"a\"b\"", false),
            ("\"a\r\n\"", false),
        ] {
            assert_eq!(is_etag(text), is_valid, "{text:?}");
        }
        assert!(!is_etag(&format!("\"{}\"", "a".repeat(255))));
    }
}
