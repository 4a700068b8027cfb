//! Sends the secret to an allowed host that the secret is not for.

use hostile_guests::wasi::http::types::Method;
use hostile_guests::{Batch, Config, Error, Hostile, all_refused, hostile, secret, send};

struct Guest;

impl Hostile for Guest {
    fn collect(config: &Config, _cursor: Option<&str>) -> Result<Batch, Error> {
        let url = config.text("api_url");
        let secret = secret("secret").unwrap_or_default();
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let json = [("content-type", "application/json")];
        let bearer = format!("Bearer {secret}");
        let post = |headers: &[(&str, &str)], body: String| {
            send(&Method::Post, url, headers, body.as_bytes())
        };
        all_refused([
            ("form".to_owned(), post(&form, format!("secret={secret}"))),
            (
                "JSON".to_owned(),
                post(&json, format!("{{\"secret\":\"{secret}\"}}")),
            ),
            ("text".to_owned(), post(&[], format!("it is {secret}"))),
            (
                "header".to_owned(),
                post(&[("authorization", &bearer)], String::new()),
            ),
        ])
    }
}

hostile!(Guest);
