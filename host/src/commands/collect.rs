//! `collect`: every source of every account, delivered and stored page by page.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::Context;
use time::OffsetDateTime;
use tracing::{error, info};

use crate::cli;
use crate::config::Config;
use crate::deliver::{self, Discard, HangUps};
use crate::duration;
use crate::exit::ExitStatus;
use crate::failure;
use crate::log::Terminal;
use crate::prepare;
use crate::range::Range;
use crate::rejects::Rejects;
use crate::report::{ExportError, Exporter, Outcome, Report, Target, WholeFile, json};
use crate::run::{self, Settings};
use crate::runtime::Runtime;
use crate::schedule::Schedule;
use crate::state::{State, Wanted};
use crate::stop::Stop;

/// Collects once, or for ever with `--every`.
///
/// # Errors
///
/// When it could not run: a wrong flag, configuration, component, secret, state or destination. Nothing has
/// been asked for or stored by then.
pub async fn run(
    config: &Path,
    args: &cli::Collect,
    terminal: &Terminal,
) -> anyhow::Result<ExitStatus> {
    let range = Range::parse(args.since.as_deref(), args.until.as_deref())?;
    let schedule = args.every.map(|every| Schedule::new(every, args.jitter));
    let schedule = schedule.transpose()?;
    let target = args.metrics.as_deref().map(Target::parse).transpose();
    let target = target.context("--metrics")?;
    let summary = args.summary.as_deref().map(WholeFile::new).transpose();
    let collect = Collect {
        config,
        args,
        range,
        terminal,
        stop: Stop::on_signals(args.stop_within)?,
        hang_ups: HangUps::listen()?,
        runtime: Runtime::new()?,
        summary: summary.context("--summary")?,
        metrics: match target {
            Some(target) => Some(Exporter::start(&target).await?),
            None => None,
        },
    };
    let begin = Instant::now();
    let mut status = collect.once().await?;
    let Some(schedule) = schedule else {
        return Ok(status);
    };
    loop {
        let now = begin.elapsed();
        let pause = schedule.next(now, fastrand::f64()).saturating_sub(now);
        if !collect.stop.requested() {
            info!(
                "the next run begins in {}",
                duration::format(Duration::from_secs(pause.as_secs()))
            );
        }
        if collect.stop.sleep(pause).await {
            return Ok(status);
        }
        // What worked once is likely to work again: a state that is in use by a run by hand, for example.
        status = match collect.once().await {
            Ok(status) => status,
            Err(error) => {
                error!("this run could not begin: {}", failure::with_causes(&error));
                collect.publish(|metrics| metrics.record_could_not_run(OffsetDateTime::now_utc()));
                ExitStatus::CouldNotRun
            }
        };
    }
}

/// What the runs of one command have in common.
struct Collect<'a> {
    config: &'a Path,
    args: &'a cli::Collect,
    range: Option<Range>,
    terminal: &'a Terminal,
    stop: Stop,
    hang_ups: HangUps,
    runtime: Runtime,
    /// `--summary`
    summary: Option<WholeFile>,
    /// `--metrics`
    metrics: Option<Exporter>,
}

impl Collect<'_> {
    async fn once(&self) -> anyhow::Result<ExitStatus> {
        let args = self.args;
        let config = Config::load(self.config)?;
        let accounts = config.select(&args.accounts)?;
        let ready = prepare::accounts(&self.runtime, &config, accounts).await?;
        let state = if args.dry_run || self.range.is_some() {
            State::open_to_read(&config.state)?
        } else {
            State::open_for_run(&config.state)?
        };
        let mut accounts = Vec::with_capacity(ready.len());
        for ready in ready {
            self.remember(&state, &ready.account.name)?;
            let destination = if args.dry_run {
                Arc::new(Discard)
            } else {
                deliver::open(&ready.account.deliver, &self.hang_ups, &self.stop)?
            };
            accounts.push((ready, destination));
        }
        let settings = Settings {
            state: Mutex::new(state),
            rejects: (!args.dry_run).then(|| Rejects::beside(&config.state)),
            dry_run: args.dry_run,
            range: self.range,
            wanted: match (args.full, args.restart) {
                (true, true) => Wanted::FullRestart,
                (true, false) => Wanted::Full,
                (false, _) => Wanted::Normal,
            },
            limit: args.limit,
            jobs: args.jobs,
            stop: self.stop.clone(),
            terminal: self.terminal.clone(),
        };
        let started_at = OffsetDateTime::now_utc();
        let done = run::run(settings, accounts).await;
        let report = Report {
            started_at,
            ended_at: OffsetDateTime::now_utc(),
            dry_run: args.dry_run,
            cut: done
                .entries
                .iter()
                .any(|entry| entry.outcome == Outcome::Stopped),
            retries: done.retries,
            entries: done.entries,
        };
        report.show(self.terminal);
        // A range says nothing about how far the sources are collected.
        let told = self.write_summary(&report)
            & (self.range.is_some() || self.publish(|metrics| metrics.record(&report)));
        Ok(if told {
            report.status()
        } else {
            report.status().max(ExitStatus::SomeFailed)
        })
    }

    /// Lets the metrics begin with what earlier processes have stored.
    fn remember(&self, state: &State, account: &str) -> anyhow::Result<()> {
        let Some(metrics) = &self.metrics else {
            return Ok(());
        };
        for stored in state.sources_of(account)? {
            let (success, mark) = (stored.last_success_at, stored.mark.as_deref());
            metrics.remember(account, &stored.source, success, mark)?;
        }
        Ok(())
    }

    /// Gives whether the summary is where it is wanted.
    fn write_summary(&self, report: &Report) -> bool {
        let Some(file) = &self.summary else {
            return true;
        };
        json::render(report)
            .map_err(anyhow::Error::from)
            .and_then(|text| Ok(file.write(&text)?))
            .inspect_err(|error| error!("--summary {}", failure::with_causes(error)))
            .is_ok()
    }

    /// Gives whether the metrics are where they are wanted.
    fn publish(&self, record: impl FnOnce(&Exporter) -> Result<(), ExportError>) -> bool {
        let Some(metrics) = &self.metrics else {
            return true;
        };
        record(metrics)
            .inspect_err(|error| error!("{error}"))
            .is_ok()
    }
}
