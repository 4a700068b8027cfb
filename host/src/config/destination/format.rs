//! The forms in which intakes take events.

use std::time::Duration;

use serde::Deserialize;
use url::Url;

/// The form of a body, and what confirms its events.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Format {
    /// One event a line: `application/x-ndjson`.
    #[default]
    Ndjson,
    /// One JSON array: `application/json`.
    Array,
    /// Actions `index` and events for the bulk API of Elasticsearch and OpenSearch.
    ElasticsearchBulk,
    /// The same with the action `create`, the only one that a data stream takes.
    ElasticsearchBulkCreate,
    /// Events in envelopes for Splunk's HTTP event collector.
    SplunkHec,
    /// What the asset connector of Sekoia.io takes, and confirms by a task: `to = "sekoia"`.
    #[serde(skip)]
    Sekoia(SekoiaTasks),
}

/// Where to ask for the task that ingests a batch, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SekoiaTasks {
    /// The platform, below which the tasks are.
    pub base: Url,
    /// How long the platform may take to ingest a batch before its page is left unconfirmed.
    pub wait: Duration,
    /// The pause between the first two queries for a task; it doubles each time, up to five times the first.
    pub poll: Duration,
}

impl Format {
    pub(crate) fn media_type(&self) -> &'static str {
        match self {
            Self::Ndjson | Self::ElasticsearchBulk | Self::ElasticsearchBulkCreate => {
                "application/x-ndjson"
            }
            Self::Array | Self::SplunkHec | Self::Sekoia(_) => "application/json",
        }
    }

    /// Returns what the path of the URL lacks, if anything.
    pub(crate) fn path_problem(&self, path: &str) -> Option<&'static str> {
        let is_bulk = matches!(
            self,
            Self::ElasticsearchBulk | Self::ElasticsearchBulkCreate
        );
        let index = path.strip_suffix("/_bulk").unwrap_or_default();
        (is_bulk && index.trim_matches('/').is_empty()).then_some(
            "must end in an index or a data stream and `/_bulk`, such as https://search.example.com/devices/_bulk, as \
             `format` says",
        )
    }
}

impl SekoiaTasks {
    /// Returns an address at the platform; whatever the segments hold, each stays one segment.
    pub(crate) fn url<'a>(&self, segments: impl IntoIterator<Item = &'a str>) -> Url {
        let mut url = self.base.clone();
        // Only URLs of other schemes have no path.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }
}
