//! The URL of a destination: without a secret in it, and with TLS.
//!
//! Events name persons and machines, and headers may hold keys that the configuration does not call secrets. None of
//! that leaves this machine without TLS, unless the operator allows it.

use serde::de::{Deserialize, Deserializer, Error};
use url::Url;

use crate::config::problem::Problem;
use crate::network::addresses::is_loopback;

/// Deserializes a URL. Messages do not repeat it: what is wrong with it may be a secret.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Url, D::Error> {
    parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
}

fn parse(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| {
        format!("is not a valid URL ({error}): write one such as https://intake.example.com/events")
    })?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("must begin with https://, or with http:// for this machine".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(
            "contains a user name or a password: remove them from this file, and name their source in \
             `headers`, such as headers = { authorization = { env = \"AUTHORIZATION\" } }"
                .to_owned(),
        );
    }
    if url.fragment().is_some() {
        return Err("has a part after `#`, which is never sent: remove it".to_owned());
    }
    Ok(url)
}

/// Returns whether others on the network can read what is sent to a URL.
pub(super) fn is_unprotected(url: &Url) -> bool {
    url.scheme() == "http" && !is_loopback(url)
}

/// Refuses to send a secret without TLS.
pub(super) fn check_secret(key: &str, url: &Url, problems: &mut Vec<Problem>) {
    if is_unprotected(url) {
        problems.push(Problem::new(
            key,
            "would send a secret without TLS: write https:// instead of http://, which is for this machine only",
        ));
    }
}
