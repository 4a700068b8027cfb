//! `POST /api/v2/oauth2/token`: client credentials for an access token.

use serde_json::{Value, json};

use crate::answer::Refusal;
use crate::options::Options;
use crate::request::Request;

/// Judges the form; `Ok` means that a token is due.
pub(crate) fn judge(options: &Options, request: &Request) -> Result<(), Refusal> {
    let form = request.header("content-type").is_some_and(|kind| {
        let kind = kind.split(';').next().unwrap_or_default();
        kind.trim()
            .eq_ignore_ascii_case("application/x-www-form-urlencoded")
    });
    let expected = |name: &str, value: &str| request.form(name).as_deref() == Some(value);
    // When the real route answers 400 is not published; a malformed request is what it should be for.
    if !form || !expected("grant_type", "client_credentials") || !expected("scope", "token") {
        return Err(refuse(400, "oauth.invalid_request", "Bad Request"));
    }
    if !expected("client_id", &options.client_id) {
        return Err(refuse(
            401,
            "oauth.client_app_does_not_exist",
            "Unauthorized",
        ));
    }
    if !expected("client_secret", &options.client_secret) {
        return Err(refuse(401, "oauth.invalid_client_secret", "Unauthorized"));
    }
    if options.credential_expired {
        return Err(refuse(401, "oauth.client_disabled", "Unauthorized"));
    }
    Ok(())
}

/// Returns the body that hands out `token`.
pub(crate) fn body(token: &str, expires_in: u32, refresh_token: &str, tracking_id: &str) -> Value {
    json!({
        "access_token": token,
        "errorCode": "success",
        "expires_in": expires_in,
        "message": "OK",
        "refresh_token": refresh_token,
        "token_type": "bearer",
        "trackingId": tracking_id,
    })
}

fn refuse(status: u16, code: &'static str, message: &'static str) -> Refusal {
    Refusal::Token {
        status,
        code,
        message,
    }
}
