use serde_json::{Value, json};

use super::*;
use crate::cli::report::tests::every_outcome;
use crate::run::report::Outcome;
use crate::sandbox::egress::denials::Rule;

const DOCUMENTATION: &str = include_str!("../../../../../docs/operations.md");

fn rendered() -> Value {
    let paused = [("slow".to_owned(), Duration::from_secs(3_600))].into();
    serde_json::from_str(&render(&every_outcome(), &paused).unwrap()).unwrap()
}

#[test]
fn the_shape_is_stable() {
    let summary = rendered();
    let mut head = summary.clone();
    head.as_object_mut().unwrap().remove("sources");
    let paused = head.as_object_mut().unwrap().remove("paused").unwrap();
    assert_eq!(paused[0]["account"], "slow");
    let until = timestamp::parse(paused[0]["until"].as_str().unwrap()).unwrap();
    assert!(until > OffsetDateTime::now_utc() + Duration::from_secs(3_000));
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
            "accounts": [
                {
                    "account": "acme", "started_at": "2026-01-31T08:00:00.000Z",
                    "ended_at": "2026-01-31T08:00:02.500Z", "exit_code": 1
                },
                {
                    "account": "other", "started_at": "2026-01-31T08:00:00.000Z",
                    "ended_at": "2026-01-31T08:00:02.500Z", "exit_code": 1
                }
            ],
            "denied": [
                {"account": "acme", "rule": "host", "requests": 2},
                {"account": "acme", "rule": "userinfo", "requests": 1},
                {"account": "other", "rule": "host", "requests": 3}
            ]
        })
    );
    assert_eq!(
        summary["sources"][1],
        json!({
            "account": "acme", "source": "one", "name": "Example one", "outcome": "up_to_date",
            "reason": null, "pages": 3, "events": 1200, "unchanged": 30, "rejects_component": 2,
            "rejects_destination": 1, "retries": 4, "mark": "2026-01-31T07:58:00.000Z"
        })
    );
    let account = &summary["sources"][5];
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
        &summary["accounts"][0],
        &summary["paused"][0],
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
