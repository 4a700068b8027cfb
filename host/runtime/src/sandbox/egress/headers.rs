//! Which headers a component may set and see, and the one that the host sets for it.

use http::header::{ACCEPT_ENCODING, CONTENT_LENGTH, EXPECT, RANGE, TE, TRAILER};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use wasmtime_wasi_http::DEFAULT_FORBIDDEN_HEADERS;

/// Returns whether a component may neither set a header nor see it in a response: what concerns one connection and not the
/// request (RFC 9110, section 7.6.1), what is meant for a proxy, and `Host`, which is the URL's.
///
/// `Content-Length` is not among them, as HTTP libraries set it by themselves: it is replaced by the length of the body.
/// `Forwarded` and its like concern applications, and lead nowhere else.
pub(super) fn is_forbidden(name: &HeaderName) -> bool {
    DEFAULT_FORBIDDEN_HEADERS.contains(name)
        || [EXPECT, TE, TRAILER].contains(name)
        || name.as_str().starts_with("proxy-")
}

/// Sets the length to that of the body.
pub(super) fn set_length(headers: &mut HeaderMap, method: &Method, body: &[u8]) {
    headers.remove(CONTENT_LENGTH);
    // A method that usually has a body says so if it has none (RFC 9110, section 8.6).
    if !body.is_empty() || [Method::POST, Method::PUT, Method::PATCH].contains(method) {
        headers.insert(CONTENT_LENGTH, body.len().into());
    }
}

/// Makes a request ask for a response that can be searched: not compressed or with gzip, and complete, as a part might begin
/// in the middle of a secret.
pub(super) fn ask_for_searchable(headers: &mut HeaderMap) {
    if headers.contains_key(ACCEPT_ENCODING) {
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    }
    headers.remove(RANGE);
}

/// Removes the headers of a response that a component may not see, and those that are not UTF-8: components may read headers
/// as text, and must not fail by one that nobody needs.
pub(super) fn remove_unfit(headers: &mut HeaderMap) {
    let is_text = |value: &HeaderValue| std::str::from_utf8(value.as_bytes()).is_ok();
    let odd: Vec<_> = headers
        .iter()
        .filter(|(name, value)| is_forbidden(name) || !is_text(value))
        .map(|(name, _)| name.clone())
        .collect();
    for name in odd {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn what_concerns_the_connection_or_a_proxy_is_not_the_components() {
        for (name, forbidden) in [
            ("host", true),
            ("connection", true),
            ("keep-alive", true),
            ("transfer-encoding", true),
            ("te", true),
            ("trailer", true),
            ("upgrade", true),
            ("expect", true),
            ("proxy-authorization", true),
            ("proxy-connection", true),
            ("proxy-anything", true),
            ("content-length", false),
            ("authorization", false),
            ("x-tenant-id", false),
            ("accept-encoding", false),
            ("x-forwarded-for", false),
        ] {
            let name = HeaderName::from_static(name);
            assert_eq!(is_forbidden(&name), forbidden, "{name}");
        }
    }

    #[test]
    fn the_length_is_that_of_the_body() {
        for (method, body, length) in [
            (Method::GET, "", None),
            (Method::DELETE, "", None),
            (Method::DELETE, "abc", Some("3")),
            (Method::POST, "", Some("0")),
            (Method::POST, "abc", Some("3")),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_LENGTH, HeaderValue::from_static("77"));
            set_length(&mut headers, &method, body.as_bytes());
            let found = headers.get(CONTENT_LENGTH);
            let found = found.map(|value| value.to_str().unwrap());
            assert_eq!(found, length, "{method} {body:?}");
        }
    }

    #[test]
    fn what_is_no_text_is_taken_away() {
        let mut headers = HeaderMap::new();
        headers.insert("x-odd", HeaderValue::from_bytes(b"caf\xe9").unwrap());
        headers.insert(
            "x-good",
            HeaderValue::from_bytes("café".as_bytes()).unwrap(),
        );
        remove_unfit(&mut headers);
        let names: Vec<_> = headers.keys().collect();
        assert_eq!(names, ["x-good"]);
    }

    #[test]
    fn a_searchable_response_is_complete_and_compressed_with_gzip_if_at_all() {
        let mut headers = HeaderMap::new();
        ask_for_searchable(&mut headers);
        assert!(headers.is_empty());
        for encoding in ["gzip", "br"] {
            headers.append(ACCEPT_ENCODING, HeaderValue::from_static(encoding));
        }
        headers.insert(RANGE, HeaderValue::from_static("bytes=0-3"));
        ask_for_searchable(&mut headers);
        let encodings: Vec<_> = headers.get_all(ACCEPT_ENCODING).iter().collect();
        assert_eq!(encodings, ["gzip"]);
        assert!(!headers.contains_key(RANGE));
    }
}
