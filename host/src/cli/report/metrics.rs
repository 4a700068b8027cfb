//! Reports as metrics, in the text format of Prometheus. docs/operations.md documents their names.
//!
//! Counters count from the start of the process; gauges describe the last run of each account. The name of a source has a series of its
//! own, so that a renamed tenant keeps its history.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prometheus::{GaugeVec, IntCounterVec, Opts, Registry, Result, TextEncoder};
use time::OffsetDateTime;

use crate::cli::exit::ExitStatus;
use crate::run::report::{AccountReport, Outcome, Tally};
use crate::sandbox::egress::denials::Rule;
use crate::units::timestamp;

/// Each metric: its name without the prefix `asset_host_`, its labels, and its help for who looks at it in Prometheus.
#[rustfmt::skip]
const METRICS: [(&str, &[&str], &str); 17] = [
    ("build_info", &["version"], "The version of asset-host; always 1."),
    ("runs_total", &["account", "exit_code"], "Completed runs of the account since the start of the process, by exit code."),
    ("last_run_end_timestamp_seconds", &["account"], "When the last run of the account ended."),
    ("last_run_duration_seconds", &["account"], "How long the last run of the account took."),
    ("last_run_exit_code", &["account"], "The exit code of the last run of the account: 0 success, 1 some failed, 2 could not run."),
    ("account_paused_until_timestamp_seconds", &["account"], "Until when the requests of the account pause, as the API asked; only while they do."),
    ("sources", &["account", "outcome"], "Sources of the last run of the account, by outcome."),
    ("source_info", &["account", "source", "name"], "The name of the source; always 1."),
    ("source_outcome", &["account", "source", "outcome"], "The outcome of the source in the last run, as a label; always 1."),
    ("source_last_success_timestamp_seconds", &["account", "source"], "When the source was last up to date."),
    ("source_mark_timestamp_seconds", &["account", "source"], "The time up to which the source is collected."),
    ("source_pages_total", &["account", "source"], "Pages that the destination confirmed."),
    ("source_events_total", &["account", "source"], "Events that the destination confirmed."),
    ("source_unchanged_total", &["account", "source"], "Events that were not sent because only a heartbeat changed."),
    ("source_rejects_total", &["account", "source", "by"], "Records rejected by the component and events rejected by the destination."),
    ("source_retries_total", &["account", "source"], "Repeated calls of the component and repeated requests to the destination."),
    ("requests_denied_total", &["account", "rule"], "Requests of the component that the sandbox denied, by rule."),
];

const SUCCESS: &str = "source_last_success_timestamp_seconds";
const PAUSED: &str = "account_paused_until_timestamp_seconds";
const MARK: &str = "source_mark_timestamp_seconds";

/// A source of an account's last run: its id, its name and its outcome.
type Shown = (String, String, &'static str);

/// The metrics of a process.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    counters: BTreeMap<&'static str, IntCounterVec>,
    gauges: BTreeMap<&'static str, GaugeVec>,
    /// The accounts that are written, each with what is shown of its last run. One that the configuration no longer
    /// has keeps its counters, in case it comes back, but is not written. The lock also keeps a reader from seeing
    /// half of a run.
    accounts: Mutex<BTreeMap<String, Vec<Shown>>>,
}

impl Metrics {
    /// Registers all metrics.
    ///
    /// # Errors
    ///
    /// None known.
    pub(crate) fn new() -> Result<Self> {
        let mut metrics = Self {
            registry: Registry::new_custom(Some("asset_host".to_owned()), None)?,
            counters: BTreeMap::new(),
            gauges: BTreeMap::new(),
            accounts: Mutex::default(),
        };
        for (name, labels, help) in METRICS {
            let options = Opts::new(name, help);
            if name.ends_with("_total") {
                let counter = IntCounterVec::new(options, labels)?;
                metrics.registry.register(Box::new(counter.clone()))?;
                metrics.counters.insert(name, counter);
            } else {
                let gauge = GaugeVec::new(options, labels)?;
                metrics.registry.register(Box::new(gauge.clone()))?;
                metrics.gauges.insert(name, gauge);
            }
        }
        metrics.set("build_info", &[env!("CARGO_PKG_VERSION")], 1.0);
        Ok(metrics)
    }

    /// Adds what the state knows of a source, so that one that fails from the start of the process on has an age, too.
    pub(crate) fn remember(
        &self,
        account: &str,
        source: &str,
        last_success: Option<OffsetDateTime>,
        mark: Option<&str>,
    ) {
        self.accounts().entry(account.to_owned()).or_default();
        self.count(account, source, Tally::default());
        self.advance(account, source, last_success, mark);
    }

    /// Records the end of an account's job.
    pub(crate) fn record(&self, report: &AccountReport) {
        let account = report.account.as_str();
        let mut accounts = self.accounts();
        let shown = report.entries.iter().map(|entry| {
            let source = entry.source.clone().unwrap_or_default();
            (source, entry.name.clone(), entry.outcome.word())
        });
        let before = accounts.insert(account.to_owned(), shown.collect());
        let code = ExitStatus::of_account(report) as u8;
        for other in 0..=2_u8 {
            // Codes without a run, too: a counter that is there from the start shows its first step.
            let labels = [account, &other.to_string()];
            self.add("runs_total", &labels, u64::from(other == code));
        }
        for (gauge, value) in [
            ("last_run_end_timestamp_seconds", seconds(report.ended_at)),
            ("last_run_duration_seconds", report.took().as_secs_f64()),
            ("last_run_exit_code", f64::from(code)),
        ] {
            self.set(gauge, &[account], value);
        }
        self.remove_shown(account, &before.unwrap_or_default());
        for outcome in Outcome::WORDS {
            let entries = report.entries.iter();
            let count = entries.filter(|entry| entry.outcome.word() == outcome);
            self.set("sources", &[account, outcome], count.count() as f64);
        }
        for entry in &report.entries {
            // An empty label means the account itself.
            let id = entry.source.as_deref().unwrap_or_default();
            self.set("source_info", &[account, id, &entry.name], 1.0);
            let outcome = entry.outcome.word();
            self.set("source_outcome", &[account, id, outcome], 1.0);
            if entry.outcome.is_notice() {
                // Nothing new is expected of it, so its age must raise no alert.
                for gauge in [SUCCESS, MARK]
                    .iter()
                    .filter_map(|name| self.gauges.get(name))
                {
                    // It may have none.
                    let _ = gauge.remove_label_values(&[account, id]);
                }
                continue;
            }
            self.count(account, id, entry.tally);
            let success = (entry.outcome == Outcome::UpToDate).then_some(report.ended_at);
            self.advance(account, id, success, entry.mark.as_deref());
        }
        // Rules without a denied request, too, as above.
        let none = Rule::ALL.map(|rule| (rule, 0));
        for (rule, count) in none.iter().chain(&report.denied) {
            self.add("requests_denied_total", &[account, rule.word()], *count);
        }
    }

    /// Records how long the API has asked accounts to pause.
    pub(crate) fn set_paused(&self, paused: &BTreeMap<String, Duration>) {
        let mut accounts = self.accounts();
        if let Some(gauge) = self.gauges.get(PAUSED) {
            gauge.reset();
        }
        for (account, pause) in paused {
            accounts.entry(account.clone()).or_default();
            let until = OffsetDateTime::now_utc() + *pause;
            self.set(PAUSED, &[account], seconds(until));
        }
    }

    /// Removes the names and outcomes of an account's sources in its last run.
    fn remove_shown(&self, account: &str, shown: &[Shown]) {
        for (source, name, outcome) in shown {
            for (gauge, label) in [("source_info", &**name), ("source_outcome", outcome)] {
                if let Some(gauge) = self.gauges.get(gauge) {
                    let _ = gauge.remove_label_values(&[account, source, label]);
                }
            }
        }
    }

    /// Writes nothing of an account any more, as the configuration no longer has it.
    pub(crate) fn forget(&self, account: &str) {
        let shown = self.accounts().remove(account);
        self.remove_shown(account, &shown.unwrap_or_default());
    }

    /// Writes the metrics in the text format 0.0.4.
    ///
    /// # Errors
    ///
    /// None known.
    pub(crate) fn encode(&self) -> Result<String> {
        let accounts = self.accounts();
        let mut families = self.registry.gather();
        for family in &mut families {
            family.mut_metric().retain(|metric| {
                let mut labels = metric.get_label().iter();
                labels
                    .all(|label| label.name() != "account" || accounts.contains_key(label.value()))
            });
        }
        // The encoder refuses a family without a metric.
        families.retain(|family| !family.get_metric().is_empty());
        TextEncoder::new().encode_to_string(&families)
    }

    fn accounts(&self) -> MutexGuard<'_, BTreeMap<String, Vec<Shown>>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, account: &str, source: &str, tally: Tally) {
        let of_source = [account, source];
        self.add("source_pages_total", &of_source, tally.pages);
        self.add("source_events_total", &of_source, tally.events);
        self.add("source_unchanged_total", &of_source, tally.unchanged);
        self.add("source_retries_total", &of_source, tally.retries);
        for (by, count) in [("component", tally.rejects), ("destination", tally.refused)] {
            self.add("source_rejects_total", &[account, source, by], count);
        }
    }

    fn advance(
        &self,
        account: &str,
        source: &str,
        last_success: Option<OffsetDateTime>,
        mark: Option<&str>,
    ) {
        // The mark of another component need not be a time.
        let mark = mark.and_then(|mark| timestamp::parse(mark).ok());
        for (name, time) in [(SUCCESS, last_success), (MARK, mark)] {
            if let Some(time) = time {
                self.set(name, &[account, source], seconds(time));
            }
        }
    }

    fn add(&self, name: &str, labels: &[&str], count: u64) {
        if let Some(counter) = self.counters.get(name) {
            counter.with_label_values(labels).inc_by(count);
        }
    }

    fn set(&self, name: &str, labels: &[&str], value: f64) {
        if let Some(gauge) = self.gauges.get(name) {
            gauge.with_label_values(labels).set(value);
        }
    }
}

fn seconds(time: OffsetDateTime) -> f64 {
    // Milliseconds: what a float holds exactly, and what other texts show.
    (time.unix_timestamp_nanos() / 1_000_000) as f64 / 1_000.0
}

#[cfg(test)]
mod tests;
