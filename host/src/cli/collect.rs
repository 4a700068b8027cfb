//! `collect`: collects every account, once or on a schedule, and reports what became of each.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use tracing::{error, info, warn};

use crate::cli::args;
use crate::cli::exit::ExitStatus;
use crate::cli::log::Terminal;
use crate::cli::report::export::Exporter;
use crate::cli::report::file::ReportFile;
use crate::cli::report::{json, text};
use crate::cli::signals;
use crate::config::{Account, Config, DestinationConfig};
use crate::run::account::open_destination;
use crate::run::cluster_queue::ClusterQueue;
use crate::run::engine;
use crate::run::failure;
use crate::run::jobs::{Event, run_jobs};
use crate::run::prepare::prepare;
use crate::run::process::{Process, Settings};
use crate::run::queue::{LocalQueue, Queue};
use crate::run::range::Range;
use crate::run::report::{AccountReport, Report};
use crate::run::schedule::Schedule;
use crate::state::{Store, Stored, Wanted, Writes};
use crate::units::duration;

/// Collects once, or for ever with `--every`.
///
/// # Errors
///
/// When nothing could run: a wrong flag, a configuration that cannot be read, a state that cannot be opened; with
/// `--strict` also an account that is not in order. Nothing has been requested or stored by then.
pub(crate) async fn run(
    path: &Path,
    args: &args::Collect,
    terminal: &Terminal,
) -> anyhow::Result<ExitStatus> {
    let range = Range::new(args.since, args.until)?;
    let schedule = args.every.map(|every| Schedule::new(every, args.jitter));
    let schedule = schedule.transpose()?;
    let summary = args.summary.as_deref().map(ReportFile::new).transpose();
    let summary = summary.context("--summary")?;
    // On a terminal SIGHUP means that the person has gone, and ends the run as it ends any program.
    if !io::stderr().is_terminal() {
        signals::ignore_hang_ups()?;
    }
    let mut settings = Settings {
        dry_run: args.dry_run,
        range,
        wanted: match (args.full, args.restart) {
            (true, true) => Wanted::FullRestart,
            (true, false) => Wanted::Full,
            (false, _) => Wanted::Normal,
        },
        limit: args.limit,
        accept_rejects: args.accept_rejects,
        jobs: args.jobs,
        has_replicas: false,
        is_once: schedule.is_none(),
        stop: signals::stop_on_signals(args.stop_within)?,
        progress: terminal.progress(),
    };
    let metrics = match &args.metrics {
        Some(target) => Some(Exporter::start(target).await.context("--metrics")?),
        None => None,
    };
    let config = Config::load(path)?;
    let store = Store::open(&config.state).await?;
    if schedule.is_some() {
        // What is wrong with it would be wrong at every slot.
        store.prepare(settings.writes()).await?;
    }
    let stored = store.all().await?;
    // A preview stores no slot, so it is this process's own.
    settings.has_replicas = store.cluster().is_some() && settings.writes() == Writes::Everything;
    let process = Process::new(settings, engine::start()?, store);
    if args.strict {
        check_all(&process, &config, &stored, &args.accounts).await?;
    }
    let mut results = Results {
        terminal,
        is_service: schedule.is_some(),
        // A range and a preview say nothing about how far the sources are collected.
        metrics: metrics.filter(|_| !process.settings.ignores_state()),
        summary,
        latest: Report {
            dry_run: args.dry_run,
            ..Report::default()
        },
        failed: false,
        process: &process,
    };
    results.remember(&config, &stored, &args.accounts)?;
    let selected = args.accounts.clone();
    let slots = stored.into_iter();
    let slots = slots.filter_map(|(account, stored)| Some((account, stored.account.slot?)));
    if process.settings.has_replicas {
        warn_of_own_files(&config, &process);
    }
    let mut queue = LocalQueue::new(config, selected, schedule, slots.collect());
    if let Some(wait) = queue.wait().filter(|wait| !wait.is_zero()) {
        info!(
            "the first account starts in {}",
            duration::format(whole(wait))
        );
    }
    let cluster = process.store.cluster().cloned();
    match cluster.filter(|_| process.settings.has_replicas) {
        Some(cluster) => {
            let mut queue = ClusterQueue::new(&process, cluster, queue);
            run_jobs(&process, &mut queue, |queue, event| {
                results.add(queue, event)
            })
            .await;
        }
        None => {
            run_jobs(&process, &mut queue, |queue, event| {
                results.add(queue, event)
            })
            .await
        }
    }
    Ok(results.end())
}

/// Warns of what each replica keeps for itself, as another one may collect the next page.
fn warn_of_own_files(config: &Config, process: &Process) {
    let own = |account: &&Account| {
        let deliver = &account.deliver;
        matches!(
            deliver,
            DestinationConfig::File(_) | DestinationConfig::Stdout
        )
    };
    let accounts = config.accounts.iter().filter(own);
    let accounts: Vec<_> = accounts.map(|account| account.name.as_str()).collect();
    if !accounts.is_empty() {
        warn!(
            "each replica has files and a standard output of its own, so the events of an account may be spread over those \
             of all replicas: {}",
            accounts.join(", ")
        );
    }
    warn!(
        "rejected records are logged, and written to {}, which is this replica's own",
        process.store.rejects().display()
    );
}

/// Makes every account ready as a job would, and stores nothing.
///
/// # Errors
///
/// Why an account is not in order, for each that is not.
async fn check_all(
    process: &Process,
    config: &Config,
    stored: &BTreeMap<String, Stored>,
    names: &[String],
) -> anyhow::Result<()> {
    let (accounts, wrong) = config.select(names)?;
    let mut errors: Vec<_> = wrong.iter().map(|wrong| wrong.error.to_string()).collect();
    for account in accounts {
        let account = Arc::new(account.clone());
        let stored = stored.get(&account.name);
        let approved = stored.and_then(|stored| stored.account.consent.clone());
        let ready = async {
            let ready = prepare(process, &process.settings.stop, &account, approved).await?;
            open_destination(&ready.account, &process.settings).await
        };
        if let Err(error) = ready.await {
            errors.push(failure::with_causes(&error));
        }
    }
    match errors.is_empty() {
        true => Ok(()),
        false => bail!(errors.join("\n")),
    }
}

/// The results of a process, and where they are reported.
struct Results<'a> {
    terminal: &'a Terminal,
    /// Whether accounts are collected again and again: `--every`.
    is_service: bool,
    /// `--metrics`
    metrics: Option<Exporter>,
    /// `--summary`
    summary: Option<ReportFile>,
    /// The last result of each account.
    latest: Report,
    /// Whether the last attempt to write the summary or the metrics failed.
    failed: bool,
    process: &'a Process,
}

impl Results<'_> {
    /// Lets the metrics begin with what earlier processes have stored.
    fn remember(
        &self,
        config: &Config,
        stored: &BTreeMap<String, Stored>,
        names: &[String],
    ) -> anyhow::Result<()> {
        let (accounts, _) = config.select(names)?;
        let Some(Exporter { metrics, .. }) = &self.metrics else {
            return Ok(());
        };
        for account in accounts {
            let stored = stored.get(&account.name);
            for stored in stored.into_iter().flat_map(Stored::states) {
                let (success, mark) = (stored.last_success_at, stored.mark.as_deref());
                metrics.remember(&account.name, &stored.source, success, mark);
            }
        }
        Ok(())
    }

    fn add(&mut self, queue: &impl Queue, event: Event) {
        let ended = match event {
            Event::Gone(account) => {
                info!(account, "the configuration no longer has the account");
                self.latest
                    .accounts
                    .retain(|other| other.account != account);
                if let Some(exporter) = &self.metrics {
                    exporter.metrics.forget(&account);
                }
                None
            }
            Event::Ended(report) => {
                let accounts = &mut self.latest.accounts;
                accounts.retain(|other| other.account != report.account);
                accounts.push(report.clone());
                if let Some(exporter) = &self.metrics
                    && !self.latest.dry_run
                {
                    exporter.metrics.record(&report);
                }
                Some(report)
            }
            Event::Running => None,
        };
        if self.is_service {
            self.publish();
            if let Some(report) = ended {
                self.show(queue, report);
            }
        }
    }

    /// Shows the result of an account that is collected again.
    fn show(&self, queue: &impl Queue, report: AccountReport) {
        let account = report.account.clone();
        let alone = Report {
            dry_run: self.latest.dry_run,
            accounts: vec![report],
        };
        text::show(&alone, self.terminal);
        if let Some(wait) = queue.wait_of(&account)
            && !self.process.settings.stop.requested()
        {
            info!(
                account,
                "the next run starts in {}",
                duration::format(whole(wait))
            );
        }
    }

    /// Writes the summary and the metrics.
    fn publish(&mut self) {
        let paused = self.process.paused();
        if let Some(exporter) = &self.metrics {
            exporter.metrics.set_paused(&paused);
        }
        let summary = self.summary.as_ref().map(|file| {
            let text = json::render(&self.latest, &paused)?;
            file.write(&text).context("--summary")
        });
        let metrics = self.metrics.as_ref().filter(|_| !self.latest.dry_run);
        let metrics = metrics.map(|metrics| metrics.publish().context("--metrics"));
        self.failed = false;
        for error in summary.into_iter().chain(metrics).filter_map(Result::err) {
            error!("{}", failure::with_causes(&error));
            self.failed = true;
        }
    }

    /// Reports the results of a run that has ended, and returns how it ended.
    fn end(mut self) -> ExitStatus {
        let status = ExitStatus::of(&self.latest);
        if self.is_service {
            // What could not run at its last slot is tried again at the next one.
            return status.min(ExitStatus::SomeFailed);
        }
        text::show(&self.latest, self.terminal);
        self.publish();
        match self.failed {
            true => status.max(ExitStatus::SomeFailed),
            false => status,
        }
    }
}

/// Returns a wait in whole seconds, as people count them.
fn whole(wait: Duration) -> Duration {
    Duration::from_secs(wait.as_secs())
}
