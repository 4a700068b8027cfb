//! Standard error: log lines, and progress on a terminal.
//!
//! A line has the fields of its spans in addition to its own, so that each line about a source names its `account` and
//! `source`. Those spans are error spans, so that a warning has their fields also with `--quiet`.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use indicatif::MultiProgress;
use time::OffsetDateTime;
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id};
use tracing::{Event, Subscriber, error};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use crate::run::progress::Progress;
use crate::text::printable::printable_lines;
use crate::units::timestamp;

mod fields;
mod progress;
#[cfg(test)]
mod tests;

use crate::cli::log::fields::Fields;

/// The format of log lines: `--log-format`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// For people: time, level, message and fields
    #[default]
    Text,
    /// For machines: one JSON object a line, with timestamp, level, message and the fields
    Json,
}

/// Standard error with its progress lines, which log lines must not tear.
#[derive(Debug, Clone)]
pub(crate) struct Terminal {
    progress: MultiProgress,
    quiet: bool,
    format: Format,
}

impl Terminal {
    /// Starts to log: only warnings and errors with `quiet`, requests with `verbose` of 1, the component's own lines as
    /// well with 2.
    pub(crate) fn start(verbose: u8, quiet: bool, format: Format) -> Self {
        let terminal = Self {
            progress: MultiProgress::new(),
            quiet,
            format,
        };
        let lines = Lines {
            format,
            colours: io::stderr().is_terminal(),
            write: {
                let progress = terminal.progress.clone();
                // A closed standard error leaves nowhere to report to.
                move |line: &str| {
                    let _ = progress.suspend(|| io::stderr().write_all(line.as_bytes()));
                }
            },
        };
        // A process has one subscriber: the first.
        let _ = subscriber(verbose, quiet, lines).try_init();
        terminal
    }

    /// Returns the format of log lines.
    pub(crate) fn format(&self) -> Format {
        self.format
    }

    /// Returns the progress of a run, and shows it until it is dropped; hidden with `--quiet`, in JSON and without a
    /// terminal.
    pub(crate) fn progress(&self) -> Progress {
        if self.quiet || self.format == Format::Json {
            return Progress::new(|_| ());
        }
        Progress::new(|board| {
            let bar = self.progress.add(progress::bar(board));
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        })
    }

    /// Prints a line of the run's summary; nothing with `--quiet`.
    pub(crate) fn summary(&self, line: &str) {
        if !self.quiet {
            self.print(line);
        }
    }

    /// Prints why the command could not run, in JSON as a log line.
    pub(crate) fn error(&self, why: &str) {
        match self.format {
            Format::Text => self.print(&format!("error: {}", printable_lines(why))),
            Format::Json => error!("{why}"),
        }
    }

    fn print(&self, line: &str) {
        // A closed standard error leaves nowhere to report to.
        let _ = self.progress.suspend(|| writeln!(io::stderr(), "{line}"));
    }
}

fn subscriber<W: Fn(&str) + Send + Sync + 'static>(
    verbose: u8,
    quiet: bool,
    lines: Lines<W>,
) -> impl Subscriber + Send + Sync {
    let (host, component) = match (quiet, verbose) {
        (true, _) => (LevelFilter::WARN, LevelFilter::OFF),
        (false, 0) => (LevelFilter::INFO, LevelFilter::OFF),
        (false, 1) => (LevelFilter::DEBUG, LevelFilter::OFF),
        (false, _) => (LevelFilter::DEBUG, LevelFilter::DEBUG),
    };
    let levels = Targets::new()
        .with_default(LevelFilter::OFF)
        .with_target("asset_host", host)
        .with_target("connector_runtime", host)
        .with_target("component", component);
    tracing_subscriber::registry().with(levels).with(lines)
}

/// Writes each event as one line.
struct Lines<W> {
    format: Format,
    colours: bool,
    write: W,
}

impl<S, W> Layer<S> for Lines<W>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    W: Fn(&str) + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            let mut fields = Fields::default();
            attributes.record(&mut fields);
            span.extensions_mut().replace(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        if let Some(scope) = context.event_scope(event) {
            for span in scope.from_root() {
                if let Some(of_span) = span.extensions().get::<Fields>() {
                    fields.take(of_span);
                }
            }
        }
        event.record(&mut fields);
        let level = *event.metadata().level();
        let time = timestamp::format(OffsetDateTime::now_utc());
        let line = match self.format {
            Format::Text => fields.text(&time, level, self.colours),
            Format::Json => fields.json(&time, level),
        };
        (self.write)(&line);
    }
}
