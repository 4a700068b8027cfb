//! Any intake that takes events by POST: `to = "http"`.

use std::fmt;
use std::path::{Path, PathBuf};

use url::Url;

use crate::config::account::Retry;
use crate::config::destination::headers::{self, Header, HeaderText};
use crate::config::destination::{RequestTimeouts, address};
use crate::config::{Problem, file, reach};
use crate::text::similar;

/// How many events go in one request.
const BATCH_EVENTS: usize = 500;

/// The most events that may go in one request.
const MOST_EVENTS: usize = 10_000;

/// How many bytes go in one request.
const BATCH_BYTES: usize = 1024 * 1024;

/// The most bytes that may go in one request.
const MOST_BYTES: usize = 100 * 1024 * 1024;

/// Any intake that takes events by POST.
#[derive(Clone, PartialEq, Eq)]
pub struct Http {
    /// Where to post.
    pub url: Url,
    /// Whether events may go to it without TLS, although it is not this very machine; no header is a secret
    /// then.
    pub allow_plain_http: bool,
    /// The form of a body.
    pub format: BodyFormat,
    /// Headers of every request, each name once; they go before those that the host would set.
    pub headers: Vec<Header>,
    /// Whether bodies are compressed.
    pub gzip: bool,
    /// How many events go in one request, from 1 to 10,000.
    pub batch_events: usize,
    /// How many bytes the body of one request has before it is compressed, from 1 to 100 MiB; an event that
    /// is larger goes alone.
    pub batch_bytes: usize,
    /// A PEM file of certificate authorities to trust beside the system's.
    pub ca_file: Option<PathBuf>,
    /// How long to wait for it.
    pub timeouts: RequestTimeouts,
    /// How to try again while it is unavailable.
    pub retry: Retry,
}

/// The form of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyFormat {
    /// One event a line: `application/x-ndjson`.
    Ndjson,
    /// One JSON array: `application/json`.
    Array,
}

/// Without the URL's query, which some intakes make hold what is as good as a secret.
impl fmt::Debug for Http {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Http")
            .field("origin", &self.url.origin().ascii_serialization())
            .field("path", &self.url.path())
            .field("allow_plain_http", &self.allow_plain_http)
            .field("format", &self.format)
            .field("headers", &self.headers)
            .field("gzip", &self.gzip)
            .field("batch_events", &self.batch_events)
            .field("batch_bytes", &self.batch_bytes)
            .field("ca_file", &self.ca_file)
            .field("timeouts", &self.timeouts)
            .field("retry", &self.retry)
            .finish()
    }
}

impl Http {
    pub(super) fn check(
        key: &str,
        table: &file::Deliver,
        folder: &Path,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        let headers = headers::check(
            &format!("{key}.headers"),
            table.headers.as_ref(),
            folder,
            problems,
        );
        let allow_plain_http = table.allow_plain_http.unwrap_or(false);
        let url = url(
            key,
            table.url.as_deref(),
            allow_plain_http,
            &headers,
            problems,
        );
        let format = format(&format!("{key}.format"), table.format.as_deref(), problems);
        let batch_events = super::count(
            &format!("{key}.batch_events"),
            table.batch_events,
            BATCH_EVENTS,
            MOST_EVENTS,
            problems,
        );
        let batch_bytes = super::count(
            &format!("{key}.batch_bytes"),
            table.batch_bytes,
            BATCH_BYTES,
            MOST_BYTES,
            problems,
        );
        let ca_file = reach::ca_file(key, table.ca_file.clone(), folder, problems);
        let timeouts = super::timeouts(key, table, problems);
        let retry = super::retry(key, table, problems);
        Some(Self {
            url: url?,
            allow_plain_http,
            format: format?,
            headers,
            gzip: table.gzip.unwrap_or(false),
            batch_events,
            batch_bytes,
            ca_file,
            timeouts,
            retry,
        })
    }
}

fn url(
    table: &str,
    text: Option<&str>,
    allow_plain_http: bool,
    headers: &[Header],
    problems: &mut Vec<Problem>,
) -> Option<Url> {
    let key = &format!("{table}.url");
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        problems.push(Problem::new(
            key,
            "is missing or empty: tell where to post, such as url = \"https://intake.example.com/events\"",
        ));
        return None;
    };
    let url = address::check(key, text, problems)?;
    let secret = headers
        .iter()
        .any(|header| matches!(header.text, HeaderText::Secret { .. }));
    if secret && allow_plain_http {
        problems.push(Problem::new(
            format!("{table}.allow_plain_http"),
            "would let a header that holds a secret go without TLS: remove this key and write https://, or \
             remove the header",
        ));
    } else if secret {
        address::protects_secrets(key, &url, problems);
    } else if !allow_plain_http && address::is_open(&url) {
        problems.push(Problem::new(
            key,
            "would send events, which name persons and machines, without TLS: write https:// instead of \
             http://; where nobody else can read what goes over that network, allow_plain_http = true allows it",
        ));
    }
    Some(url)
}

fn format(key: &str, text: Option<&str>, problems: &mut Vec<Problem>) -> Option<BodyFormat> {
    match text {
        None | Some("ndjson") => Some(BodyFormat::Ndjson),
        Some("array") => Some(BodyFormat::Array),
        Some(other) => {
            problems.push(Problem::new(
                key,
                format_args!(
                    "{other:?} is not a format{}; known are \"ndjson\" (one event a line) and \"array\" \
                     (one JSON array)",
                    similar::hint(other, ["ndjson", "array"])
                ),
            ));
            None
        }
    }
}
