//! Fills the bodies of requests with the secret's placeholder, so that they are many times as large with its value.

use hostile_guests::wasi::http::types::Method;
use hostile_guests::{Batch, Config, Error, Hostile, all_refused, hostile, secret, send};

/// The maximum size of a body.
const BODY: usize = 1 << 20;

struct Guest;

impl Hostile for Guest {
    fn collect(config: &Config, _cursor: Option<&str>) -> Result<Batch, Error> {
        let secret = secret("secret").unwrap_or_default();
        let many = secret.repeat((BODY - 4) / secret.len().max(1));
        let url = config.text("token_url");
        all_refused(
            [
                ("application/x-www-form-urlencoded", format!("s={many}")),
                ("application/json", format!("[\"{many}\"]")),
            ]
            .map(|(content_type, body)| {
                let headers = [("content-type", content_type)];
                let sent = send(&Method::Post, url, &headers, body.as_bytes());
                (content_type.to_owned(), sent)
            }),
        )
    }
}

hostile!(Guest);
