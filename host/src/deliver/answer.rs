//! What an answer means for the events that were sent: pure functions of the answer.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, StatusCode, header};
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};

use crate::deliver::received::Completeness;

/// How long to wait after a 429 that does not say it.
const PAUSE: Duration = Duration::from_secs(60);

/// What an answer means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// All of the events were taken.
    Accepted,
    /// The answer says that they were taken, and its body that not all were; holds what in the body says so.
    Incomplete(String),
    /// The answer says that the events were taken, and its body is too long to see whether all were.
    TooLong,
    /// These events are refused; others may be taken.
    Refused,
    /// To come back after this time.
    RateLimited(Duration),
    /// To come back later, not before this time if there is one.
    Unavailable(Option<Duration>),
    /// To go somewhere else.
    Redirected,
    /// This request is refused, and so would be any other.
    Denied,
}

/// Returns what an answer means; `body` is the beginning of its body.
pub(super) fn judge(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    completeness: Completeness,
    now: SystemTime,
) -> Verdict {
    match status {
        status if status.is_success() && is_web_page(headers, body) => Verdict::Incomplete(
            "its body is an HTML page: a proxy or a login page seems to answer in its place"
                .to_owned(),
        ),
        status if status.is_success() => match completeness {
            Completeness::Complete => Verdict::Accepted,
            Completeness::Incomplete(complaint) => Verdict::Incomplete(complaint),
            Completeness::Unknown => Verdict::TooLong,
        },
        StatusCode::TOO_MANY_REQUESTS => {
            Verdict::RateLimited(retry_after(headers, now).unwrap_or(PAUSE))
        }
        StatusCode::REQUEST_TIMEOUT => Verdict::Unavailable(retry_after(headers, now)),
        status if status.is_server_error() => Verdict::Unavailable(retry_after(headers, now)),
        StatusCode::BAD_REQUEST
        | StatusCode::PAYLOAD_TOO_LARGE
        | StatusCode::UNPROCESSABLE_ENTITY => Verdict::Refused,
        status if status.is_redirection() => Verdict::Redirected,
        _ => Verdict::Denied,
    }
}

/// How long `Retry-After` asks to wait: seconds, or a date, which is compared with the answer's own `Date`
/// where there is one. None where there is none that can be read.
pub(super) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name| headers.get(name)?.to_str().ok().map(str::trim);
    let date = |name| httpdate::parse_http_date(text(name)?).ok();
    let asked = text(header::RETRY_AFTER)?;
    if !asked.is_empty() && asked.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number that is too large is a long time.
        return Some(Duration::from_secs(asked.parse().unwrap_or(u64::MAX)));
    }
    let until = date(header::RETRY_AFTER)?;
    Some(
        until
            .duration_since(date(header::DATE).unwrap_or(now))
            .unwrap_or_default(),
    )
}

/// Whether an answer is for a browser, which no intake's is.
fn is_web_page(headers: &HeaderMap, body: &[u8]) -> bool {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let beginning = body.trim_ascii_start();
    let begins = |tag: &str| {
        beginning
            .get(..tag.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(tag.as_bytes()))
    };
    (kind.is_some_and(|kind| kind.trim_start().starts_with("text/html")) && !beginning.is_empty())
        || begins("<!doctype html")
        || begins("<html")
}

/// The fields of the JSON object in a body, as far as it can be read: the answer to a large batch may be cut
/// off, and what it comes to stands at its beginning. No fields where there is no object.
pub(super) fn fields(body: &[u8]) -> Map<String, Value> {
    struct Fields<'a>(&'a mut Map<String, Value>);

    impl<'de> Visitor<'de> for Fields<'_> {
        type Value = ();

        fn expecting(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
            formatter.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
            while let Some((name, value)) = access.next_entry()? {
                self.0.insert(name, value);
            }
            Ok(())
        }
    }

    let mut fields = Map::new();
    // What could be read until an error is what is wanted.
    let _ = serde_json::Deserializer::from_slice(body).deserialize_map(Fields(&mut fields));
    fields
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect()
    }

    fn judge_status(status: u16, pairs: &[(&'static str, &str)]) -> Verdict {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        judge(
            StatusCode::from_u16(status).unwrap(),
            &headers(pairs),
            b"",
            Completeness::Complete,
            now,
        )
    }

    #[test]
    fn every_status_has_its_meaning() {
        for (status, verdict) in [
            (200, Verdict::Accepted),
            (202, Verdict::Accepted),
            (204, Verdict::Accepted),
            (301, Verdict::Redirected),
            (304, Verdict::Redirected),
            (307, Verdict::Redirected),
            (400, Verdict::Refused),
            (401, Verdict::Denied),
            (403, Verdict::Denied),
            (404, Verdict::Denied),
            (405, Verdict::Denied),
            (408, Verdict::Unavailable(None)),
            (409, Verdict::Denied),
            (413, Verdict::Refused),
            (415, Verdict::Denied),
            (422, Verdict::Refused),
            (429, Verdict::RateLimited(PAUSE)),
            (451, Verdict::Denied),
            (500, Verdict::Unavailable(None)),
            (503, Verdict::Unavailable(None)),
            (599, Verdict::Unavailable(None)),
        ] {
            assert_eq!(judge_status(status, &[]), verdict, "{status}");
        }
    }

    #[test]
    fn a_time_to_come_back_is_seconds_or_a_date() {
        for (pairs, seconds) in [
            (&[("retry-after", "0")][..], 0),
            (&[("retry-after", " 7 ")], 7),
            (&[("retry-after", "99999999999999999999999")], u64::MAX),
            (&[("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT")], 0),
            (&[("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT")], 30),
            (&[("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT")], 0),
            (
                &[
                    ("retry-after", "Fri, 31 Jan 2020 08:00:30 GMT"),
                    ("date", "Fri, 31 Jan 2020 08:00:00 GMT"),
                ],
                30,
            ),
            (&[("retry-after", "")], 60),
            (&[("retry-after", "soon")], 60),
            (&[("retry-after", "-1")], 60),
            (&[("retry-after", "1.5")], 60),
        ] {
            assert_eq!(
                judge_status(429, pairs),
                Verdict::RateLimited(Duration::from_secs(seconds)),
                "{pairs:?}"
            );
        }
        let verdict = judge_status(503, &[("retry-after", "7")]);
        assert_eq!(verdict, Verdict::Unavailable(Some(Duration::from_secs(7))));
    }

    proptest! {
        #[test]
        fn a_body_that_is_cut_off_keeps_the_fields_before(end in 0_usize..40) {
            let body = r#"{"first":1,"second":{"a":[1,2,3]},"third":""}"#;
            let all = fields(body.as_bytes());
            let some = fields(&body.as_bytes()[..end]);
            prop_assert!(some.len() <= all.len());
            for (name, value) in some {
                // A number that the cut made shorter cannot be told from a whole one.
                prop_assert!(all[&name] == value);
            }
        }
    }
}
