//! Responses: the body, decompressed, and the headers that the component reads.

use std::io::Read;
use std::time::{Duration, Instant, SystemTime};

use flate2::read::GzDecoder;
use time::OffsetDateTime;

use crate::http::error::HttpError;

/// The largest body that is read, before and after decompression: a page of 500 endpoints of 60 KB each.
const MAX_BODY: usize = 32 << 20;

const BODY_TOO_LARGE: HttpError = HttpError::TooLarge("the response is larger than 32 MiB");

const CHUNK: u64 = 256 << 10;

/// A response, read to its end.
pub(crate) struct Response {
    pub(crate) status: u16,
    /// The body, decompressed.
    pub(crate) body: Vec<u8>,
    /// The server's clock, from `Date`.
    pub(crate) date: Option<OffsetDateTime>,
    /// How many seconds `Retry-After` asks to wait.
    pub(crate) retry_after: Option<u64>,
    /// From the sending of the request to the end of the body.
    pub(crate) duration: Duration,
}

/// Reads a response to a request that left at `sent`. `header` returns a header by its name in lower case; `chunk`
/// returns at most that many bytes of the body, `None` at its end.
pub(crate) fn read(
    status: u16,
    header: impl Fn(&str) -> Option<String>,
    chunk: impl Fn(u64) -> Result<Option<Vec<u8>>, ()>,
    sent: Instant,
) -> Result<Response, HttpError> {
    let length = header("content-length").and_then(|text| text.parse().ok());
    let mut body = Vec::with_capacity(length.unwrap_or(0).min(MAX_BODY));
    let broken = |()| HttpError::Unreachable("the response was cut off or stalled");
    while let Some(mut chunk) = chunk(CHUNK).map_err(broken)? {
        if body.len() + chunk.len() > MAX_BODY {
            return Err(BODY_TOO_LARGE);
        }
        body.append(&mut chunk);
    }
    let duration = sent.elapsed();
    let encoding = header("content-encoding");
    let body = match encoding.as_deref().map(str::trim) {
        // Such as that of a 304.
        _ if body.is_empty() => body,
        None | Some("" | "identity") => body,
        Some("gzip" | "x-gzip") => inflate(&body, MAX_BODY)?,
        Some(_) => {
            return Err(HttpError::Malformed(
                "the response has a content encoding that the request does not accept",
            ));
        }
    };
    let date = header("date");
    let wait = header("retry-after");
    Ok(Response {
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

fn inflate(compressed: &[u8], limit: usize) -> Result<Vec<u8>, HttpError> {
    let mut body = Vec::new();
    // One byte more than allowed distinguishes a body of exactly the limit from a larger one.
    let mut reader = GzDecoder::new(compressed).take(limit as u64 + 1);
    match reader.read_to_end(&mut body) {
        Ok(_) if body.len() > limit => Err(BODY_TOO_LARGE),
        Ok(_) => Ok(body),
        // Whether damage shows as an early end or as invalid data is chance.
        Err(_) => Err(HttpError::Unreachable("the compressed response is damaged")),
    }
}

fn http_date(text: &str) -> Option<SystemTime> {
    httpdate::parse_http_date(text).ok()
}

/// Reads `Retry-After` (RFC 9110, section 10.2.3): seconds, or a date.
fn retry_after(text: &str, now: SystemTime) -> Option<u64> {
    text.trim().parse().ok().or_else(|| {
        let until = http_date(text)?.duration_since(now).unwrap_or_default();
        Some(until.as_secs() + u64::from(until.subsec_nanos() > 0))
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::time::UNIX_EPOCH;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

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
    fn a_body_inflates_up_to_the_limit() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&[b'x'; 1000]).unwrap();
        let compressed = encoder.finish().unwrap();

        assert_eq!(inflate(&compressed, 1000).unwrap().len(), 1000);
        assert!(matches!(
            inflate(&compressed, 999),
            Err(HttpError::TooLarge(_))
        ));
        let (torn, _) = compressed.split_at(compressed.len() - 9);
        assert!(matches!(
            inflate(torn, 1000),
            Err(HttpError::Unreachable(_))
        ));
        assert!(matches!(
            inflate(b"not gzip", 1000),
            Err(HttpError::Unreachable(_))
        ));
    }
}
