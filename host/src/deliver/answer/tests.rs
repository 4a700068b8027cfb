//! What each status, header and body means, and which error codes are kept.

use proptest::prelude::*;

use super::*;

fn reply(status: u16, headers: &[(&'static str, &str)], body: &str) -> Reply {
    Reply {
        status: StatusCode::from_u16(status).unwrap(),
        headers: headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect(),
        body: body.into(),
        is_cut_off: false,
    }
}

fn judge(reply: &Reply) -> Verdict {
    reply.judge(
        10,
        SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777),
    )
}

#[test]
fn every_status_has_its_meaning() {
    let unavailable = || Verdict::Retry(RetryCause::Unavailable(None));
    for (status, verdict) in [
        (200, Verdict::Accepted),
        (202, Verdict::Accepted),
        (204, Verdict::Accepted),
        (400, Verdict::Refused),
        (408, unavailable()),
        (413, Verdict::Refused),
        (422, Verdict::Refused),
        (429, Verdict::Retry(RetryCause::RateLimited(Some(PAUSE)))),
        (500, unavailable()),
        (503, unavailable()),
        (599, unavailable()),
    ] {
        assert_eq!(judge(&reply(status, &[], "")), verdict, "{status}");
    }
    for status in [301, 304, 307, 401, 403, 404, 405, 409, 415, 451] {
        let expected = Verdict::Failed(advice(StatusCode::from_u16(status).unwrap()));
        assert_eq!(judge(&reply(status, &[], "")), expected, "{status}");
    }
}

#[test]
fn a_success_answer_with_a_complaint_a_web_page_or_too_long_a_body_confirms_nothing() {
    let cut_off = Reply {
        is_cut_off: true,
        ..reply(200, &[], "{}")
    };
    for (reply, part) in [
        (
            reply(200, &[], r#"{"accepted":9}"#),
            "`accepted` is 9 of 10",
        ),
        (reply(200, &[], " <!DOCTYPE HTML>"), "HTML page"),
        (
            reply(200, &[("content-type", "text/html")], "Hello"),
            "HTML page",
        ),
        (cut_off, "more than 8 MiB"),
    ] {
        let Verdict::Incomplete(why) = judge(&reply) else {
            panic!("{part}");
        };
        assert!(why.contains(part), "{why}");
    }
}

#[test]
fn a_time_to_come_back_is_seconds_or_a_date() {
    for (headers, seconds) in [
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
        let expected = RetryCause::RateLimited(Some(Duration::from_secs(seconds)));
        assert_eq!(
            judge(&reply(429, headers, "")),
            Verdict::Retry(expected),
            "{headers:?}"
        );
    }
    let expected = RetryCause::Unavailable(Some(Duration::from_secs(7)));
    let verdict = judge(&reply(503, &[("retry-after", "7")], ""));
    assert_eq!(verdict, Verdict::Retry(expected));
}

#[test]
fn the_reason_is_the_status_and_the_error_code_and_no_other_word_of_the_answer() {
    let long = format!(r#"{{"code":"{}"}}"#, "E".repeat(MAX_CODE + 1));
    for (body, code) in [
        ("", None),
        ("<html>Forbidden</html>", None),
        ("{}", None),
        (r#"{"message":"No right."}"#, None),
        (r#"{"code":"E403","message":"No right."}"#, Some("E403")),
        (r#"{"code":7,"text":"Incorrect index"}"#, Some("7")),
        (r#"{"code":"a b"}"#, None),
        (r#"{"code":"\u001b[31m"}"#, None),
        (r#"{"code":""}"#, None),
        (r#"{"code":null,"error":true}"#, None),
        (r#"{"code":{"code":1}}"#, None),
        (&long, None),
        (r#"{"error":"source_closed"}"#, Some("source_closed")),
        (r#"{"error":{"code":"E1","message":"Bad"}}"#, Some("E1")),
        (
            r#"{"error":{"type":"mapper_parsing_exception","reason":"Bad"},"status":400}"#,
            Some("mapper_parsing_exception"),
        ),
    ] {
        let expected = match code {
            Some(code) => format!("403 Forbidden ({code})"),
            None => "403 Forbidden".to_owned(),
        };
        assert_eq!(reply(403, &[], body).reason(&[], &[]), expected, "{body}");
    }
}

proptest! {
    #[test]
    fn an_error_code_repeats_no_part_of_an_event_and_no_secret(
        host in "[a-z0-9-]{8}",
        secret in "[A-Za-z0-9_-]{4,20}",
        start in 0_usize..4,
        length in 4_usize..=4,
        around in "[a-z.]{0,5}",
    ) {
        let event = Event {
            device: String::new(),
            json: format!("{{\"hostname\":\"EXAMPLE-{host}\"}}"),
            fingerprint: 0,
        };
        let secrets = [SecretString::from(secret.clone())];
        for code in [
            host[start..start + length].to_uppercase(),
            format!("example-{host}"),
            secret.clone(),
            format!("{around}{secret}"),
        ] {
            prop_assert!(!may_be_kept(&code, std::slice::from_ref(&event), &secrets), "{}", code);
        }
    }
}
