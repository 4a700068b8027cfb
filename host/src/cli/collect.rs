//! `collect`: delivers every source of every account and stores its cursor, page by page.

use std::io::{self, IsTerminal};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use time::OffsetDateTime;
use tracing::{debug, error, info};

use crate::cli::args;
use crate::cli::exit::ExitStatus;
use crate::cli::log::Terminal;
use crate::cli::report::export::Exporter;
use crate::cli::report::file::ReportFile;
use crate::cli::report::{json, text};
use crate::cli::signals;
use crate::config::{Config, WrongAccount};
use crate::deliver::rejects::Rejects;
use crate::deliver::{DeliveryOptions, Destination};
use crate::run::accounts::collect_accounts;
use crate::run::context::Settings;
use crate::run::engine;
use crate::run::failure;
use crate::run::prepare::{self, Ready};
use crate::run::range::Range;
use crate::run::report::Report;
use crate::run::schedule::Schedule;
use crate::sandbox::engine::Runtime;
use crate::sandbox::rate_limit::Limiters;
use crate::state::consent;
use crate::state::{AccountLock, State, Wanted, Writes};
use crate::stop::Stop;
use crate::units::duration;

/// Accounts that are ready, each with its destination.
type Accounts = Vec<(Ready, Arc<Destination>)>;

/// Collects once, or for ever with `--every`.
///
/// # Errors
///
/// When it could not run: a wrong flag, configuration, component, secret, state or destination, or a component
/// that asks for more than was approved. Nothing has been asked for or stored by then.
pub(crate) async fn run(
    config: &Path,
    args: &args::Collect,
    terminal: &Terminal,
) -> anyhow::Result<ExitStatus> {
    let range = Range::new(args.since, args.until)?;
    let schedule = args.every.map(|every| Schedule::new(every, args.jitter));
    let schedule = schedule.transpose()?;
    let summary = args.summary.as_deref().map(ReportFile::new).transpose();
    // On a terminal SIGHUP means that the person has gone, and ends the run as it ends any program.
    if !io::stderr().is_terminal() {
        signals::ignore_hang_ups()?;
    }
    let mut collect = Collect {
        config,
        args,
        range,
        terminal,
        stop: signals::stop_on_signals(args.stop_within)?,
        runtime: engine::start()?,
        limiters: Limiters::default(),
        summary: summary.context("--summary")?,
        metrics: match &args.metrics {
            Some(target) => Some(Exporter::start(target).await.context("--metrics")?),
            None => None,
        },
        remembered: false,
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
                "the next run starts in {}",
                duration::format(Duration::from_secs(pause.as_secs()))
            );
        }
        if collect.stop.sleep(pause).await {
            return Ok(status);
        }
        // What worked once is likely to work again: a state that is in use by a run by hand, for example.
        status = collect.once().await.unwrap_or_else(|error| {
            error!("this run could not start: {}", failure::with_causes(&error));
            ExitStatus::CouldNotRun
        });
    }
}

/// What the runs of one command have in common.
struct Collect<'a> {
    config: &'a Path,
    args: &'a args::Collect,
    range: Option<Range>,
    terminal: &'a Terminal,
    stop: Stop,
    runtime: Runtime,
    limiters: Limiters,
    /// `--summary`
    summary: Option<ReportFile>,
    /// `--metrics`
    metrics: Option<Exporter>,
    /// Whether the metrics know what earlier processes have stored.
    remembered: bool,
}

impl Collect<'_> {
    /// One run, unless it is asked to stop before it begins.
    async fn once(&mut self) -> anyhow::Result<ExitStatus> {
        let stop = self.stop.clone();
        let prepared = tokio::select! {
            prepared = self.prepare() => prepared,
            () = stop.wait() => return Ok(ExitStatus::Done),
        };
        let (settings, state, _locks, accounts) = prepared.inspect_err(|_| {
            self.publish(|metrics| metrics.record_could_not_run(OffsetDateTime::now_utc()));
        })?;
        // A range and a preview say nothing about how far the sources are collected.
        let publishes = !settings.ignores_state();
        let report = collect_accounts(settings, state, accounts).await;
        text::show(&report, self.terminal);
        let mut status = ExitStatus::of(&report);
        let written = self.write_summary(&report);
        let published = !publishes || self.publish(|metrics| metrics.record(&report));
        if !written || !published {
            status = status.max(ExitStatus::SomeFailed);
        }
        Ok(status)
    }

    /// Everything that a run needs before its first request.
    async fn prepare(&mut self) -> anyhow::Result<(Settings, State, Vec<AccountLock>, Accounts)> {
        debug!("making ready");
        let config = Config::load(self.config)?;
        let settings = self.settings(&config);
        let (accounts, wrong) = config.select(&self.args.accounts)?;
        if !wrong.is_empty() {
            return Err(WrongAccount::errors(wrong).into());
        }
        let (limiters, stop) = (&mut self.limiters, &self.stop);
        let ready = prepare::accounts(&self.runtime, &config, accounts, limiters, stop).await?;
        let mut state = match settings.writes() {
            Writes::Nothing => State::open_to_read(&config.state)?,
            Writes::Forgotten | Writes::Everything => State::open_to_write(&config.state)?,
        };
        let asks: Vec<_> = ready.iter().map(Ready::asks).collect();
        let mut locks = Vec::new();
        for (account, asks) in asks {
            if let Some(refusal) = consent::refusal(&state, account, asks)? {
                anyhow::bail!(refusal);
            }
            if settings.writes() != Writes::Nothing {
                locks.push(state.lock(account)?);
            }
        }
        if !self.remembered {
            self.remember(&state, &ready)?;
            self.remembered = true;
        }
        let accounts = self.open_destinations(ready, &settings).await?;
        if settings.writes() == Writes::Everything {
            // Last, so that a run that could not begin has approved nothing.
            let asks: Vec<_> = accounts.iter().map(|(ready, _)| ready.asks()).collect();
            for (account, asks) in asks {
                consent::record(&mut state, account, asks, OffsetDateTime::now_utc())?;
            }
        }
        Ok((settings, state, locks, accounts))
    }

    fn settings(&self, config: &Config) -> Settings {
        let args = self.args;
        let keeps_rejects = !args.dry_run && args.limit.is_none();
        Settings {
            rejects: keeps_rejects.then(|| Rejects::beside(&config.state)),
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
            progress: self.terminal.progress(),
        }
    }

    /// Opens the destination of each account. Accounts with the same one share it, so that their lines do not mix.
    async fn open_destinations(
        &self,
        ready: Vec<Ready>,
        settings: &Settings,
    ) -> anyhow::Result<Accounts> {
        let options = DeliveryOptions {
            accept_rejects: self.args.accept_rejects,
            // No cursor is stored of these runs.
            preview: settings.ignores_state(),
        };
        let mut accounts = Accounts::with_capacity(ready.len());
        for ready in ready {
            let same = |(other, _): &&(Ready, _)| other.account.deliver == ready.account.deliver;
            let destination = if self.args.dry_run {
                Arc::new(Destination::Discard)
            } else if let Some((_, destination)) = accounts.iter().find(same) {
                Arc::clone(destination)
            } else {
                let account = Arc::clone(&ready.account);
                let stop = self.stop.clone();
                // A named pipe is waited for until it has a reader.
                let open = move || Destination::open(&account, &stop, options);
                Arc::new(tokio::task::spawn_blocking(open).await??)
            };
            accounts.push((ready, destination));
        }
        Ok(accounts)
    }

    /// Lets the metrics begin with what earlier processes have stored.
    fn remember(&self, state: &State, ready: &[Ready]) -> anyhow::Result<()> {
        let Some(metrics) = &self.metrics else {
            return Ok(());
        };
        for account in ready.iter().map(|ready| ready.account.name.as_str()) {
            for stored in state.sources_of(account)? {
                let (success, mark) = (stored.last_success_at, stored.mark.as_deref());
                metrics
                    .metrics
                    .remember(account, &stored.source, success, mark);
            }
        }
        Ok(())
    }

    /// Returns whether the summary is written, or none is wanted.
    fn write_summary(&self, report: &Report) -> bool {
        self.summary.as_ref().is_none_or(|file| {
            let written = json::render(report)
                .map_err(anyhow::Error::from)
                .and_then(|text| file.write(&text));
            logged("--summary", written)
        })
    }

    /// Returns whether the metrics are published, or none are wanted.
    fn publish(&self, record: impl FnOnce(&Exporter) -> anyhow::Result<()>) -> bool {
        self.metrics
            .as_ref()
            .is_none_or(|metrics| logged("--metrics", record(metrics)))
    }
}

fn logged(flag: &str, result: anyhow::Result<()>) -> bool {
    result
        .inspect_err(|error| error!("{flag}: {}", failure::with_causes(error)))
        .is_ok()
}
