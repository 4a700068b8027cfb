//! An intake that accepts events by POST: `to = "http"`.
//!
//! Events name persons and machines, and headers may hold keys that the configuration does not call secrets. None of
//! that leaves this machine without TLS, unless the operator allows it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use serde::de::{Deserializer, Error};
use url::Url;

use crate::config::destination::format::Format;
use crate::config::destination::headers::{self, Header, HeaderText};
use crate::config::destination::template::{self, SourceName};
use crate::config::problem::{Problem, read as read_table};
use crate::config::values::{self, Retry};
use crate::network::addresses::is_loopback;
use crate::network::timeouts::HttpTimeouts;
use crate::units::duration;

/// How events are sent to an intake: the keys of `to = "http"`, and what other destinations make of theirs.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HttpConfig {
    /// The URL, in whose path and query placeholders may stand.
    #[serde(deserialize_with = "url")]
    pub url: Url,
    /// Whether events may leave this machine without TLS. A secret never does.
    #[serde(default)]
    pub allow_plain_http: bool,
    /// The form of a body, and what confirms its events.
    #[serde(default)]
    pub format: Format,
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

/// `[account.NAME.deliver.timeouts]`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RequestTimeouts {
    /// For a TCP connection; TLS on it has as long again.
    #[serde(deserialize_with = "duration::positive")]
    pub connect: Duration,
    /// For a whole response, from the first byte of the request to the last of the response.
    #[serde(deserialize_with = "duration::positive")]
    pub answer: Duration,
}

impl Default for RequestTimeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            answer: Duration::from_secs(60),
        }
    }
}

impl From<RequestTimeouts> for HttpTimeouts {
    fn from(timeouts: RequestTimeouts) -> Self {
        Self {
            connect: timeouts.connect,
            tls: timeouts.connect,
            first_byte: Duration::MAX,
            between_bytes: Duration::MAX,
            request: timeouts.answer,
        }
    }
}

/// Shows the origin alone: the query is as good as a secret at some intakes.
impl fmt::Debug for HttpConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "Http({})",
            self.url.origin().ascii_serialization()
        )
    }
}

/// Reads the table `key` of a destination `to = "http"`.
pub(super) fn read(
    key: &str,
    table: toml::Table,
    folder: &Path,
    problems: &mut Vec<Problem>,
) -> Option<HttpConfig> {
    let http: HttpConfig = read_table(key, table, problems)?;
    Some(http.checked(key, "url", folder, problems))
}

impl HttpConfig {
    /// Returns whether each source may have a URL or headers of its own.
    pub(crate) fn has_placeholders(&self) -> bool {
        let is_plain = |header: &Header| match &header.text {
            HeaderText::Plain(value) => !value.as_bytes().iter().any(|byte| b"{}".contains(byte)),
            HeaderText::Secret { .. } => true,
        };
        with_braces(&self.url).contains(['{', '}']) || !self.headers.iter().all(is_plain)
    }

    /// Returns the URL for the events of a source.
    pub(crate) fn url(&self, source: &SourceName<'_>) -> Url {
        let url = template::encoded(&with_braces(&self.url), source);
        Url::parse(&url).unwrap_or_else(|_| self.url.clone())
    }

    /// Makes paths relative to `folder`, and checks what concerns several keys of the table `key`, which gives the
    /// address as `url_key`.
    pub(super) fn checked(
        mut self,
        key: &str,
        url_key: &str,
        folder: &Path,
        problems: &mut Vec<Problem>,
    ) -> Self {
        self.retry.check(key, problems);
        self.ca_file = self.ca_file.map(|path| folder.join(path));
        if let Some(why) = self.format.path_problem(self.url.path()) {
            problems.push(Problem::new(format!("{key}.{url_key}"), why));
        }
        let mut has_secret = false;
        for header in &mut self.headers {
            if let HeaderText::Secret { source, .. } = &mut header.text {
                source.resolve_path(folder);
                has_secret = true;
            }
        }
        if self.url.scheme() == "http" && !is_loopback(&self.url) {
            let url_key = format!("{key}.{url_key}");
            if has_secret {
                problems.push(Problem::new(
                    url_key,
                    "would send a secret without TLS: write https:// instead of http://, or remove the headers that \
                     hold a secret",
                ));
            } else if !self.allow_plain_http {
                problems.push(Problem::new(
                    url_key,
                    "would send events, which name persons and machines, without TLS: write https:// instead of \
                     http://; if nobody else can read what is sent over that network, allow_plain_http = true allows \
                     it",
                ));
            }
        }
        self
    }
}

/// Deserializes a URL. Messages do not repeat it: what is wrong with it may be a secret.
pub(super) fn url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Url, D::Error> {
    let url = Url::parse(&String::deserialize(deserializer)?).map_err(|error| {
        D::Error::custom(format_args!(
            "is not a valid URL ({error}): write one such as https://intake.example.com/events"
        ))
    })?;
    let why = if !matches!(url.scheme(), "http" | "https") {
        "must begin with https://, or with http:// for this machine"
    } else if !url.username().is_empty() || url.password().is_some() {
        "contains a user name or a password: remove them from this file, and name their source in `headers`, such as \
         headers = { authorization = { env = \"AUTHORIZATION\" } }"
    } else if url.host_str().is_some_and(|host| host.contains(['{', '}'])) {
        "has a placeholder before its path: write placeholders in its path or query only"
    } else if url.fragment().is_some() {
        "has a part after `#`, which is never sent: remove it"
    } else {
        template::check(&with_braces(&url)).map_err(D::Error::custom)?;
        return Ok(url);
    };
    Err(D::Error::custom(why))
}

/// Returns a URL as it was written: in its path, braces are percent-encoded.
fn with_braces(url: &Url) -> String {
    url.as_str().replace("%7B", "{").replace("%7D", "}")
}

fn batch_events() -> usize {
    500
}

fn batch_bytes() -> usize {
    1 << 20
}
