use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::cli::report::metrics::Metrics;
use crate::cli::report::tests::{ended_at, entry, every_outcome, report};
use crate::run::report::{Outcome, Report};

const DOCUMENTATION: &str = include_str!("../../../../../docs/operations.md");
const ENDED: &str = "1769846402.5";

/// Returns whether the text has the line.
fn has(text: &str, line: &str) -> bool {
    text.lines().any(|other| other == line)
}

fn record(metrics: &Metrics, report: &Report) {
    for account in &report.accounts {
        metrics.record(account);
    }
}

fn paused(account: &str) -> BTreeMap<String, Duration> {
    [(account.to_owned(), Duration::from_secs(3_600))].into()
}

#[test]
fn an_account_that_pauses_says_until_when_and_only_while_it_does() {
    let metrics = Metrics::new().unwrap();
    let line = |account: &str| {
        format!("\nasset_host_account_paused_until_timestamp_seconds{{account=\"{account}\"}} ")
    };
    metrics.set_paused(&paused("acme"));
    let text = metrics.encode().unwrap();
    assert!(text.contains(&line("acme")), "{text}");
    metrics.set_paused(&paused("other"));
    let text = metrics.encode().unwrap();
    assert!(text.contains(&line("other")), "{text}");
    assert!(!text.contains(&line("acme")), "{text}");
}

#[test]
fn a_run_is_recorded() {
    let metrics = Metrics::new().unwrap();
    record(&metrics, &every_outcome());
    let text = metrics.encode().unwrap();
    for line in [
        "asset_host_runs_total{account=\"acme\",exit_code=\"0\"} 0",
        "asset_host_runs_total{account=\"acme\",exit_code=\"1\"} 1",
        "asset_host_last_run_end_timestamp_seconds{account=\"acme\"} 1769846402.5",
        "asset_host_last_run_duration_seconds{account=\"other\"} 2.5",
        "asset_host_last_run_exit_code{account=\"acme\"} 1",
        "asset_host_sources{account=\"acme\",outcome=\"failed\"} 1",
        "asset_host_sources{account=\"acme\",outcome=\"skipped\"} 1",
        "asset_host_sources{account=\"other\",outcome=\"failed\"} 1",
        "asset_host_source_info{account=\"acme\",name=\"Example one\",source=\"one\"} 1",
        "asset_host_source_outcome{account=\"acme\",outcome=\"up_to_date\",source=\"one\"} 1",
        "asset_host_source_outcome{account=\"other\",outcome=\"failed\",source=\"\"} 1",
        "asset_host_source_last_success_timestamp_seconds{account=\"acme\",source=\"one\"} 1769846402.5",
        "asset_host_source_mark_timestamp_seconds{account=\"acme\",source=\"one\"} 1769846280",
        "asset_host_source_pages_total{account=\"acme\",source=\"one\"} 3",
        "asset_host_source_events_total{account=\"acme\",source=\"two\"} 100",
        "asset_host_source_unchanged_total{account=\"acme\",source=\"one\"} 30",
        "asset_host_source_rejects_total{account=\"acme\",by=\"component\",source=\"one\"} 2",
        "asset_host_source_rejects_total{account=\"acme\",by=\"destination\",source=\"one\"} 1",
        "asset_host_source_retries_total{account=\"acme\",source=\"two\"} 9",
        "asset_host_requests_denied_total{account=\"acme\",rule=\"userinfo\"} 1",
        "asset_host_requests_denied_total{account=\"acme\",rule=\"address\"} 0",
        "asset_host_requests_denied_total{account=\"other\",rule=\"host\"} 3",
    ] {
        assert!(has(&text, line), "{line}\n{text}");
    }
    let success = "last_success_timestamp_seconds{account=\"acme\",source=\"two\"}";
    assert!(!text.contains(success), "{text}");
}

#[test]
fn gauges_of_the_last_run_appear_after_the_first_run() {
    let text = Metrics::new().unwrap().encode().unwrap();
    assert!(!text.contains("last_run"), "{text}");
}

#[test]
fn counters_add_up_and_gauges_describe_the_last_run() {
    let metrics = Metrics::new().unwrap();
    record(&metrics, &every_outcome());
    record(&metrics, &every_outcome());
    record(&metrics, &report(vec![entry("one", Outcome::Stopped)]));
    let mut could_not_run = report(vec![entry("one", Outcome::Stopped)]);
    could_not_run.accounts[0].ready = false;
    could_not_run.accounts[0].entries[0].outcome = Outcome::Failed("a secret is missing".into());
    record(&metrics, &could_not_run);
    let text = metrics.encode().unwrap();
    let success = "asset_host_source_last_success_timestamp_seconds";
    for line in [
        "asset_host_source_events_total{account=\"acme\",source=\"one\"} 2400",
        "asset_host_requests_denied_total{account=\"acme\",rule=\"host\"} 4",
        "asset_host_runs_total{account=\"acme\",exit_code=\"0\"} 1",
        "asset_host_runs_total{account=\"acme\",exit_code=\"1\"} 2",
        "asset_host_runs_total{account=\"acme\",exit_code=\"2\"} 1",
        "asset_host_last_run_exit_code{account=\"acme\"} 2",
        "asset_host_sources{account=\"acme\",outcome=\"stopped\"} 0",
        "asset_host_sources{account=\"acme\",outcome=\"failed\"} 1",
        "asset_host_source_outcome{account=\"acme\",outcome=\"failed\",source=\"one\"} 1",
        &format!("{success}{{account=\"acme\",source=\"one\"}} {ENDED}"),
    ] {
        assert!(has(&text, line), "{line}\n{text}");
    }
    let outcomes = text
        .lines()
        .filter(|line| line.starts_with("asset_host_source_outcome{account=\"acme\""));
    assert_eq!(outcomes.count(), 1, "{text}");
}

#[test]
fn times_from_the_state_are_written_until_the_source_is_skipped_or_not_collectable() {
    let metrics = Metrics::new().unwrap();
    let line = |source| {
        format!(
            "asset_host_source_last_success_timestamp_seconds{{account=\"acme\",source=\"{source}\"}} {ENDED}"
        )
    };
    for source in ["one", "two", "three"] {
        metrics.remember("acme", source, Some(ended_at()), Some("page 7"));
    }
    let failed = Outcome::Failed("the API is unavailable".to_owned());
    let entries = vec![
        entry("one", failed),
        entry("two", Outcome::NotCollectable("not activated".to_owned())),
        entry("three", Outcome::Skipped),
    ];
    record(&metrics, &report(entries));
    let text = metrics.encode().unwrap();
    assert!(has(&text, &line("one")), "{text}");
    assert!(!has(&text, &line("two")), "{text}");
    assert!(!has(&text, &line("three")), "{text}");
    assert!(!text.contains("mark_timestamp"), "{text}");
}

#[test]
fn an_account_that_was_taken_out_of_the_configuration_is_not_written_until_it_is_back() {
    let metrics = Metrics::new().unwrap();
    let other = "account=\"other\"";
    metrics.remember("other", "one", Some(ended_at()), None);
    assert!(metrics.encode().unwrap().contains(other));
    record(&metrics, &every_outcome());
    let with_both = metrics.encode().unwrap();
    assert!(with_both.contains(other), "{with_both}");

    let acme_alone = report(vec![entry("one", Outcome::UpToDate)]);
    record(&metrics, &acme_alone);
    metrics.forget("other");
    let text = metrics.encode().unwrap();
    assert!(!text.contains(other), "{text}");
    let success = "asset_host_source_last_success_timestamp_seconds";
    for line in [
        &format!("{success}{{account=\"acme\",source=\"one\"}} {ENDED}"),
        "asset_host_source_events_total{account=\"acme\",source=\"one\"} 1200",
    ] {
        assert!(has(&text, line), "{line}\n{text}");
    }

    record(&metrics, &every_outcome());
    let text = metrics.encode().unwrap();
    for line in [
        &format!("{success}{{account=\"other\",source=\"one\"}} {ENDED}"),
        "asset_host_requests_denied_total{account=\"other\",rule=\"host\"} 6",
    ] {
        assert!(has(&text, line), "{line}\n{text}");
    }
}

#[test]
fn hostile_names_are_escaped_in_labels() {
    let metrics = Metrics::new().unwrap();
    let mut hostile = entry("one", Outcome::UpToDate);
    hostile.name = "a\"} 7\nb\\".to_owned();
    record(&metrics, &report(vec![hostile]));
    let text = metrics.encode().unwrap();
    let line =
        "asset_host_source_info{account=\"acme\",name=\"a\\\"} 7\\nb\\\\\",source=\"one\"} 1";
    assert!(has(&text, line), "{text}");
}

/// The names of metrics in a text.
fn names(text: &str) -> BTreeSet<&str> {
    text.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'))
        .filter(|word| word.starts_with("asset_host_"))
        .collect()
}

#[test]
fn the_documentation_names_these_metrics_and_no_others() {
    let metrics = Metrics::new().unwrap();
    record(&metrics, &every_outcome());
    metrics.set_paused(&paused("acme"));
    assert_eq!(names(DOCUMENTATION), names(&metrics.encode().unwrap()));
}
