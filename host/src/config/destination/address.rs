//! Where a destination is, as a URL that holds no secret, and whether it may be asked without TLS.
//!
//! Events name persons and machines, and headers may hold keys, also where the configuration does not call them
//! secrets. None of that goes beyond this very machine without TLS, unless the operator says so.

use url::Url;

use crate::config::Problem;
use crate::network::addresses::is_loopback;

/// Checks a URL. Messages do not repeat it: what is wrong with it may be a secret.
pub(super) fn check(key: &str, text: &str, problems: &mut Vec<Problem>) -> Option<Url> {
    match parse(text) {
        Ok(url) => Some(url),
        Err(message) => {
            problems.push(Problem::new(key, message));
            None
        }
    }
}

fn parse(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| {
        format!("is not a URL ({error}): write one like https://intake.example.com/events")
    })?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("must begin with https://, or with http:// for this very machine".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(
            "holds a user name or a password: take them out of this file, and name their source in \
             `headers`, such as headers = { authorization = { env = \"AUTHORIZATION\" } }"
                .to_owned(),
        );
    }
    if url.fragment().is_some() {
        return Err("has a part after `#`, which is never sent: remove it".to_owned());
    }
    Ok(url)
}

/// Whether others can read on their way what is sent to a URL.
pub(super) fn is_open(url: &Url) -> bool {
    url.scheme() == "http" && !is_loopback(url)
}

/// Refuses to send a secret where others can read it on its way.
pub(super) fn protects_secrets(key: &str, url: &Url, problems: &mut Vec<Problem>) {
    if is_open(url) {
        problems.push(Problem::new(
            key,
            "would send a secret without TLS: write https:// instead of http://, which is for this very \
             machine only",
        ));
    }
}
