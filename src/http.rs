//! HTTP: one request, one answer, and what can go wrong, by meaning.
//!
//! A `POST` goes by `wasi-http-client`, which this module alone knows, with a guard against its limits (0.2.1): a
//! request body of more than 4,096 bytes traps the instance, `headers()` replaces what `header()` set before, a
//! response header that is not UTF-8 fails the request (told as malformed, unless the host took it away), of a
//! repeated header the last value counts (none is read that may come twice), and neither size nor encoding of a
//! response is looked at. A `GET` goes by `wasi:http` itself (`under_way`): `wasi-http-client` waits for each answer,
//! and hands over options of the request, which wasmtime 48 keeps until the instance ends, so that it cannot make
//! many. Timeouts, TLS and the question of where a request may go are the host's.

use std::io::Read;
use std::time::{Duration, Instant, SystemTime};

use flate2::read::GzDecoder;
use time::OffsetDateTime;
use url::Url;
use wasi::http::types::ErrorCode;
use wasi_http_client::{Client, RequestBuilder};

mod under_way;

pub use self::under_way::UnderWay;

/// The longest form body that `wasi-http-client` writes without a trap.
const LONGEST_BODY: usize = 4096;

/// The largest answer that is read, before and after decompression: a page of 500 endpoints of 60 KB each.
const LARGEST_ANSWER: usize = 32 << 20;

const CHUNK: u64 = 256 << 10;

/// What every request has.
const HEADERS: [(&str, &str); 3] = [
    ("accept", "application/json"),
    ("accept-encoding", "gzip"),
    (
        "user-agent",
        concat!("sophos-assets/", env!("CARGO_PKG_VERSION")),
    ),
];

/// What came back.
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The body, decompressed.
    pub body: Vec<u8>,
    /// The server's clock, from `Date`.
    pub date: Option<OffsetDateTime>,
    /// How many seconds `Retry-After` asks to wait.
    pub retry_after: Option<u64>,
    /// From the sending of the request to the end of the body.
    pub duration: Duration,
}

/// Why nothing came back. The texts name no header, body or query.
#[derive(Debug)]
pub enum Fault {
    /// No name, no connection, a timeout, or a connection that broke.
    Unreachable(String),
    /// TLS failed.
    Untrusted(String),
    /// The host refused the request.
    Denied(String),
    /// The request or the answer is too large.
    TooLarge(String),
    /// What came back is not HTTP as it should be.
    Malformed(String),
}

/// `GET url` with headers, each a name and a value.
pub fn get(url: &Url, headers: &[(&str, &str)]) -> Result<Answer, Fault> {
    UnderWay::get(url, headers)?.answer()
}

/// `POST url` with an `application/x-www-form-urlencoded` body.
pub fn post_form(url: &Url, form: &[(&str, &str)]) -> Result<Answer, Fault> {
    let body = form_urlencoded(form);
    if body.len() > LONGEST_BODY {
        return Err(Fault::TooLarge(format!(
            "the form is {} bytes long; at most {LONGEST_BODY} can be sent",
            body.len()
        )));
    }
    let length = body.len().to_string();
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("content-length", length.as_str()),
    ];
    send(
        Client::new().post(url.as_str()).body(body.as_bytes()),
        &headers,
    )
}

fn form_urlencoded(form: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish()
}

fn send(mut request: RequestBuilder, headers: &[(&str, &str)]) -> Result<Answer, Fault> {
    for (name, value) in headers.iter().chain(&HEADERS) {
        request = request.header(*name, *value);
    }
    let sent = Instant::now();
    let response = request.send().map_err(|error| fault(&error))?;
    let header = |name: &str| response.headers().get(name).cloned();
    let chunk = |length| response.chunk(length).map_err(drop);
    answer(response.status(), header, chunk, sent)
}

/// The answer of these parts: `header` gives one by its name in lower case, `chunk` the next piece of the body of so
/// many bytes at most, none after the last one.
fn answer(
    status: u16,
    header: impl Fn(&str) -> Option<String>,
    chunk: impl Fn(u64) -> Result<Option<Vec<u8>>, ()>,
    sent: Instant,
) -> Result<Answer, Fault> {
    let length = header("content-length").and_then(|text| text.parse().ok());
    let mut body = Vec::with_capacity(length.unwrap_or(0).min(LARGEST_ANSWER));
    let broken = |()| Fault::Unreachable("the answer broke off or stood still".to_owned());
    while let Some(mut chunk) = chunk(CHUNK).map_err(broken)? {
        if body.len() + chunk.len() > LARGEST_ANSWER {
            return Err(too_large());
        }
        body.append(&mut chunk);
    }
    let duration = sent.elapsed();
    let encoding = header("content-encoding");
    let body = match encoding.as_deref().map(str::trim) {
        // Such as that of a 304.
        _ if body.is_empty() => body,
        None | Some("" | "identity") => body,
        Some("gzip" | "x-gzip") => inflate(&body, LARGEST_ANSWER)?,
        Some(_) => {
            return Err(Fault::Malformed(
                "the answer is compressed in a way that was not asked for".to_owned(),
            ));
        }
    };
    let date = header("date");
    let wait = header("retry-after");
    Ok(Answer {
        status,
        date: date
            .as_deref()
            .and_then(http_date)
            .map(OffsetDateTime::from),
        retry_after: wait.and_then(|text| retry_after(&text, SystemTime::now())),
        body,
        duration,
    })
}

fn too_large() -> Fault {
    Fault::TooLarge(format!(
        "the answer is larger than {} MiB",
        LARGEST_ANSWER >> 20
    ))
}

fn inflate(compressed: &[u8], limit: usize) -> Result<Vec<u8>, Fault> {
    let mut body = Vec::new();
    // One byte more than allowed tells a body of exactly the limit from a larger one.
    let mut reader = GzDecoder::new(compressed).take(limit as u64 + 1);
    match reader.read_to_end(&mut body) {
        Ok(_) if body.len() > limit => Err(too_large()),
        Ok(_) => Ok(body),
        // Whether a damaged stream breaks off or makes no sense is chance.
        Err(_) => Err(Fault::Unreachable(
            "the compressed answer is damaged".to_owned(),
        )),
    }
}

fn http_date(text: &str) -> Option<SystemTime> {
    httpdate::parse_http_date(text).ok()
}

/// `Retry-After` (RFC 9110, section 10.2.3): seconds, or a date.
fn retry_after(text: &str, now: SystemTime) -> Option<u64> {
    text.trim().parse().ok().or_else(|| {
        let until = http_date(text)?.duration_since(now).unwrap_or_default();
        Some(until.as_secs() + u64::from(until.subsec_nanos() > 0))
    })
}

fn fault(error: &anyhow::Error) -> Fault {
    error.downcast_ref().map_or_else(malformed, fault_of)
}

fn malformed() -> Fault {
    Fault::Malformed("the request or its answer holds something that is no HTTP".to_owned())
}

fn fault_of(code: &ErrorCode) -> Fault {
    use ErrorCode as Code;
    match code {
        Code::DnsTimeout | Code::DnsError(_) => {
            Fault::Unreachable("the name could not be resolved".to_owned())
        }
        Code::ConnectionRefused => Fault::Unreachable("the connection was refused".to_owned()),
        Code::ConnectionTimeout
        | Code::ConnectionReadTimeout
        | Code::ConnectionWriteTimeout
        | Code::HttpResponseTimeout => Fault::Unreachable("it took too long to answer".to_owned()),
        Code::DestinationNotFound
        | Code::DestinationUnavailable
        | Code::DestinationIpUnroutable
        | Code::ConnectionTerminated
        | Code::ConnectionLimitReached
        | Code::HttpResponseIncomplete => {
            Fault::Unreachable("the connection failed or broke".to_owned())
        }
        Code::TlsProtocolError | Code::TlsCertificateError | Code::TlsAlertReceived(_) => {
            Fault::Untrusted("no secure connection came about".to_owned())
        }
        Code::DestinationIpProhibited => {
            Fault::Denied("the host does not let the component reach that address".to_owned())
        }
        Code::HttpRequestDenied => {
            Fault::Denied("the host does not let the component go there".to_owned())
        }
        Code::HttpRequestBodySize(_)
        | Code::HttpResponseHeaderSectionSize(_)
        | Code::HttpResponseHeaderSize(_)
        | Code::HttpResponseBodySize(_) => {
            Fault::TooLarge("the host's limit of size was passed".to_owned())
        }
        _ => Fault::Malformed("the answer is no valid HTTP".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::time::{Duration, UNIX_EPOCH};

    use flate2::{Compression, write::GzEncoder};

    use super::{Fault, form_urlencoded, inflate, retry_after};

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = UNIX_EPOCH + Duration::from_secs(784_111_777);
        for (text, seconds) in [
            ("0", Some(0)),
            (" 120 ", Some(120)),
            ("Sun, 06 Nov 1994 08:49:39 GMT", Some(2)),
            ("Sun, 06 Nov 1994 08:49:35 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
            ("", None),
        ] {
            assert_eq!(retry_after(text, now), seconds, "{text:?}");
        }
    }

    #[test]
    fn a_secret_is_percent_encoded() {
        assert_eq!(
            form_urlencoded(&[("client_secret", "a+b/c=d&e %")]),
            "client_secret=a%2Bb%2Fc%3Dd%26e+%25"
        );
    }

    #[test]
    fn a_body_inflates_up_to_the_limit() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&[b'x'; 1000]).unwrap();
        let compressed = encoder.finish().unwrap();

        assert_eq!(inflate(&compressed, 1000).unwrap().len(), 1000);
        assert!(matches!(inflate(&compressed, 999), Err(Fault::TooLarge(_))));
        let (torn, _) = compressed.split_at(compressed.len() - 9);
        assert!(matches!(inflate(torn, 1000), Err(Fault::Unreachable(_))));
        assert!(matches!(
            inflate(b"no gzip at all", 1000),
            Err(Fault::Unreachable(_))
        ));
    }
}
