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
    /// Reads the two flags; none where neither is given.
    ///
    /// # Errors
    ///
    /// When one is no RFC 3339 time, or the range is empty.
    pub(crate) fn parse(since: Option<&str>, until: Option<&str>) -> anyhow::Result<Option<Self>> {
        let time = |flag: &str, text: Option<&str>| {
            let parse =
                |text| timestamp::parse(text).map_err(|error| anyhow::anyhow!("{flag}: {error}"));
            text.map(parse).transpose()
        };
        let (since, until) = (time("--since", since)?, time("--until", until)?);
        match (since, until) {
            (None, None) => Ok(None),
            (Some(since), Some(until)) if since >= until => {
                bail!("--until must be later than --since")
            }
            _ => Ok(Some(Self { since, until })),
        }
    }

    /// A source's config with the range in the two fields that the contract reserves for it. A config that is
    /// no JSON object goes back to the component as it came, which says so.
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
    use super::Range;

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
            let range = Range::parse(since, until).unwrap().unwrap();
            assert_eq!(range.apply(r#"{"a":1}"#.to_owned()), config);
            assert_eq!(range.apply("[]".to_owned()), "[]");
        }
        assert!(Range::parse(None, None).unwrap().is_none());
        for (since, until, flag) in [
            (Some("yesterday"), None, "--since"),
            (None, Some("2026-01-01"), "--until"),
            (Some(late), Some(early), "--until"),
            (Some(early), Some(early), "--until"),
        ] {
            let message = Range::parse(since, until).unwrap_err().to_string();
            assert!(message.starts_with(flag), "{message}");
        }
    }
}
