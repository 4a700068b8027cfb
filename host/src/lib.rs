//! Runs inventory connectors as sandboxed WebAssembly components and delivers their events.
//!
//! The library behind the program `asset-host`. Where to look:
//!
//! | module | what it does |
//! |---|---|
//! | [`cli`], [`commands`] | the command line, declared; the commands, one file each |
//! | [`config`], [`secrets`], [`manifest`] | what the user and the component say, checked |
//! | [`stand_in`], `core_dump` | what keeps a secret from the component, and from a crash's image |
//! | [`prepare`] | an account made ready, before the first request |
//! | [`consent`] | what a component asks for, against what was approved |
//! | [`runtime`], [`sandbox`], [`connector`] | the engine, what an instance has, and its exports |
//! | [`compile`], [`compiled`] | components compiled, within limits; their code, kept between runs |
//! | [`limits`], `resources`, `meter`, [`contract`], [`stopped`] | how much a call may take, and what it may return |
//! | [`egress`] | where a component may send requests |
//! | [`mod@run`], [`discovery`], [`source`], [`page`] | one run: the accounts' sources, each collected page by page |
//! | [`attempt`], [`retry`], [`failure`] | a call made again, when that helps, what to tell |
//! | [`rate_limit`], [`schedule`], [`range`] | when a request may leave, when a run begins, `--since` and `--until` |
//! | [`state`], [`rejects`] | cursors, and what was set aside |
//! | [`deliver`], [`http_client`] | where events go, and the way there |
//! | `appended` | files of lines that several processes append to |
//! | [`report`], [`log`] | what a run came to, and what a person sees of it |
//! | [`stop`] | how a run is ended |

// A test may cut a text that it knows.
#![cfg_attr(not(test), deny(clippy::string_slice))]

use std::io::{self, Write};

use clap::Parser;
use tracing::warn;

mod appended;
pub mod attempt;
pub mod bindings;
mod budget;
pub mod cli;
pub mod commands;
pub mod compile;
pub mod compiled;
pub mod config;
pub mod connector;
pub mod consent;
pub mod contract;
mod core_dump;
pub mod deliver;
pub mod discovery;
pub mod duration;
pub mod egress;
pub mod exit;
pub mod failure;
mod hex;
pub mod http_client;
pub mod limits;
pub mod log;
pub mod manifest;
mod meter;
mod outgoing;
pub mod page;
pub mod prepare;
pub mod printable;
pub mod quantity;
pub mod range;
pub mod rate_limit;
pub mod rejects;
pub mod report;
mod resources;
pub mod retry;
pub mod run;
pub mod runtime;
pub mod sandbox;
pub mod schedule;
pub mod secrets;
#[cfg(test)]
mod security_page_tests;
mod similar;
pub mod source;
pub mod stand_in;
pub mod state;
pub mod stderr;
pub mod stop;
pub mod stopped;
pub mod timestamp;
mod warnings;

use cli::{Cli, Command};
use exit::ExitStatus;
use log::Terminal;

/// Runs the program with the process's arguments, and tells on standard error what kept it from running.
pub fn run() -> ExitStatus {
    if compile::is_asked_for() {
        return compile::child();
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Nobody is left to tell where the stream is closed.
            let _ = error.print();
            return if error.use_stderr() {
                ExitStatus::CouldNotRun
            } else {
                ExitStatus::Done
            };
        }
    };
    let terminal = Terminal::start(cli.verbose, cli.quiet, cli.log_format);
    if let Err(error) = core_dump::forbid() {
        warn!(
            "the image of a crash may hold secrets, as the system does not let this be turned off: {error}"
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
            let ended = runtime.block_on(commands::collect::run(&cli.config, args, terminal));
            // A run that was stopped does not wait for them.
            secrets::kill_all();
            // A write to a reader that has stopped reading does not end; the run is over all the same.
            runtime.shutdown_background();
            return ended;
        }
        Command::Check(args) => runtime.block_on(commands::check::run(&cli.config, args, out)),
        Command::Map(args) => runtime.block_on(commands::map::run(&cli.config, args, out)),
        Command::Describe(args) => {
            runtime.block_on(commands::describe::run(&cli.config, args, out))
        }
        Command::Approve(args) => runtime.block_on(commands::approve::run(&cli.config, args, out)),
        Command::Init(args) => runtime.block_on(commands::init::run(&cli.config, args, out)),
        Command::State(args) => {
            commands::state::run(&config::Config::load(&cli.config)?, args, out)
        }
    }?;
    out.flush()?;
    Ok(status)
}

/// Whether the reader of our output has gone, which is how `map … | head` ends.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
