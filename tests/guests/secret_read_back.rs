//! Lets the server keep the secret, asks for it back without it, and tells what came.

use hostile_guests::wasi::http::types::Method;
use hostile_guests::{Batch, Config, Error, Hostile, batch, event, hostile, secret, send};

struct Guest;

impl Hostile for Guest {
    fn collect(config: &Config, _cursor: Option<&str>) -> Result<Batch, Error> {
        let secret = secret("secret").unwrap_or_default();
        let url = config.text("token_url");
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let kept = format!("note={secret}");
        send(&Method::Post, url, &form, kept.as_bytes())
            .map_err(|refused| refused.error("keep"))?;
        // A part of the answer would not hold the whole of the secret, and a compressed one not show it.
        let headers = [("range", "bytes=20-"), ("accept-encoding", "br, gzip")];
        let back =
            send(&Method::Get, url, &headers, b"").map_err(|refused| refused.error("read back"))?;
        Ok(batch(vec![event(&String::from_utf8_lossy(&back.body))]))
    }
}

hostile!(Guest);
