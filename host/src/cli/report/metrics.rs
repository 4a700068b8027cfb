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
        let mut families = self.recorded().families();
        // The encoder refuses a family without a metric.
        families.retain(|family| !family.get_metric().is_empty());
        TextEncoder::new().encode_to_string(&families)
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
        use MetricType::{COUNTER, GAUGE};
        let of_run = |value: fn(&(ExitStatus, OffsetDateTime, f64)) -> f64| {
            self.last_run.iter().map(move |run| (vec![], value(run)))
        };
        let of_entries = |labels: fn(&Entry) -> Labels<'_>| {
            self.entries
                .iter()
                .flatten()
                .map(move |entry| (labels(entry), 1.0))
        };
        let of_sources = |value: fn(&Source) -> Option<f64>| {
            let sources = self.sources.iter();
            let sources = sources.filter(|([account, _], _)| self.accounts.contains(account));
            sources.filter_map(move |([account, id], source)| {
                Some((
                    vec![("account", account.as_str()), ("source", id.as_str())],
                    value(source)?,
                ))
            })
        };
        let rejects = |by: &'static str, value: fn(&Tally) -> u64| {
            let sources = self.sources.iter();
            let sources = sources.filter(|([account, _], _)| self.accounts.contains(account));
            sources.map(move |([account, id], source)| {
                let labels = vec![("account", account.as_str()), ("by", by), ("source", id)];
                (labels, value(&source.tally) as f64)
            })
        };
        let exits = [
            (ExitStatus::Done, "0"),
            (ExitStatus::SomeFailed, "1"),
            (ExitStatus::CouldNotRun, "2"),
        ];
        let runs = |status| self.runs.get(&status).copied().unwrap_or_default() as f64;
        let outcomes = self.entries.iter().flat_map(|entries| {
            Outcome::WORDS.map(|word| {
                let ended = entries.iter().filter(|entry| entry.outcome.word() == word);
                (vec![("outcome", word)], ended.count() as f64)
            })
        });
        let denied = self.denied.iter();
        let denied = denied.filter(|((account, _), _)| self.accounts.contains(account));
        vec![
            family(
                GAUGE,
                "asset_host_build_info",
                "The version of asset-host; always 1.",
                [(vec![("version", env!("CARGO_PKG_VERSION"))], 1.0)],
            ),
            family(
                COUNTER,
                "asset_host_runs_total",
                "Completed runs since the start of the process, by exit code.",
                exits.map(|(status, code)| (vec![("exit_code", code)], runs(status))),
            ),
            family(
                GAUGE,
                "asset_host_last_run_end_timestamp_seconds",
                "When the last run ended.",
                of_run(|(_, at, _)| seconds(*at)),
            ),
            family(
                GAUGE,
                "asset_host_last_run_duration_seconds",
                "How long the last run took.",
                of_run(|(.., took)| *took),
            ),
            family(
                GAUGE,
                "asset_host_last_run_exit_code",
                "The exit code of the last run: 0 success, 1 some failed, 2 could not run.",
                of_run(|(status, ..)| f64::from(*status as u8)),
            ),
            family(
                GAUGE,
                "asset_host_sources",
                "Sources of the last run, by outcome.",
                outcomes,
            ),
            family(
                GAUGE,
                "asset_host_source_info",
                "The name of the source; always 1.",
                of_entries(|entry| {
                    let [account, source] = of(entry);
                    vec![account, ("name", &entry.name), source]
                }),
            ),
            family(
                GAUGE,
                "asset_host_source_outcome",
                "The outcome of the source in the last run, as a label; always 1.",
                of_entries(|entry| {
                    let [account, source] = of(entry);
                    vec![account, ("outcome", entry.outcome.word()), source]
                }),
            ),
            family(
                GAUGE,
                "asset_host_source_last_success_timestamp_seconds",
                "When the source was last up to date.",
                of_sources(|source| source.last_success.map(seconds)),
            ),
            family(
                GAUGE,
                "asset_host_source_mark_timestamp_seconds",
                "The time up to which the source is collected.",
                of_sources(|source| source.mark.map(seconds)),
            ),
            family(
                COUNTER,
                "asset_host_source_pages_total",
                "Pages that the destination confirmed.",
                of_sources(|source| Some(source.tally.pages as f64)),
            ),
            family(
                COUNTER,
                "asset_host_source_events_total",
                "Events that the destination confirmed.",
                of_sources(|source| Some(source.tally.events as f64)),
            ),
            family(
                COUNTER,
                "asset_host_source_unchanged_total",
                "Events that were not sent because only a heartbeat changed.",
                of_sources(|source| Some(source.tally.unchanged as f64)),
            ),
            family(
                COUNTER,
                "asset_host_source_rejects_total",
                "Records rejected by the component and events rejected by the destination.",
                rejects("component", |tally| tally.rejects)
                    .chain(rejects("destination", |tally| tally.refused)),
            ),
            family(
                COUNTER,
                "asset_host_source_retries_total",
                "Repeated calls of the component and requests to the destination.",
                of_sources(|source| Some(source.tally.retries as f64)),
            ),
            family(
                COUNTER,
                "asset_host_requests_denied_total",
                "Requests of the component that the sandbox denied, by rule.",
                denied.map(|((account, rule), count)| {
                    (
                        vec![("account", account.as_str()), ("rule", rule)],
                        *count as f64,
                    )
                }),
            ),
        ]
    }
}

type Labels<'a> = Vec<(&'static str, &'a str)>;

/// Returns account and source of an entry as labels.
fn of(entry: &Entry) -> [(&'static str, &str); 2] {
    [
        ("account", &entry.account),
        ("source", entry.source.as_deref().unwrap_or_default()),
    ]
}

fn family<'a>(
    kind: MetricType,
    name: &str,
    help: &str,
    metrics: impl IntoIterator<Item = (Labels<'a>, f64)>,
) -> MetricFamily {
    let metric = |(labels, value): (Labels<'a>, f64)| {
        let labels = labels.into_iter().map(|(name, value)| {
            let mut label = LabelPair::default();
            label.set_name(name.to_owned());
            label.set_value(value.to_owned());
            label
        });
        let mut metric = Metric::from_label(labels.collect());
        // The encoder reads the one that the family's type names.
        let (mut counter, mut gauge) = (Counter::default(), Gauge::default());
        counter.set_value(value);
        gauge.set_value(value);
        metric.set_counter(counter);
        metric.set_gauge(gauge);
        metric
    };
    let mut family = MetricFamily::default();
    family.set_field_type(kind);
    family.set_name(name.to_owned());
    family.set_help(help.to_owned());
    family.set_metric(metrics.into_iter().map(metric).collect());
    family
}

fn seconds(time: OffsetDateTime) -> f64 {
    // Milliseconds: what a float holds exactly, and what other texts show.
    (time.unix_timestamp_nanos() / 1_000_000) as f64 / 1_000.0
}

#[cfg(test)]
mod tests;
