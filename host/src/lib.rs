//! Runs inventory connectors as sandboxed WebAssembly components and delivers their events.
//!
//! The library behind the program `asset-host`. `docs/architecture.md` lists its rooms and says what may import what.

// A test may cut a text that it knows.
#![cfg_attr(not(test), deny(clippy::string_slice))]
#![warn(unreachable_pub)]
// Without the cluster, what takes one is never called.
#![cfg_attr(
    not(feature = "cluster"),
    allow(unreachable_code, unused, clippy::diverging_sub_expression)
)]

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use time::OffsetDateTime;
use tracing::warn;

use connector_runtime::{contract, network, sandbox, text, units};

mod cli;
mod config;
mod deliver;
mod run;
pub mod state;
mod stop;
#[cfg(test)]
mod tests;

use cli::args::{Cli, Command};
use cli::descriptors;
use cli::exit::ExitStatus;
use cli::log::Terminal;
use config::secret_source;
use run::failure;
use sandbox::{compile, core_dump};

/// Runs the program with the process's arguments, and reports on standard error why it could not run.
pub fn run() -> ExitCode {
    if compile::is_asked_for() {
        return compile::child();
    }
    run_command().into()
}

/// Returns the program's commands and flags, for man pages and shell completions.
pub fn command_line() -> clap::Command {
    Cli::command()
}

fn run_command() -> ExitStatus {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // A closed stream leaves nowhere to report to.
            let _ = error.print();
            return if error.use_stderr() {
                ExitStatus::CouldNotRun
            } else {
                ExitStatus::Done
            };
        }
    };
    let terminal = Terminal::start(cli.verbose, cli.quiet, cli.log_format);
    descriptors::raise_limit();
    if let Err(error) = core_dump::forbid() {
        warn!(
            "a core dump of this process may contain secrets: the system refuses to disable it: {error}"
        );
    }
    command(&cli, &terminal).unwrap_or_else(|error| {
        if is_closed_pipe(&error) {
            return match cli.command {
                Command::Map(_) | Command::Describe(_) => ExitStatus::Done,
                _ => ExitStatus::SomeFailed,
            };
        }
        terminal.error(&failure::with_causes(&error));
        ExitStatus::CouldNotRun
    })
}

fn command(cli: &Cli, terminal: &Terminal) -> anyhow::Result<ExitStatus> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let mut out = io::BufWriter::new(io::stdout());
    let out: &mut dyn Write = &mut out;
    let status = match &cli.command {
        Command::Collect(args) => {
            let ended = runtime.block_on(cli::collect::run(&cli.config, args, terminal));
            // A run that was stopped does not wait for them.
            secret_source::kill_all();
            // A write to a reader that has stopped reading does not end; the run is over all the same.
            runtime.shutdown_background();
            return ended;
        }
        Command::Check(args) => runtime.block_on(cli::check::run(&cli.config, args, out)),
        Command::Map(args) => {
            runtime.block_on(cli::map::run(&cli.config, args, cli.log_format, out))
        }
        Command::Describe(args) => runtime.block_on(cli::describe::run(&cli.config, args, out)),
        Command::Approve(args) => runtime.block_on(cli::approve::run(&cli.config, args, out)),
        Command::Init(args) => runtime.block_on(cli::init::run(&cli.config, args, out)),
        Command::State(args) => {
            let config = config::Config::load(&cli.config)?;
            runtime.block_on(cli::state::run(
                &config,
                args,
                OffsetDateTime::now_utc(),
                out,
            ))
        }
    }?;
    out.flush()?;
    Ok(status)
}

/// Returns whether the reader of the output has gone, which is how `map … | head` ends.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
