//! `collect`: every source of every account, delivered and stored page by page.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::bail;
use serde_json::Value;
use time::OffsetDateTime;
use tracing::{error, info, warn};

use crate::cli;
use crate::config::Config;
use crate::deliver::{self, Destination, Discard};
use crate::duration;
use crate::exit::ExitStatus;
use crate::failure;
use crate::log::Terminal;
use crate::prepare::{self, Ready};
use crate::runtime::Runtime;
use crate::source::{self, Answer, End, Run, Source, Tally};
use crate::state::{Start, State, StateError, Wanted, next_walk};
use crate::stop::Stop;
use crate::timestamp;

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
    let stop = Stop::on_signals()?;
    if args.every.is_some_and(|every| every.is_zero()) {
        bail!("--every must be longer than 0, such as 3h");
    }
    let Some(every) = args.every else {
        return once(config, args, terminal, &stop).await;
    };
    let mut begin = Instant::now();
    let mut status = once(config, args, terminal, &stop).await?;
    loop {
        begin = next_beginning(begin, every, Instant::now());
        let pause = begin.saturating_duration_since(Instant::now());
        if !stop.requested() {
            info!(
                "the next run begins in {}",
                duration::format(Duration::from_secs(pause.as_secs()))
            );
        }
        if stop.sleep(pause).await {
            return Ok(status);
        }
        // What worked once is likely to work again: a state that is in use by a run by hand, for example.
        status = once(config, args, terminal, &stop)
            .await
            .unwrap_or_else(|error| {
                error!("this run could not begin: {error:#}");
                ExitStatus::CouldNotRun
            });
    }
}

/// The first beginning after `now` of those that follow `begin` every so often: runs never overlap, and one
/// that takes long does not shift the others.
fn next_beginning(begin: Instant, every: Duration, now: Instant) -> Instant {
    let past = now.saturating_duration_since(begin).as_nanos() / every.as_nanos();
    let steps = u32::try_from(past).unwrap_or(u32::MAX).saturating_add(1);
    begin
        .checked_add(every.saturating_mul(steps))
        .unwrap_or(now + every)
}

async fn once(
    config: &Path,
    args: &cli::Collect,
    terminal: &Terminal,
    stop: &Stop,
) -> anyhow::Result<ExitStatus> {
    let range = Range::of(args)?;
    let config = Config::load(config)?;
    let accounts = config.select(&args.accounts)?;
    let mut accounts = prepare::accounts(&Runtime::new()?, &config, accounts).await?;
    let mut state = if args.dry_run || range.is_some() {
        State::open_to_read(&config.state)?
    } else {
        State::open_for_run(&config.state)?
    };
    let mut destinations = Vec::with_capacity(accounts.len());
    for ready in &accounts {
        destinations.push(if args.dry_run {
            Arc::new(Discard)
        } else {
            deliver::open(&ready.account.deliver, stop)?
        });
    }

    let began = Instant::now();
    let mut report = Report::default();
    for (ready, destination) in accounts.iter_mut().zip(&destinations) {
        if stop.requested() {
            report.cut = true;
            break;
        }
        let mut account = Account {
            ready,
            state: &mut state,
            destination: destination.as_ref(),
            args,
            range: range.as_ref(),
            terminal,
            stop,
        };
        if let Err(error) = account.collect(&mut report).await {
            // Without the state nothing more can be stored, of any account.
            report.fail();
            error!(account = ready.account.name, "{error}");
            break;
        }
    }
    let status = report.status();
    terminal.summary(&report.line(began.elapsed(), args.dry_run));
    Ok(status)
}

/// One account in a run.
struct Account<'a, 'b> {
    ready: &'a mut Ready<'b>,
    state: &'a mut State,
    destination: &'a dyn Destination,
    args: &'a cli::Collect,
    range: Option<&'a Range>,
    terminal: &'a Terminal,
    stop: &'a Stop,
}

impl Account<'_, '_> {
    async fn collect(&mut self, report: &mut Report) -> Result<(), StateError> {
        let mut next = None;
        loop {
            let account = self.ready.account;
            let config = &self.ready.config;
            let discovered = source::again(
                &mut self.ready.connector,
                account,
                self.stop,
                &mut report.tally.retries,
                async |connector| connector.discover(config, next.as_deref()).await,
            );
            let page = match discovered.await {
                Answer::Good(page) => page,
                Answer::Stopped => {
                    report.cut = true;
                    return Ok(());
                }
                Answer::Bad(error) => {
                    report.fail();
                    error!(
                        account = account.name,
                        "{}",
                        failure::explain(&error, &account.name)
                    );
                    return Ok(());
                }
            };
            for source in page.sources {
                match source.config {
                    Ok(config) => {
                        let source = Source {
                            config: self.ranged(config),
                            id: source.id,
                            name: source.name,
                        };
                        self.collect_source(&source, report).await?;
                    }
                    Err(reason) => {
                        warn!(
                            account = account.name,
                            source = source.id,
                            "not collected: {reason}"
                        );
                        report.notices += 1;
                    }
                }
                if report.cut && self.stop.requested() {
                    return Ok(());
                }
            }
            next = page.next;
            if next.is_none() {
                return Ok(());
            }
        }
    }

    async fn collect_source(
        &mut self,
        source: &Source,
        report: &mut Report,
    ) -> Result<(), StateError> {
        let account = self.ready.account;
        let wanted = match (self.args.full, self.args.restart) {
            (true, true) => Wanted::FullRestart,
            (true, false) => Wanted::Full,
            (false, _) => Wanted::Normal,
        };
        let start = if self.range.is_some() {
            Start::Everything
        } else {
            let stored = self.state.source(&account.name, &source.id)?;
            next_walk(
                stored.as_ref(),
                account.full_every,
                wanted,
                OffsetDateTime::now_utc(),
            )
        };
        info!(
            account = account.name,
            source = source.id,
            full = start.full(),
            resumed = start.cursor().is_some(),
            "collecting"
        );
        let stateless = self.args.dry_run || self.range.is_some();
        let progress = self
            .terminal
            .progress(&format!("{} {}", account.name, source.name));
        let run = Run {
            account,
            state: (!stateless).then_some(&mut *self.state),
            destination: self.destination,
            limit: self.args.limit,
            stop: self.stop,
            progress: &progress,
        };
        let mut tally = Tally::default();
        let ended =
            source::collect(&mut self.ready.connector, source, &start, run, &mut tally).await;
        report.tally += tally;
        progress.finish_and_clear();
        report.sources += 1;
        let now = OffsetDateTime::now_utc();
        match ended? {
            End::UpToDate if stateless => {}
            End::UpToDate => self.state.store_success(&account.name, &source.id, now)?,
            End::Cut => report.cut = true,
            End::Failed(why) => {
                report.failed += 1;
                error!(account = account.name, source = source.id, "{why}");
                if !stateless {
                    self.state
                        .store_error(&account.name, &source.id, &source.name, &why, now)?;
                }
            }
        }
        Ok(())
    }

    /// The source's config with the range in the two fields that the contract reserves for it. A config
    /// that is no JSON object goes back to the component as it came, which says so.
    fn ranged(&self, config: String) -> String {
        let Some(range) = self.range else {
            return config;
        };
        let Ok(mut fields) = serde_json::from_str::<serde_json::Map<String, Value>>(&config) else {
            return config;
        };
        for (field, time) in [("since", range.since), ("until", range.until)] {
            if let Some(time) = time {
                fields.insert(field.to_owned(), timestamp::format(time).into());
            }
        }
        Value::Object(fields).to_string()
    }
}

/// `--since` and `--until`.
struct Range {
    since: Option<OffsetDateTime>,
    until: Option<OffsetDateTime>,
}

impl Range {
    fn of(args: &cli::Collect) -> anyhow::Result<Option<Self>> {
        let time = |flag: &str, text: &Option<String>| {
            let parse = |text: &String| {
                timestamp::parse(text).map_err(|error| anyhow::anyhow!("{flag}: {error}"))
            };
            text.as_ref().map(parse).transpose()
        };
        let (since, until) = (time("--since", &args.since)?, time("--until", &args.until)?);
        match (since, until) {
            (None, None) => Ok(None),
            (Some(since), Some(until)) if since >= until => {
                bail!("--until must be later than --since")
            }
            _ => Ok(Some(Self { since, until })),
        }
    }
}

/// What a run came to.
#[derive(Default)]
struct Report {
    sources: u64,
    failed: u64,
    notices: u64,
    cut: bool,
    tally: Tally,
}

impl Report {
    /// Something failed that is no source by itself, such as an account whose sources are not known: it counts
    /// as one.
    fn fail(&mut self) {
        self.sources += 1;
        self.failed += 1;
    }

    fn status(&self) -> ExitStatus {
        if self.failed > 0 || self.tally.rejects > 0 {
            ExitStatus::SomeFailed
        } else {
            ExitStatus::Done
        }
    }

    fn line(&self, took: Duration, dry_run: bool) -> String {
        let Tally {
            pages,
            events,
            rejects,
            retries,
        } = self.tally;
        format!(
            "{}sources {} ({} failed, {} not collectable), pages {pages}, events {events}, rejects {rejects}, \
             retries {retries}, {:.1} s{}",
            if dry_run { "dry run: " } else { "" },
            self.sources,
            self.failed,
            self.notices,
            took.as_secs_f64(),
            if self.cut {
                "; stopped before the end"
            } else {
                ""
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::next_beginning;

    #[test]
    fn runs_never_overlap_and_do_not_drift() {
        let begin = Instant::now();
        let every = Duration::from_secs(100);
        for (now, next) in [(0, 100), (99, 100), (100, 200), (101, 200), (250, 300)] {
            let next = begin + Duration::from_secs(next);
            assert_eq!(
                next_beginning(begin, every, begin + Duration::from_secs(now)),
                next,
                "{now}"
            );
        }
    }
}
