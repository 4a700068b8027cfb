//! Access tokens: `POST https://id.sophos.com/api/v2/oauth2/token`, OAuth 2 client credentials.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;

use crate::bindings::inventory::connector::{
    secrets,
    types::{Error, Failure, FieldError},
};
use crate::config::Config;
use crate::http::{self, Response};
use crate::sophos::confidential;
use crate::sophos::errors::{
    CREDENTIALS_PAGE, Clues, PARENTS_CREDENTIALS_PAGE, failure, origin, refused, unanswered,
};

/// The name of the secret in the manifest.
pub(crate) const CLIENT_SECRET: &str = "client_secret";

/// The life of a token if the response does not say.
const USUAL_LIFE: u64 = 3600;

/// An access token, never shown.
#[derive(Clone)]
pub(crate) struct Token(String);

impl Token {
    /// Keeps a new token, which no message repeats from now on.
    fn new(text: String) -> Self {
        confidential::remember(&text);
        Self(text)
    }

    /// Returns the value of the `Authorization` header.
    pub(crate) fn authorization(&self) -> String {
        format!("Bearer {}", self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[derive(Deserialize)]
struct TokenBody {
    access_token: String,
    expires_in: Option<u64>,
}

/// Requests a token; returns it with its life.
pub(crate) fn request(config: &Config) -> Result<(Token, Duration), Error> {
    let Some(secret) = secrets::get(CLIENT_SECRET) else {
        return Err(Error::InvalidConfig(vec![FieldError {
            field: String::new(),
            message: format!("the secret `{CLIENT_SECRET}` is not set"),
        }]));
    };
    confidential::remember(&secret);
    let url = &config.token_url;
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", config.client_id.as_str()),
        ("client_secret", secret.as_str()),
        ("scope", "token"),
    ];
    let answer = http::post_form(url, &form).map_err(|error| unanswered(url, error))?;
    read(config, &answer)
}

fn read(config: &Config, answer: &Response) -> Result<(Token, Duration), Error> {
    let clues = Clues::of(answer);
    let refused_code = clues
        .error_code
        .as_deref()
        .filter(|code| *code != "success");
    if matches!(answer.status, 400 | 401 | 403) || (answer.status == 200 && refused_code.is_some())
    {
        return Err(Error::Unauthorized(Failure {
            message: credentials_refused(&origin(&config.token_url), answer.status, refused_code),
            correlation_id: clues.correlation_id,
        }));
    }
    if answer.status != 200 {
        return Err(refused(&config.token_url, answer, "get an access token"));
    }
    let body: Option<TokenBody> = serde_json::from_slice(&answer.body).ok();
    // A header can only contain visible ASCII.
    match body.filter(|body| {
        body.access_token
            .bytes()
            .all(|byte| byte.is_ascii_graphic())
    }) {
        Some(body) if !body.access_token.is_empty() => {
            let life = Duration::from_secs(body.expires_in.unwrap_or(USUAL_LIFE));
            Ok((Token::new(body.access_token), life))
        }
        _ => Err(Error::Protocol(failure(format!(
            "{} responded with 200 without an access token. Check `token_url` in the configuration.",
            origin(&config.token_url)
        )))),
    }
}

/// Describes which of the two is wrong, as far as the error code says, and where to click.
fn credentials_refused(at: &str, status: u16, code: Option<&str>) -> String {
    let what = match code {
        Some("oauth.invalid_client_secret" | "customer.validation") => {
            "The client secret is wrong. It is shown only once, when the credential is made: if it is \
             lost, make a new credential"
        }
        Some("oauth.client_app_does_not_exist" | "oauth.invalid_client_id") => {
            "The client ID is unknown. Copy it again, or make a new credential if this one was deleted"
        }
        Some("oauth.client_disabled" | "oauth.client_expired") => {
            "The credential has expired or was disabled. Make a new one"
        }
        _ => {
            "The credential was refused: the client ID or the secret is wrong, or the credential has expired \
             or was deleted. Its expiry date is shown"
        }
    };
    let code = code.map(|code| format!(", {code}")).unwrap_or_default();
    // The owner of the credential is not known yet.
    format!(
        "{what}: {CREDENTIALS_PAGE}, or for a partner or an organization {PARENTS_CREDENTIALS_PAGE}. ({at} \
         responded with {status}{code}.)"
    )
}

#[cfg(test)]
mod tests {
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
}
