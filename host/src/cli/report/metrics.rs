//! Reports as metrics, in the text format of Prometheus. Names and meaning are documented in docs/operations.md.
//!
//! Counters count since the process began; gauges tell the last run. Labels are bounded by the number of sources;
//! the name of a source is in one series of its own, so that a tenant that is renamed keeps its history.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prometheus::core::Collector;
use prometheus::{GaugeVec, IntCounterVec, IntGaugeVec, Opts, Registry, Result, TextEncoder};
use time::OffsetDateTime;

use crate::cli::exit::ExitStatus;
use crate::run::report::{Entry, Outcome, Report, Tally};
use crate::sandbox::egress::denials::Rule;
use crate::units::timestamp;

/// The metrics of a process.
#[derive(Debug)]
pub(crate) struct Metrics {
    /// The accounts of the last run: what was recorded of others, which the configuration no longer has, is kept and
    /// not written. Held while a report is recorded, so that nobody reads half of one.
    accounts: Mutex<BTreeSet<String>>,
    registry: Registry,
    runs: IntCounterVec,
    /// These have no labels, and no value before a run has ended: a 0 would be taken for a time.
    last_end: GaugeVec,
    last_duration: GaugeVec,
    last_exit_code: GaugeVec,
    sources: IntGaugeVec,
    source_info: IntGaugeVec,
    source_outcome: IntGaugeVec,
    source_success: GaugeVec,
    source_mark: GaugeVec,
    pages: IntCounterVec,
    events: IntCounterVec,
    unchanged: IntCounterVec,
    rejects: IntCounterVec,
    retries: IntCounterVec,
    denied: IntCounterVec,
}

const ACCOUNT: &str = "account";
const SOURCE: [&str; 2] = [ACCOUNT, "source"];
const EXITS: [ExitStatus; 3] = [
    ExitStatus::Done,
    ExitStatus::SomeFailed,
    ExitStatus::CouldNotRun,
];

impl Metrics {
    /// Metrics before the first run.
    ///
    /// # Errors
    ///
    /// None that is known; the crate reports names that it does not take.
    pub(crate) fn new() -> Result<Self> {
        let registry = Registry::new();
        let build = int_gauges(
            &registry,
            "asset_host_build_info",
            "The version of asset-host; always 1.",
            &["version"],
        )?;
        build
            .get_metric_with_label_values(&[env!("CARGO_PKG_VERSION")])?
            .set(1);
        let counter = |name, help, labels: &[&str]| {
            let metric = IntCounterVec::new(Opts::new(name, help), labels)?;
            register(&registry, metric)
        };
        let gauges = |name, help, labels: &[&str]| {
            register(&registry, GaugeVec::new(Opts::new(name, help), labels)?)
        };
        let metrics = Self {
            accounts: Mutex::default(),
            runs: counter(
                "asset_host_runs_total",
                "Runs that have ended since the process began, by exit code.",
                &["exit_code"],
            )?,
            last_end: gauges(
                "asset_host_last_run_end_timestamp_seconds",
                "When the last run ended.",
                &[],
            )?,
            last_duration: gauges(
                "asset_host_last_run_duration_seconds",
                "How long the last run took.",
                &[],
            )?,
            last_exit_code: gauges(
                "asset_host_last_run_exit_code",
                "The exit code of the last run: 0 done, 1 some failed, 2 could not run.",
                &[],
            )?,
            sources: int_gauges(
                &registry,
                "asset_host_sources",
                "Sources of the last run, by how they ended.",
                &["outcome"],
            )?,
            source_info: int_gauges(
                &registry,
                "asset_host_source_info",
                "What a person calls the source; always 1.",
                &[ACCOUNT, "source", "name"],
            )?,
            source_outcome: int_gauges(
                &registry,
                "asset_host_source_outcome",
                "How the source ended in the last run; always 1, with the one outcome as a label.",
                &[ACCOUNT, "source", "outcome"],
            )?,
            source_success: gauges(
                "asset_host_source_last_success_timestamp_seconds",
                "When the source was last up to date.",
                &SOURCE,
            )?,
            source_mark: gauges(
                "asset_host_source_mark_timestamp_seconds",
                "The time until which the source is collected.",
                &SOURCE,
            )?,
            pages: counter(
                "asset_host_source_pages_total",
                "Pages that the destination confirmed.",
                &SOURCE,
            )?,
            events: counter(
                "asset_host_source_events_total",
                "Events that the destination confirmed.",
                &SOURCE,
            )?,
            unchanged: counter(
                "asset_host_source_unchanged_total",
                "Events that were not sent, as nothing but a heartbeat changed.",
                &SOURCE,
            )?,
            rejects: counter(
                "asset_host_source_rejects_total",
                "Records that the component set aside and events that the destination refused.",
                &[ACCOUNT, "source", "by"],
            )?,
            retries: counter(
                "asset_host_source_retries_total",
                "Calls of the component and requests to the destination that were made again.",
                &SOURCE,
            )?,
            denied: counter(
                "asset_host_requests_denied_total",
                "Requests of the component that were not let out, by the rule of the sandbox.",
                &[ACCOUNT, "rule"],
            )?,
            registry,
        };
        // A counter that is there from the start shows its first step.
        for exit in EXITS {
            metrics
                .runs
                .get_metric_with_label_values(&[exit_code(exit)])?;
        }
        Ok(metrics)
    }

    /// Takes over from the state when a source was last up to date and how far it is collected, so that a source
    /// that fails since the process began is known too.
    ///
    /// # Errors
    ///
    /// As [`Metrics::new`].
    pub(crate) fn remember(
        &self,
        account: &str,
        source: &str,
        last_success: Option<OffsetDateTime>,
        mark: Option<&str>,
    ) -> Result<()> {
        self.accounts().insert(account.to_owned());
        self.progress([account, source], last_success, mark)
    }

    /// Records a run that has ended. A dry run did nothing and is not recorded.
    ///
    /// # Errors
    ///
    /// As [`Metrics::new`].
    pub(crate) fn record(&self, report: &Report) -> Result<()> {
        if report.dry_run {
            return Ok(());
        }
        let mut accounts = self.accounts();
        *accounts = report.denied.keys().cloned().collect();
        self.ended(ExitStatus::of(report), report.ended_at, report.took())?;
        for metric in [&self.sources, &self.source_info, &self.source_outcome] {
            metric.reset();
        }
        for word in Outcome::WORDS {
            self.sources.get_metric_with_label_values(&[word])?;
        }
        for entry in &report.entries {
            self.entry(entry, report.ended_at)?;
        }
        for (account, counts) in &report.denied {
            self.denied(account, counts)?;
        }
        Ok(())
    }

    /// Records a run that could not begin, such as one that found the state in use.
    ///
    /// # Errors
    ///
    /// As [`Metrics::new`].
    pub(crate) fn record_could_not_run(&self, at: OffsetDateTime) -> Result<()> {
        let _accounts = self.accounts();
        self.ended(ExitStatus::CouldNotRun, at, Duration::ZERO)
    }

    /// Writes the metrics in the text format 0.0.4, those of accounts that the last run had.
    ///
    /// # Errors
    ///
    /// None that is known; the crate reports metrics that it cannot write.
    pub(crate) fn encode(&self) -> Result<String> {
        let accounts = self.accounts();
        let mut families = self.registry.gather();
        for family in &mut families {
            family.mut_metric().retain(|metric| {
                let mut labels = metric.get_label().iter();
                labels
                    .find(|label| label.name() == ACCOUNT)
                    .is_none_or(|label| accounts.contains(label.value()))
            });
        }
        // A family without a metric is an error of the encoder.
        families.retain(|family| !family.get_metric().is_empty());
        TextEncoder::new().encode_to_string(&families)
    }

    fn accounts(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ended(&self, status: ExitStatus, at: OffsetDateTime, took: Duration) -> Result<()> {
        self.runs
            .get_metric_with_label_values(&[exit_code(status)])?
            .inc();
        for (metric, value) in [
            (&self.last_exit_code, f64::from(status as u8)),
            (&self.last_end, seconds(at)),
            (&self.last_duration, took.as_secs_f64()),
        ] {
            metric.get_metric_with_label_values::<&str>(&[])?.set(value);
        }
        Ok(())
    }

    fn entry(&self, entry: &Entry, ended_at: OffsetDateTime) -> Result<()> {
        let account = entry.account.as_str();
        // An empty label is none: the account as a whole.
        let source = entry.source.as_deref().unwrap_or_default();
        let outcome = entry.outcome.word();
        let of = [account, source];
        self.sources.get_metric_with_label_values(&[outcome])?.inc();
        self.source_info
            .get_metric_with_label_values(&[account, source, &entry.name])?
            .set(1);
        self.source_outcome
            .get_metric_with_label_values(&[account, source, outcome])?
            .set(1);
        if entry.outcome.is_notice() {
            // Nobody expects news of it, so its age is nothing to be woken for. It may not be there.
            let _ = self.source_success.remove_label_values(&of);
            let _ = self.source_mark.remove_label_values(&of);
            return Ok(());
        }
        let success = (entry.outcome == Outcome::UpToDate).then_some(ended_at);
        self.progress(of, success, entry.mark.as_deref())?;
        self.count(of, entry.tally)
    }

    fn progress(
        &self,
        of: [&str; 2],
        last_success: Option<OffsetDateTime>,
        mark: Option<&str>,
    ) -> Result<()> {
        // A component may use another text than a time as its mark.
        let mark = mark.and_then(|mark| timestamp::parse(mark).ok());
        for (metric, time) in [
            (&self.source_success, last_success),
            (&self.source_mark, mark),
        ] {
            if let Some(time) = time {
                metric.get_metric_with_label_values(&of)?.set(seconds(time));
            }
        }
        Ok(())
    }

    fn denied(&self, account: &str, counts: &[(Rule, u64)]) -> Result<()> {
        // Those without a count too: a counter that is there shows its first step.
        let none = Rule::ALL.map(|rule| (rule, 0));
        for (rule, count) in none.iter().chain(counts) {
            self.denied
                .get_metric_with_label_values(&[account, rule.word()])?
                .inc_by(*count);
        }
        Ok(())
    }

    fn count(&self, of: [&str; 2], tally: Tally) -> Result<()> {
        for (metric, count) in [
            (&self.pages, tally.pages),
            (&self.events, tally.events),
            (&self.unchanged, tally.unchanged),
            (&self.retries, tally.retries),
        ] {
            metric.get_metric_with_label_values(&of)?.inc_by(count);
        }
        let [account, source] = of;
        for (by, count) in [("component", tally.rejects), ("destination", tally.refused)] {
            self.rejects
                .get_metric_with_label_values(&[account, source, by])?
                .inc_by(count);
        }
        Ok(())
    }
}

fn register<M: Collector + Clone + 'static>(registry: &Registry, metric: M) -> Result<M> {
    registry.register(Box::new(metric.clone()))?;
    Ok(metric)
}

fn int_gauges(registry: &Registry, name: &str, help: &str, labels: &[&str]) -> Result<IntGaugeVec> {
    register(registry, IntGaugeVec::new(Opts::new(name, help), labels)?)
}

fn exit_code(status: ExitStatus) -> &'static str {
    match status {
        ExitStatus::Done => "0",
        ExitStatus::SomeFailed => "1",
        ExitStatus::CouldNotRun => "2",
    }
}

fn seconds(time: OffsetDateTime) -> f64 {
    // Milliseconds: what a float holds exactly, and what other texts show.
    (time.unix_timestamp_nanos() / 1_000_000) as f64 / 1_000.0
}

#[cfg(test)]
mod tests;
