//! A report as JSON, for `--summary FILE`. Its shape is documented in docs/operations.md.

use serde::Serialize;

use crate::cli::exit::ExitStatus;
use crate::run::report::{Entry, Report, Tally};
use crate::units::timestamp;

/// The version of the shape. New keys do not change it; a key that changes or goes does.
const VERSION: u32 = 2;

#[derive(Serialize)]
struct Summary<'a> {
    version: u32,
    started_at: String,
    ended_at: String,
    duration_seconds: f64,
    dry_run: bool,
    stopped: bool,
    exit_code: u8,
    totals: Totals,
    sources: Vec<Source<'a>>,
    denied: Vec<Denied<'a>>,
}

#[derive(Serialize)]
struct Totals {
    sources: u64,
    failed: u64,
    not_collectable: u64,
    skipped: u64,
    #[serde(flatten)]
    counts: Counts,
}

#[derive(Serialize)]
struct Source<'a> {
    account: &'a str,
    source: Option<&'a str>,
    name: &'a str,
    outcome: &'static str,
    reason: Option<&'a str>,
    #[serde(flatten)]
    counts: Counts,
    mark: Option<&'a str>,
}

#[derive(Serialize)]
struct Denied<'a> {
    account: &'a str,
    rule: &'static str,
    requests: u64,
}

#[derive(Serialize)]
struct Counts {
    pages: u64,
    events: u64,
    unchanged: u64,
    rejects_component: u64,
    rejects_destination: u64,
    retries: u64,
}

impl From<Tally> for Counts {
    fn from(tally: Tally) -> Self {
        Self {
            pages: tally.pages,
            events: tally.events,
            unchanged: tally.unchanged,
            rejects_component: tally.rejects,
            rejects_destination: tally.refused,
            retries: tally.retries,
        }
    }
}

impl<'a> From<&'a Entry> for Source<'a> {
    fn from(entry: &'a Entry) -> Self {
        Self {
            account: &entry.account,
            source: entry.source.as_deref(),
            name: &entry.name,
            outcome: entry.outcome.word(),
            reason: entry.outcome.reason(),
            counts: entry.tally.into(),
            mark: entry.mark.as_deref(),
        }
    }
}

/// Writes a report as an indented JSON object with a newline at its end.
///
/// # Errors
///
/// None that is known; serialisation reports them.
pub(crate) fn render(report: &Report) -> serde_json::Result<String> {
    let totals = report.totals();
    let summary = Summary {
        version: VERSION,
        started_at: timestamp::format(report.started_at),
        ended_at: timestamp::format(report.ended_at),
        duration_seconds: report.took().as_secs_f64(),
        dry_run: report.dry_run,
        stopped: report.cut,
        exit_code: ExitStatus::of(report) as u8,
        totals: Totals {
            sources: totals.sources,
            failed: totals.failed,
            not_collectable: totals.not_collectable,
            skipped: totals.skipped,
            counts: totals.tally.into(),
        },
        sources: report.entries.iter().map(Source::from).collect(),
        denied: denied(report).collect(),
    };
    serde_json::to_string_pretty(&summary).map(|text| text + "\n")
}

fn denied(report: &Report) -> impl Iterator<Item = Denied<'_>> {
    report.denied.iter().flat_map(|(account, counts)| {
        counts.iter().map(|(rule, requests)| Denied {
            account,
            rule: rule.word(),
            requests: *requests,
        })
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::samples::every_outcome;
    use super::*;
    use crate::run::report::Outcome;
    use crate::sandbox::egress::denials::Rule;

    const DOCUMENTATION: &str = include_str!("../../../../docs/operations.md");

    fn rendered() -> Value {
        serde_json::from_str(&render(&every_outcome()).unwrap()).unwrap()
    }

    #[test]
    fn the_shape_is_stable() {
        let summary = rendered();
        let mut head = summary.clone();
        head.as_object_mut().unwrap().remove("sources");
        assert_eq!(
            head,
            json!({
                "version": 2,
                "started_at": "2026-01-31T08:00:00.000Z",
                "ended_at": "2026-01-31T08:00:02.500Z",
                "duration_seconds": 2.5,
                "dry_run": false,
                "stopped": false,
                "exit_code": 1,
                "totals": {
                    "sources": 4, "failed": 2, "not_collectable": 1, "skipped": 1,
                    "pages": 4, "events": 1300, "unchanged": 30, "rejects_component": 2,
                    "rejects_destination": 1, "retries": 13
                },
                "denied": [
                    {"account": "acme", "rule": "host", "requests": 2},
                    {"account": "acme", "rule": "userinfo", "requests": 1},
                    {"account": "other", "rule": "host", "requests": 3}
                ]
            })
        );
        assert_eq!(
            summary["sources"][2],
            json!({
                "account": "acme", "source": "one", "name": "Example one", "outcome": "up_to_date",
                "reason": null, "pages": 3, "events": 1200, "unchanged": 30, "rejects_component": 2,
                "rejects_destination": 1, "retries": 4, "mark": "2026-01-31T07:58:00.000Z"
            })
        );
        let account = &summary["sources"][0];
        assert_eq!(account["source"], Value::Null);
        assert_eq!(account["reason"], "the credentials are refused");
        let outcomes: Vec<_> = summary["sources"]
            .as_array()
            .unwrap()
            .iter()
            .map(|source| source["outcome"].as_str().unwrap())
            .collect();
        assert!(
            Outcome::WORDS.iter().all(|word| outcomes.contains(word)),
            "{outcomes:?}"
        );
    }

    #[test]
    fn every_key_outcome_and_rule_is_documented() {
        let summary = rendered();
        let keys = [
            &summary,
            &summary["totals"],
            &summary["sources"][0],
            &summary["denied"][0],
        ];
        let keys = keys
            .iter()
            .flat_map(|object| object.as_object().unwrap().keys());
        let keys = keys.map(String::as_str).chain(Outcome::WORDS);
        for word in keys.chain(Rule::ALL.map(Rule::word)) {
            assert!(DOCUMENTATION.contains(&format!("`{word}`")), "{word}");
        }
    }
}
