//! The command line, declared.
//!
//! Only declarations: values are checked in [`crate::config`] and acted upon in [`crate::cli::component`].

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::cli::log;
use crate::cli::report::target::Target;
use crate::units::duration;

/// Runs inventory connectors as sandboxed WebAssembly components and delivers their events.
///
/// Exit codes: 0 done; 1 some source or record failed; 2 could not run.
#[derive(Debug, Parser)]
#[command(name = "asset-host", version)]
pub(crate) struct Cli {
    /// The configuration file; `init` writes one
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        default_value = "asset-host.toml"
    )]
    pub config: PathBuf,

    /// Log more: once for each request, twice for the component's own lines too
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,

    /// Log warnings and errors only, and show no progress
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,

    /// The form of the log on standard error
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    pub log_format: log::Format,

    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Collect every source of every account once and deliver the events
    Collect(Collect),
    /// Test the credentials of every account and say what they may read
    Check(Check),
    /// Turn endpoints in files into events, without network or account
    Map(Map),
    /// Show what a component is, asks for and may do
    Describe(Describe),
    /// Let the components ask for what they ask for now; `describe --account NAME` shows it
    Approve(Approve),
    /// Write a commented configuration file for a component
    Init(Init),
    /// Look at and change the stored cursors
    #[command(subcommand)]
    State(State),
}

/// What `collect` takes.
#[derive(Debug, Args)]
pub(crate) struct Collect {
    /// Collect this account only; may be given several times
    #[arg(long = "account", value_name = "NAME")]
    pub accounts: Vec<String>,

    /// Walk everything instead of what was seen since the last run; resumes an interrupted full walk
    #[arg(long, conflicts_with_all = ["since", "until"])]
    pub full: bool,

    /// With --full: begin anew where a full walk was interrupted
    #[arg(long, requires = "full")]
    pub restart: bool,

    /// Deliver what was seen at or after this time (RFC 3339), without touching the state
    #[arg(long, value_name = "TIME", conflicts_with = "every")]
    pub since: Option<String>,

    /// Deliver what was seen before this time (RFC 3339), without touching the state
    #[arg(long, value_name = "TIME", conflicts_with = "every")]
    pub until: Option<String>,

    /// Do all but deliver events and store cursors
    #[arg(long)]
    pub dry_run: bool,

    /// Preview: deliver at most this many events of each source, from its beginning, and store nothing
    #[arg(long, value_name = "N", conflicts_with = "every")]
    pub limit: Option<u64>,

    /// Reject every event that a destination refuses alone, even if it takes no other event to compare it with
    #[arg(long, conflicts_with = "every")]
    pub accept_rejects: bool,

    /// Collect so many sources at a time, of all accounts together
    #[arg(long, value_name = "N", default_value = "4", value_parser = clap::value_parser!(u32).range(1..=256))]
    pub jobs: u32,

    /// Repeat for ever, beginning once in every such period, such as 3h
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    pub every: Option<Duration>,

    /// With --every: begin each run up to so much later, at random [default: a tenth of --every, 10m at most]
    #[arg(long, value_name = "DURATION", value_parser = duration::parse, requires = "every")]
    pub jitter: Option<Duration>,

    /// Once asked to stop (SIGINT, SIGTERM), give the pages in hand up after so long; they come again in the
    /// next run
    #[arg(long, value_name = "DURATION", value_parser = duration::parse, default_value = "25s")]
    pub stop_within: Duration,

    /// Write what each run came to into this file, as JSON
    #[arg(long, value_name = "FILE")]
    pub summary: Option<PathBuf>,

    /// Write Prometheus metrics into this file after each run, or serve them on this loopback address, such
    /// as 127.0.0.1:9464
    #[arg(long, value_name = "FILE|ADDRESS", value_parser = Target::parse)]
    pub metrics: Option<Target>,
}

/// What `check` takes.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Test this account only; may be given several times
    #[arg(long = "account", value_name = "NAME")]
    pub accounts: Vec<String>,
}

/// What `map` takes.
#[derive(Debug, Args)]
pub(crate) struct Map {
    /// Files with endpoints: an object, an array, an API page with `items`, or one a line; `-` or none
    /// reads standard input
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// Print a table in the place of each event: where each of its values came from, and what was not used
    #[arg(long)]
    pub explain: bool,

    /// With --explain: print each event with its reasons as JSON, one a line
    #[arg(long)]
    pub json: bool,

    /// The dialect of the events, one that `describe` lists
    #[arg(long, value_name = "DIALECT")]
    pub dialect: Option<String>,

    /// Leave this out of the events, such as device.desc; may be given several times, or with commas between
    #[arg(long, value_name = "PATH", value_delimiter = ',')]
    pub omit: Vec<String>,

    /// Map as this account does, with its component and config: in the place of --component, --dialect and --omit
    #[arg(long, value_name = "NAME", conflicts_with_all = ["component", "dialect", "omit"])]
    pub account: Option<String>,

    /// Map as if it were this time (RFC 3339), which an event has where its record tells none
    #[arg(long, value_name = "TIME")]
    pub now: Option<String>,

    /// The component, where it is not the only account's or the one beside this program
    #[arg(long, value_name = "FILE")]
    pub component: Option<PathBuf>,
}

/// What `describe` takes.
#[derive(Debug, Args)]
pub(crate) struct Describe {
    /// The account for which it is to be shown, where the component has several or another one is compared
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,

    /// The component, where it is not the account's or the one beside this program
    #[arg(long, value_name = "FILE")]
    pub component: Option<PathBuf>,

    /// Print the same facts, and the manifest as it is, as JSON
    #[arg(long)]
    pub json: bool,
}

/// What `approve` takes.
#[derive(Debug, Args)]
pub(crate) struct Approve {
    /// Approve for this account only; may be given several times
    #[arg(long = "account", value_name = "NAME")]
    pub accounts: Vec<String>,
}

/// What `init` takes.
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The component to write a configuration for, where it is not the one beside this program
    #[arg(long, value_name = "FILE")]
    pub component: Option<PathBuf>,

    /// The name of the account in the file
    #[arg(long, value_name = "NAME", default_value = "main")]
    pub account: String,

    /// Replace the file if it is there
    #[arg(long)]
    pub force: bool,
}

/// What `state` does.
#[derive(Debug, Subcommand)]
pub(crate) enum State {
    /// List the sources with their marks and last runs
    List,
    /// Show one source's stored cursor
    Show(Selector),
    /// Begin the next run at a mark, such as another connector's last one
    Set(SetMark),
    /// Forget cursors, so that the next run walks everything
    Reset(Selector),
    /// Forget the cursors of sources that are gone or cannot be collected, and of accounts that the configuration no
    /// longer has
    Prune,
}

/// Which source of the state is meant.
#[derive(Debug, Args)]
pub(crate) struct Selector {
    /// The account
    #[arg(long, value_name = "NAME")]
    pub account: String,

    /// The source, where the account has several
    #[arg(long, value_name = "ID")]
    pub source: Option<String>,
}

/// What `state set` takes.
#[derive(Debug, Args)]
pub(crate) struct SetMark {
    /// The source
    #[command(flatten)]
    pub selector: Selector,

    /// The time (RFC 3339) from which on devices are collected
    #[arg(long, value_name = "TIME")]
    pub last_seen: String,
}
