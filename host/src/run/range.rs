//! `--since` and `--until`: a range that is delivered without touching the state.

use anyhow::bail;
use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::units::timestamp;

/// A range of times, of which one end may be open.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Range {
    since: Option<OffsetDateTime>,
    until: Option<OffsetDateTime>,
}

impl Range {
    /// Returns the range of the two flags; `None` if neither is given.
    ///
    /// # Errors
    ///
    /// When the range is empty.
    pub(crate) fn new(
        since: Option<OffsetDateTime>,
        until: Option<OffsetDateTime>,
    ) -> anyhow::Result<Option<Self>> {
        match (since, until) {
            (None, None) => Ok(None),
            (Some(since), Some(until)) if since >= until => {
                bail!("--until must be later than --since")
            }
            _ => Ok(Some(Self { since, until })),
        }
    }

    /// Returns a source's config with the range in the two fields that the contract reserves for it. A config that is not a
    /// JSON object is returned unchanged, as the component refuses it.
    pub(crate) fn apply(&self, config: String) -> String {
        let Ok(mut fields) = serde_json::from_str::<Map<String, Value>>(&config) else {
            return config;
        };
        for (field, time) in [("since", self.since), ("until", self.until)] {
            if let Some(time) = time {
                fields.insert(field.to_owned(), timestamp::format(time).into());
            }
        }
        Value::Object(fields).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(since: Option<&str>, until: Option<&str>) -> anyhow::Result<Option<Range>> {
        let time = |text: &str| timestamp::parse(text).unwrap();
        Range::new(since.map(time), until.map(time))
    }

    #[test]
    fn a_range_has_one_end_at_least_and_is_not_empty() {
        let (early, late) = ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00+01:00");
        for (since, until, config) in [
            (
                Some(early),
                None,
                r#"{"a":1,"since":"2026-01-01T00:00:00.000Z"}"#,
            ),
            (
                None,
                Some(late),
                r#"{"a":1,"until":"2026-01-01T23:00:00.000Z"}"#,
            ),
            (
                Some(early),
                Some(late),
                r#"{"a":1,"since":"2026-01-01T00:00:00.000Z","until":"2026-01-01T23:00:00.000Z"}"#,
            ),
        ] {
            let range = range(since, until).unwrap().unwrap();
            assert_eq!(range.apply(r#"{"a":1}"#.to_owned()), config);
            assert_eq!(range.apply("[]".to_owned()), "[]");
        }
        assert!(range(None, None).unwrap().is_none());
        for since in [late, early] {
            let error = range(Some(since), Some(early)).unwrap_err();
            assert_eq!(error.to_string(), "--until must be later than --since");
        }
    }
}
