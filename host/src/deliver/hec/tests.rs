//! What Splunk's collector is sent, and what its answers mean.

use std::time::Duration;

use http::{HeaderMap, StatusCode};

use super::*;

#[test]
fn each_event_is_in_an_envelope_with_its_time_in_seconds() {
    for (json, expected) in [
        (r#"{"time":1704610568}"#, r#"{"time":1704610568.0,"#),
        (r#"{"time":1704610568668}"#, r#"{"time":1704610568.668,"#),
        (r#"{"time":99999999999}"#, r#"{"time":99999999999.0,"#),
        (r#"{"time":100000000001}"#, r#"{"time":100000000.001,"#),
        (r#"{"time":-5}"#, r#"{"time":-5.0,"#),
        (r#"{"time":"x"}"#, "{"),
        ("{ }", "{"),
    ] {
        let event = Event {
            device: String::new(),
            json: json.to_owned(),
            fingerprint: 0,
        };
        let sent = String::from_utf8(body(&[event]).unwrap()).unwrap();
        let rest = r#""source":"asset-host","sourcetype":"ocsf:device_inventory_info","event":"#;
        assert_eq!(sent, format!("{expected}{rest}{json}}}\n"));
    }
}

fn verdict(status: u16, body: &str) -> Verdict {
    let reply = Reply {
        status: StatusCode::from_u16(status).unwrap(),
        headers: HeaderMap::new(),
        body: body.into(),
        is_cut_off: false,
    };
    judge(&reply, 10, SystemTime::UNIX_EPOCH)
}

#[test]
fn codes_mean_what_splunk_means_by_them() {
    let of = |status, code: u16| verdict(status, &format!(r#"{{"text":"words","code":{code}}}"#));
    for code in [0, 24, 25] {
        assert_eq!(of(200, code), Verdict::Accepted, "{code}");
    }
    for (status, code, part) in [
        (403, 1, "token is right"),
        (401, 2, "prefix = \"Splunk \""),
        (401, 3, "prefix = \"Splunk \""),
        (403, 4, "token is right"),
        (400, 7, "index"),
        (400, 10, "turn off indexer acknowledgment"),
        (400, 11, "turn off indexer acknowledgment"),
        (400, 14, "turn off indexer acknowledgment"),
        (404, 404, "right address"),
    ] {
        let Verdict::Failed(advice) = of(status, code) else {
            panic!("{code}");
        };
        assert!(advice.contains(part), "{code}: {advice}");
    }
    for (status, code) in [(503, 9), (200, 9), (500, 8), (503, 18), (503, 23)] {
        let retry = Verdict::Retry(RetryCause::Unavailable(None));
        assert_eq!(of(status, code), retry, "{code}");
    }
    for code in [26, 27] {
        let retry = RetryCause::RateLimited(Some(Duration::from_secs(60)));
        assert_eq!(of(429, code), Verdict::Retry(retry), "{code}");
    }
    for code in [5, 6, 12, 13, 15] {
        assert_eq!(of(400, code), Verdict::Refused, "{code}");
    }
}

#[test]
fn the_number_of_the_invalid_event_is_read_where_it_counts_from_0() {
    let of = |code: u16, number: &str| {
        let body = format!(r#"{{"text":"t","code":{code},"invalid-event-number":{number}}}"#);
        verdict(400, &body)
    };
    for number in [0, 4, 9] {
        let Verdict::Each(items) = of(6, &number.to_string()) else {
            panic!("{number}");
        };
        assert_eq!(items.len(), 10);
        for (index, item) in items.into_iter().enumerate() {
            let expected = match index.cmp(&number) {
                Ordering::Less => Verdict::Accepted,
                Ordering::Equal => Verdict::Refused,
                Ordering::Greater => Verdict::Retry(RetryCause::Expired),
            };
            assert_eq!(item.verdict, expected, "{number} {index}");
        }
    }
    for (code, number) in [(6, "10"), (6, "null"), (6, "-1"), (12, "3")] {
        assert_eq!(of(code, number), Verdict::Refused, "{code} {number}");
    }
}

#[test]
fn a_success_without_the_code_of_a_success_confirms_nothing() {
    for body in [
        "",
        "ok",
        "{}",
        r#"{"text":"Success"}"#,
        r#"{"code":"0"}"#,
        r#"{"text":"HEC is healthy","code":17}"#,
        r#"{"text":"Success","code":0"#,
        "<html>",
    ] {
        let verdict = verdict(200, body);
        assert!(
            matches!(verdict, Verdict::Incomplete(_)),
            "{body}: {verdict:?}"
        );
    }
}
