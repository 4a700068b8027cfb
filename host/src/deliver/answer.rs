//! What an answer means for the events that were sent: pure functions of the answer.
//!
//! An intake may answer 200 and tell in the body that it did not take everything. Such a body is not always
//! recognised, as there is no standard for it; these are the forms of those in use.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, StatusCode, header};
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// How long to wait after a 429 that does not say it.
const PAUSE: Duration = Duration::from_secs(60);

/// Fields that count what was taken.
const TAKEN: [&str; 4] = ["accepted", "ingested", "processed", "received"];

/// Fields that count what was not.
const NOT_TAKEN: [&str; 4] = ["rejected", "failed", "dropped", "invalid"];

/// Words for `status` and `result` that mean that it failed, at least for a part.
const FAILED: [&str; 5] = ["error", "failed", "failure", "partial", "rejected"];

/// What an answer means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// All of the events were taken.
    Accepted,
    /// The answer says that they were taken, and its body that not all were; holds what in the body says so.
    Incomplete(String),
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

/// Tells what an answer to a request with `sent` events means.
pub(super) fn judge(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    sent: usize,
    now: SystemTime,
) -> Verdict {
    match status {
        status if status.is_success() && is_web_page(headers, body) => Verdict::Incomplete(
            "its body is an HTML page: a proxy or a login page seems to answer in its place"
                .to_owned(),
        ),
        status if status.is_success() => match complaint(body, sent) {
            Some(complaint) => Verdict::Incomplete(complaint),
            None => Verdict::Accepted,
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
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
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

/// What in the body of an answer of success says that not all of the `sent` events were taken, if anything
/// does. A body that is not JSON says nothing.
fn complaint(body: &[u8], sent: usize) -> Option<String> {
    // Some answer with one object for each event.
    if let Some(complaint) = items(body)
        .iter()
        .filter_map(Value::as_object)
        .find_map(failure)
    {
        return Some(complaint);
    }
    let fields = fields(body);
    failure(&fields).or_else(|| incomplete(&fields, sent as u64))
}

/// What in an object says that something failed.
fn failure(fields: &Map<String, Value>) -> Option<String> {
    for name in ["error", "errors", "failures"] {
        if fields.get(name).is_some_and(tells_something) {
            return Some(format!("`{name}` is there"));
        }
    }
    for name in ["success", "ok"] {
        if fields.get(name) == Some(&Value::Bool(false)) {
            return Some(format!("`{name}` is false"));
        }
    }
    for name in ["status", "result"] {
        let failed = match fields.get(name) {
            Some(Value::String(word)) => FAILED
                .into_iter()
                .find(|failed| word.eq_ignore_ascii_case(failed))
                .map(str::to_owned),
            Some(Value::Number(number)) => number
                .as_u64()
                .filter(|number| (400..600).contains(number))
                .map(|number| number.to_string()),
            _ => None,
        };
        if let Some(failed) = failed {
            return Some(format!("`{name}` is {failed}"));
        }
    }
    // Splunk's HTTP event collector.
    let code = fields.get("code").and_then(Value::as_i64)?;
    (code != 0 && fields.get("text").is_some_and(Value::is_string))
        .then(|| format!("`code` is {code}"))
}

/// What in an object counts fewer events than were sent.
fn incomplete(fields: &Map<String, Value>, sent: u64) -> Option<String> {
    let count = |name: &str| fields.get(name).and_then(Value::as_u64);
    let taken = TAKEN.into_iter().find_map(|name| {
        let count = count(name).filter(|count| *count < sent)?;
        Some(format!("`{name}` is {count} of {sent}"))
    });
    taken.or_else(|| {
        NOT_TAKEN.into_iter().find_map(|name| {
            let count = count(name).filter(|count| *count > 0)?;
            Some(format!("`{name}` is {count}"))
        })
    })
}

/// Whether the value of a field for errors is one.
fn tells_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
    }
}

/// The items of the JSON array in a body, as far as they can be read: the answer to a large batch may be cut
/// off. No items where there is no array.
fn items(body: &[u8]) -> Vec<Value> {
    struct Items<'a>(&'a mut Vec<Value>);

    impl<'de> Visitor<'de> for Items<'_> {
        type Value = ();

        fn expecting(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
            formatter.write_str("an array")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
            while let Some(item) = access.next_element()? {
                self.0.push(item);
            }
            Ok(())
        }
    }

    let mut items = Vec::new();
    // What could be read until an error is what is wanted.
    let _ = serde_json::Deserializer::from_slice(body).deserialize_seq(Items(&mut items));
    items
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
            10,
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

    #[test]
    fn a_body_may_say_that_not_all_was_taken() {
        for (body, complains) in [
            ("", false),
            ("ok", false),
            ("null", false),
            ("[]", false),
            ("{}", false),
            ("<html>error</html>", false),
            (r#"{"errors":false}"#, false),
            (r#"{"errors":[]}"#, false),
            (r#"{"errors":0}"#, false),
            (r#"{"errors":true}"#, true),
            (r#"{"errors":1}"#, true),
            (r#"{"errors":["bad"]}"#, true),
            (r#"{"took":3,"errors":true,"items":[{"index":{"sta"#, true),
            (r#"{"took":3,"errors":false,"items":[{"index":{"sta"#, false),
            (r#"{"error":null}"#, false),
            (r#"{"error":false}"#, false),
            (r#"{"error":""}"#, false),
            (r#"{"error":{}}"#, false),
            (r#"{"error":"bad"}"#, true),
            (r#"{"error":{"type":"bad"}}"#, true),
            (r#"{"failures":[{"error":"bad"}]}"#, true),
            (r#"{"success":true}"#, false),
            (r#"{"success":false}"#, true),
            (r#"{"ok":false}"#, true),
            (r#"{"status":"ok"}"#, false),
            (r#"{"status":"PENDING"}"#, false),
            (r#"{"status":200}"#, false),
            (r#"{"status":"Error"}"#, true),
            (r#"{"status":"FAILED"}"#, true),
            (r#"{"status":"failure"}"#, true),
            (r#"{"status":400}"#, true),
            (r#"{"result":"partial"}"#, true),
            (r#"{"text":"Success","code":0}"#, false),
            (r#"{"text":"Server is busy","code":9}"#, true),
            (r#"{"code":9}"#, false),
            (r#"{"accepted":10}"#, false),
            (r#"{"accepted":11}"#, false),
            (r#"{"accepted":5}"#, true),
            (r#"{"accepted":0}"#, true),
            (r#"{"accepted":true}"#, false),
            (r#"{"received":9}"#, true),
            (r#"{"ingested":9,"failed":1}"#, true),
            (r#"{"ingested":10,"failed":0}"#, false),
            (r#"{"processed":9}"#, true),
            (r#"{"count":1}"#, false),
            (r#"{"rejected":1}"#, true),
            (r#"{"dropped":1}"#, true),
            (r#"{"task_id":"t-1"}"#, false),
            (r#"[{"status":202},{"status":202}]"#, false),
            (r#"[{"status":202},{"status":400,"error":"bad"}]"#, true),
            (r#"["ok",{"status":400},null,7]"#, true),
            (r#"["error",null,[],7,{"status":202}]"#, false),
            (r#"[{"status":202},{"status":400},{"sta"#, true),
            (r#"[{"status":202},{"status":202},{"sta"#, false),
            (r#"[{"status":400}"#, true),
        ] {
            let found = complaint(body.as_bytes(), 10);
            assert_eq!(found.is_some(), complains, "{body}: {found:?}");
        }
    }

    proptest! {
        #[test]
        fn any_body_is_judged(body in prop::collection::vec(any::<u8>(), 0..100), sent in 0_usize..10) {
            let _ = complaint(&body, sent);
        }

        #[test]
        fn an_array_that_is_cut_off_tells_of_every_whole_item(
            before in 0_usize..20,
            after in 0_usize..20,
            end in any::<prop::sample::Index>(),
        ) {
            let item = |status: u16| serde_json::json!({ "status": status });
            let statuses = std::iter::repeat_n(202, before).chain([422]).chain(std::iter::repeat_n(202, after));
            let body = Value::Array(statuses.map(item).collect()).to_string();
            let told = body.find("422}").unwrap() + 4;
            let end = told + end.index(body.len() - told + 1);
            prop_assert!(complaint(&body.as_bytes()[..end], before + 1 + after).is_some());
        }

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
