use super::*;
use crate::bindings::inventory::connector::types::Error;
use crate::config::Config;
use crate::http::Response;

fn answer(status: u16, body: &str) -> Response {
    Response {
        status,
        body: body.into(),
        date: None,
        retry_after: Some(7),
        duration: std::time::Duration::ZERO,
    }
}

fn outcome(status: u16, body: &str) -> Result<u64, Error> {
    let config = Config::parse(r#"{"client_id": "c"}"#).unwrap();
    read(&config, &answer(status, body)).map(|(_, life)| life.as_secs())
}

#[test]
fn a_token_lives_as_long_as_the_answer_says() {
    assert_eq!(
        outcome(200, r#"{"access_token": "t", "expires_in": 60}"#).unwrap(),
        60
    );
    assert_eq!(
        outcome(200, r#"{"access_token": "t", "errorCode": "success"}"#).unwrap(),
        3600
    );
}

#[test]
fn the_code_says_why_a_credential_is_refused() {
    for (status, code, words) in [
        (401, "oauth.invalid_client_secret", "client secret is wrong"),
        (
            401,
            "oauth.client_app_does_not_exist",
            "client ID is unknown",
        ),
        (400, "oauth.client_disabled", "expired or was disabled"),
        (403, "anything.else", "refused"),
        (200, "oauth.invalid_client_secret", "client secret is wrong"),
    ] {
        let body =
            format!(r#"{{"errorCode": "{code}", "message": "m", "trackingId": "tracking-1"}}"#);
        let Error::Unauthorized(failure) = outcome(status, &body).unwrap_err() else {
            panic!("{code}");
        };
        assert!(failure.message.contains(words), "{}", failure.message);
        assert!(failure.message.contains("API Credentials Management"));
        assert_eq!(failure.correlation_id.as_deref(), Some("tracking-1"));
    }
}

#[test]
fn a_response_without_a_valid_token_is_never_passed_on() {
    for body in [
        "",
        "<html>",
        "{}",
        r#"{"access_token": ""}"#,
        r#"{"access_token": "a\nb"}"#,
    ] {
        assert!(
            matches!(outcome(200, body), Err(Error::Protocol(_))),
            "{body}"
        );
    }
    let echoed = outcome(401, r#"{"errorCode": "the secret is hunter2!"}"#).unwrap_err();
    assert!(!format!("{echoed:?}").contains("hunter2"));
}

#[test]
fn a_busy_token_endpoint_does_not_refuse_the_credential() {
    let Error::RateLimited(delay) = outcome(429, "").unwrap_err() else {
        panic!("429");
    };
    assert_eq!(delay.retry_after, Some(7));
    assert!(matches!(outcome(503, ""), Err(Error::Unavailable(_))));
    assert!(matches!(outcome(302, ""), Err(Error::Protocol(_))));
}
