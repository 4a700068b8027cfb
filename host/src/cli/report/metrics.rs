//! Reports as metrics, in the text format of Prometheus. docs/operations.md documents their names.
//!
//! Counters count from the start of the process; gauges describe the last run. The name of a source has a series of its
//! own, so that a renamed tenant keeps its history.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use prometheus::proto::{Counter, Gauge, LabelPair, Metric, MetricFamily, MetricType};
use prometheus::{Result, TextEncoder};
use time::OffsetDateTime;

use crate::cli::exit::ExitStatus;
use crate::run::report::{Entry, Outcome, Report, Tally};
use crate::sandbox::egress::denials::Rule;
use crate::units::timestamp;

/// The metrics of a process.
#[derive(Debug, Default)]
pub(crate) struct Metrics(Mutex<Recorded>);

#[derive(Debug, Default)]
struct Recorded {
    /// The accounts of the last run. An account that the configuration no longer has keeps its counters, in case it
    /// comes back, but is not written.
    accounts: BTreeSet<String>,
    runs: BTreeMap<ExitStatus, u64>,
    /// Exit status, end and duration in seconds.
    last_run: Option<(ExitStatus, OffsetDateTime, f64)>,
    /// The entries of the last run that did not fail to start.
    entries: Option<Vec<Entry>>,
    /// By account and source.
    sources: BTreeMap<[String; 2], Source>,
    /// By account and rule.
    denied: BTreeMap<(String, &'static str), u64>,
}

#[derive(Debug, Default)]
struct Source {
    tally: Tally,
    last_success: Option<OffsetDateTime>,
    mark: Option<OffsetDateTime>,
}

impl Metrics {
    /// Adds what the state knows of a source, so that one that fails from the start of the process on has an age, too.
    pub(crate) fn remember(
        &self,
        account: &str,
        source: &str,
        last_success: Option<OffsetDateTime>,
        mark: Option<&str>,
    ) {
        let mut recorded = self.recorded();
        recorded.accounts.insert(account.to_owned());
        recorded.source(account, source).advance(last_success, mark);
    }

    /// Records the end of a run.
    pub(crate) fn record(&self, report: &Report) {
        let mut recorded = self.recorded();
        recorded.accounts = report.denied.keys().cloned().collect();
        let took = report.took().as_secs_f64();
        recorded.end_run(ExitStatus::of(report), report.ended_at, took);
        for entry in &report.entries {
            // An empty label is the account as a whole.
            let id = entry.source.as_deref().unwrap_or_default();
            if entry.outcome.is_notice() {
                // Nothing new is expected of it, so its age must raise no alert.
                let key = [entry.account.clone(), id.to_owned()];
                if let Some(source) = recorded.sources.get_mut(&key) {
                    (source.last_success, source.mark) = (None, None);
                }
                continue;
            }
            let source = recorded.source(&entry.account, id);
            let success = (entry.outcome == Outcome::UpToDate).then_some(report.ended_at);
            source.advance(success, entry.mark.as_deref());
            source.tally += entry.tally;
        }
        for (account, counts) in &report.denied {
            // Rules without a denied request, too: a counter that is there from the start shows its first step.
            let none = Rule::ALL.map(|rule| (rule, 0));
            for (rule, count) in none.iter().chain(counts) {
                let rule = (account.clone(), rule.word());
                *recorded.denied.entry(rule).or_default() += count;
            }
        }
        recorded.entries = Some(report.entries.clone());
    }

    /// Records a run that could not start, such as one that found the state in use.
    pub(crate) fn record_could_not_run(&self, at: OffsetDateTime) {
        self.recorded().end_run(ExitStatus::CouldNotRun, at, 0.0);
    }

    /// Writes the metrics in the text format 0.0.4.
    ///
    /// # Errors
    ///
    /// None known.
    pub(crate) fn encode(&self) -> Result<String> {
        TextEncoder::new().encode_to_string(&self.recorded().families())
    }

    fn recorded(&self) -> MutexGuard<'_, Recorded> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Source {
    fn advance(&mut self, last_success: Option<OffsetDateTime>, mark: Option<&str>) {
        self.last_success = last_success.or(self.last_success);
        // The mark of another component need not be a time.
        let mark = mark.and_then(|mark| timestamp::parse(mark).ok());
        self.mark = mark.or(self.mark);
    }
}

impl Recorded {
    fn source(&mut self, account: &str, source: &str) -> &mut Source {
        let key = [account.to_owned(), source.to_owned()];
        self.sources.entry(key).or_default()
    }

    fn end_run(&mut self, status: ExitStatus, at: OffsetDateTime, seconds: f64) {
        *self.runs.entry(status).or_default() += 1;
        self.last_run = Some((status, at, seconds));
    }

    fn families(&self) -> Vec<MetricFamily> {
        let mut all = Families::default();
        all.add("build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1.0);
        for (status, code) in EXIT_CODES {
            let runs = self.runs.get(&status).copied().unwrap_or_default();
            all.add("runs_total", &[("exit_code", code)], runs as f64);
        }
        if let Some((status, at, took)) = self.last_run {
            all.add("last_run_end_timestamp_seconds", &[], seconds(at));
            all.add("last_run_duration_seconds", &[], took);
            all.add("last_run_exit_code", &[], f64::from(status as u8));
        }
        if let Some(entries) = &self.entries {
            for outcome in Outcome::WORDS {
                let of_it = |entry: &&Entry| entry.outcome.word() == outcome;
                let count = entries.iter().filter(of_it).count();
                all.add("sources", &[("outcome", outcome)], count as f64);
            }
            for entry in entries {
                let account = ("account", entry.account.as_str());
                let source = ("source", entry.source.as_deref().unwrap_or_default());
                let outcome = ("outcome", entry.outcome.word());
                all.add(
                    "source_info",
                    &[account, ("name", &entry.name), source],
                    1.0,
                );
                all.add("source_outcome", &[account, outcome, source], 1.0);
            }
        }
        for ([account, id], source) in &self.sources {
            if !self.accounts.contains(account) {
                continue;
            }
            let (account, id) = (("account", account.as_str()), ("source", id.as_str()));
            for (name, time) in [
                ("source_last_success_timestamp_seconds", source.last_success),
                ("source_mark_timestamp_seconds", source.mark),
            ] {
                if let Some(time) = time {
                    all.add(name, &[account, id], seconds(time));
                }
            }
            let tally = &source.tally;
            for (name, count) in [
                ("source_pages_total", tally.pages),
                ("source_events_total", tally.events),
                ("source_unchanged_total", tally.unchanged),
                ("source_retries_total", tally.retries),
            ] {
                all.add(name, &[account, id], count as f64);
            }
            for (by, count) in [("component", tally.rejects), ("destination", tally.refused)] {
                all.add(
                    "source_rejects_total",
                    &[account, ("by", by), id],
                    count as f64,
                );
            }
        }
        for ((account, rule), count) in &self.denied {
            if self.accounts.contains(account) {
                let labels = [("account", account.as_str()), ("rule", rule)];
                all.add("requests_denied_total", &labels, *count as f64);
            }
        }
        all.into_families()
    }
}

const EXIT_CODES: [(ExitStatus, &str); 3] = [
    (ExitStatus::Done, "0"),
    (ExitStatus::SomeFailed, "1"),
    (ExitStatus::CouldNotRun, "2"),
];

/// What each metric means, for who looks at it in Prometheus: a line for each.
const HELP: &str = "\
build_info The version of asset-host; always 1.
runs_total Completed runs since the start of the process, by exit code.
last_run_end_timestamp_seconds When the last run ended.
last_run_duration_seconds How long the last run took.
last_run_exit_code The exit code of the last run: 0 success, 1 some failed, 2 could not run.
sources Sources of the last run, by outcome.
source_info The name of the source; always 1.
source_outcome The outcome of the source in the last run, as a label; always 1.
source_last_success_timestamp_seconds When the source was last up to date.
source_mark_timestamp_seconds The time up to which the source is collected.
source_pages_total Pages that the destination confirmed.
source_events_total Events that the destination confirmed.
source_unchanged_total Events that were not sent because only a heartbeat changed.
source_rejects_total Records rejected by the component and events rejected by the destination.
source_retries_total Repeated calls of the component and repeated requests to the destination.
requests_denied_total Requests of the component that the sandbox denied, by rule.";

/// Metrics by their names without the prefix `asset_host_`.
#[derive(Default)]
struct Families(BTreeMap<&'static str, Vec<Metric>>);

impl Families {
    fn add(&mut self, name: &'static str, labels: &[(&str, &str)], value: f64) {
        let labels = labels.iter().map(|(name, value)| {
            let mut label = LabelPair::default();
            label.set_name((*name).to_owned());
            label.set_value((*value).to_owned());
            label
        });
        let mut metric = Metric::from_label(labels.collect());
        // The encoder reads the one that belongs to the type of the family.
        let (mut counter, mut gauge) = (Counter::default(), Gauge::default());
        counter.set_value(value);
        gauge.set_value(value);
        metric.set_counter(counter);
        metric.set_gauge(gauge);
        self.0.entry(name).or_default().push(metric);
    }

    /// Returns the families that have a metric, as the encoder refuses others.
    fn into_families(mut self) -> Vec<MetricFamily> {
        let lines = HELP.lines().filter_map(|line| line.split_once(' '));
        let families = lines.filter_map(|(name, help)| {
            let mut family = MetricFamily::default();
            family.set_field_type(match name.ends_with("_total") {
                true => MetricType::COUNTER,
                false => MetricType::GAUGE,
            });
            family.set_name(format!("asset_host_{name}"));
            family.set_help(help.to_owned());
            family.set_metric(self.0.remove(name)?);
            Some(family)
        });
        families.collect()
    }
}

fn seconds(time: OffsetDateTime) -> f64 {
    // Milliseconds: what a float holds exactly, and what other texts show.
    (time.unix_timestamp_nanos() / 1_000_000) as f64 / 1_000.0
}

#[cfg(test)]
mod tests;
