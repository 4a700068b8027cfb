//! Any intake that accepts events by POST: `to = "http"`.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use url::Url;

use crate::config::destination::address;
use crate::config::destination::headers::{self, Header, HeaderText};
use crate::config::destination::request::RequestTimeouts;
use crate::config::problem::{Problem, read};
use crate::config::values::{self, Retry};

/// The keys of `to = "http"`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Http {
    #[serde(deserialize_with = "address::deserialize")]
    pub url: Url,
    /// Whether events may leave this machine without TLS; no header is a secret then.
    #[serde(default)]
    pub allow_plain_http: bool,
    /// The form of a body.
    #[serde(default)]
    pub format: BodyFormat,
    /// Headers of every request, each name once; they replace those that the host would set.
    #[serde(default, deserialize_with = "headers::deserialize")]
    pub headers: Vec<Header>,
    /// Whether bodies are compressed.
    #[serde(default)]
    pub gzip: bool,
    /// The events of one request.
    #[serde(
        default = "batch_events",
        deserialize_with = "values::up_to::<_, 10_000>"
    )]
    pub batch_events: usize,
    /// The bytes of one request's body before it is compressed; a larger event is sent alone.
    #[serde(
        default = "batch_bytes",
        deserialize_with = "values::up_to::<_, { 100 << 20 }>"
    )]
    pub batch_bytes: usize,
    /// A PEM file of certificate authorities to trust besides the system's.
    #[serde(default, deserialize_with = "values::path")]
    pub ca_file: Option<PathBuf>,
    #[serde(default)]
    pub timeouts: RequestTimeouts,
    #[serde(default)]
    pub retry: Retry,
}

/// The form of a body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum BodyFormat {
    /// One event a line: `application/x-ndjson`.
    #[default]
    Ndjson,
    /// One JSON array: `application/json`.
    Array,
}

/// Shows no query of the URL, which is as good as a secret at some intakes.
impl fmt::Debug for Http {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Http")
            .field("origin", &self.url.origin().ascii_serialization())
            .field("path", &self.url.path())
            .field("headers", &self.headers)
            .finish_non_exhaustive()
    }
}

impl Http {
    pub(super) fn read(
        key: &str,
        table: toml::Table,
        folder: &Path,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        let mut http: Self = read(key, table, problems)?;
        http.check(key, problems);
        http.ca_file = http.ca_file.map(|path| folder.join(path));
        for header in &mut http.headers {
            if let HeaderText::Secret { secret, .. } = &mut header.text {
                secret.set_place(format!("{key}.headers.{}", header.name), folder);
            }
        }
        Some(http)
    }

    fn check(&self, key: &str, problems: &mut Vec<Problem>) {
        self.retry.check(key, problems);
        let is_secret = |header: &Header| matches!(header.text, HeaderText::Secret { .. });
        let has_secret = self.headers.iter().any(is_secret);
        if has_secret && self.allow_plain_http {
            problems.push(Problem::new(
                format!("{key}.allow_plain_http"),
                "would send a header that holds a secret without TLS: remove this key and write https://, or remove \
                 the header",
            ));
        } else if has_secret {
            address::check_secret(&format!("{key}.url"), &self.url, problems);
        } else if !self.allow_plain_http && address::is_unprotected(&self.url) {
            problems.push(Problem::new(
                format!("{key}.url"),
                "would send events, which name persons and machines, without TLS: write https:// instead of http://; \
                 if nobody else can read what is sent over that network, allow_plain_http = true allows it",
            ));
        }
    }
}

fn batch_events() -> usize {
    500
}

fn batch_bytes() -> usize {
    1 << 20
}
