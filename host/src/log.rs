//! What a person sees on standard error: log lines, and progress where there is a terminal.

use std::io::{self, Write};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// The terminal's progress lines, which log lines must not tear. Hidden where standard error is no terminal.
#[derive(Clone)]
pub struct Terminal {
    progress: MultiProgress,
    quiet: bool,
}

impl Terminal {
    /// Begins to log to standard error: warnings and errors only where `quiet`, requests where `verbose`
    /// is 1, the component's own lines too where it is 2.
    pub fn start(verbose: u8, quiet: bool) -> Self {
        let terminal = Self {
            progress: MultiProgress::new(),
            quiet,
        };
        let (host, component) = match (quiet, verbose) {
            (true, _) => (LevelFilter::WARN, LevelFilter::OFF),
            (false, 0) => (LevelFilter::INFO, LevelFilter::OFF),
            (false, 1) => (LevelFilter::DEBUG, LevelFilter::OFF),
            (false, _) => (LevelFilter::DEBUG, LevelFilter::DEBUG),
        };
        let levels = Targets::new()
            .with_default(LevelFilter::OFF)
            .with_target("asset_host", host)
            .with_target("component", component);
        let lines = tracing_subscriber::fmt::layer()
            .with_writer(terminal.clone())
            .with_ansi(io::IsTerminal::is_terminal(&io::stderr()))
            .with_target(false);
        // A second start, in a test of the library, keeps the first one's settings.
        let _ = tracing_subscriber::registry()
            .with(levels)
            .with(lines)
            .try_init();
        terminal
    }

    /// A line of progress for one source.
    pub fn progress(&self, name: &str) -> ProgressBar {
        if self.quiet {
            return ProgressBar::hidden();
        }
        let bar = self.progress.add(ProgressBar::new_spinner());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix}: {msg} ({elapsed})") {
            bar.set_style(style);
        }
        bar.set_prefix(name.to_owned());
        bar.enable_steady_tick(Duration::from_millis(200));
        bar
    }

    /// Prints a line of the run's summary; nothing where `--quiet` was given.
    pub fn summary(&self, line: &str) {
        if !self.quiet {
            // Nobody is left to tell where standard error is closed.
            let _ = self.progress.suspend(|| writeln!(io::stderr(), "{line}"));
        }
    }
}

impl<'a> MakeWriter<'a> for Terminal {
    type Writer = Lines<'a>;

    fn make_writer(&'a self) -> Self::Writer {
        Lines(&self.progress)
    }
}

/// Writes log lines between the lines of progress.
pub struct Lines<'a>(&'a MultiProgress);

impl Write for Lines<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.suspend(|| io::stderr().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
