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
mod tests;
