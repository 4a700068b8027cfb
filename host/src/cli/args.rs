//! The flags of the command line. docs/cli.md describes them, and a test compares the two.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use time::OffsetDateTime;

use crate::cli::log;
use crate::cli::report::target::Target;
use crate::units::{duration, timestamp};

/// Runs inventory connectors as sandboxed WebAssembly components and delivers their events.
///
/// Exit codes: 0 success; 1 an account or a source failed, or a record was rejected; 2 nothing ran.
#[derive(Debug, Parser)]
#[command(name = "asset-host", version = env!("ASSET_HOST_VERSION"))]
pub(crate) struct Cli {
    /// Read this configuration file, every *.toml of this folder, or standard input (-); `init` writes a file
    #[arg(
        long,
        global = true,
        value_name = "FILE|FOLDER",
        env = "ASSET_HOST_CONFIG",
        hide_env_values = true,
        default_value = "asset-host.toml"
    )]
    pub config: PathBuf,

    /// Log every request; given twice, also the component's own log lines
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,

    /// Log warnings and errors only, and show no progress
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Write the log on standard error for people or as JSON
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    pub log_format: log::Format,

    /// The command
    #[command(subcommand)]
    pub command: Command,
}

/// A command.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Collect all sources of all accounts and deliver the events
    Collect(Collect),
    /// Test the credentials of every account and report what they may read
    Check(Check),
    /// Turn endpoints in files into events, without network or account
    Map(Map),
    /// Show what a component is, what it asks for and what it may do
    Describe(Describe),
    /// Approve what the components ask for now; `describe --account NAME` shows it
    Approve(Approve),
    /// Write a commented configuration file for a component
    Init(Init),
    /// Show and change the stored cursors
    #[command(subcommand)]
    State(State),
}

/// The arguments of `collect`.
#[derive(Debug, Args)]
pub(crate) struct Collect {
    /// Collect this account only; can be repeated
    #[arg(long = "account", value_name = "NAME")]
    pub accounts: Vec<String>,

    /// Collect every device, not only those seen since the last run; resumes an interrupted full run
    #[arg(long, conflicts_with_all = ["since", "until"])]
    pub full: bool,

    /// With --full: start over instead of resuming
    #[arg(long, requires = "full")]
    pub restart: bool,

    /// Deliver devices seen at or after this time (RFC 3339) and leave the state unchanged
    #[arg(long, value_name = "TIME", value_parser = timestamp::parse, conflicts_with = "every")]
    pub since: Option<OffsetDateTime>,

    /// Deliver devices seen before this time (RFC 3339) and leave the state unchanged
    #[arg(long, value_name = "TIME", value_parser = timestamp::parse, conflicts_with = "every")]
    pub until: Option<OffsetDateTime>,

    /// Do everything except delivering events and storing cursors
    #[arg(long)]
    pub dry_run: bool,

    /// Preview at most this many events per source, from the source's beginning, and store nothing
    #[arg(long, value_name = "N", conflicts_with = "every")]
    pub limit: Option<u64>,

    /// Run only if every account is in order: its configuration, component, secrets, permissions and destination
    #[arg(long)]
    pub strict: bool,

    /// Reject each event that a destination refuses on its own, even if it accepts no other event for comparison
    #[arg(long, conflicts_with = "every")]
    pub accept_rejects: bool,

    /// Collect this many sources in parallel, over all accounts
    #[arg(long, value_name = "N", default_value = "4", value_parser = clap::value_parser!(u32).range(1..=256))]
    pub jobs: u32,

    /// Repeat for ever, once per interval, such as 3h
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    pub every: Option<Duration>,

    /// With --every: spread the accounts by their names over this long from the beginning of each interval [default: the
    /// whole interval]
    #[arg(long, value_name = "DURATION", value_parser = duration::parse, requires = "every")]
    pub jitter: Option<Duration>,

    /// On SIGINT or SIGTERM, wait this long for the current pages; a page that takes longer is sent again by the next run
    #[arg(long, value_name = "DURATION", value_parser = duration::parse, default_value = "25s")]
    pub stop_within: Duration,

    /// Write the result of each run to this file, as JSON
    #[arg(long, value_name = "FILE")]
    pub summary: Option<PathBuf>,

    /// Write Prometheus metrics to this file after each run, or serve them on this port or loopback address, such as
    /// 9464 or `[::1]:9464`
    #[arg(long, value_name = "FILE|PORT|ADDRESS", value_parser = Target::parse)]
    pub metrics: Option<Target>,
}

/// The arguments of `check`.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Test this account only; can be repeated
    #[arg(long = "account", value_name = "NAME")]
    pub accounts: Vec<String>,
}

/// The arguments of `map`.
#[derive(Debug, Args)]
pub(crate) struct Map {
    /// Files of endpoints: one object, an array, an API page with `items`, or one object per line; `-` or no file
    /// reads standard input
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// Print a table instead of each event: every value, the fields it comes from, the rule, and the unused fields
    #[arg(long)]
    pub explain: bool,

    /// With --explain: print each event with its reasons as JSON, one object per line
    #[arg(long)]
    pub json: bool,

    /// Map to this dialect instead of the default one; `describe` lists them
    #[arg(long, value_name = "DIALECT")]
    pub dialect: Option<String>,

    /// Leave this attribute out, such as device.desc; can be repeated, or given with commas
    #[arg(long, value_name = "PATH", value_delimiter = ',')]
    pub omit: Vec<String>,

    /// Map with the component and the config of this account; replaces --component, --dialect and --omit
    #[arg(long, value_name = "NAME", conflicts_with_all = ["component", "dialect", "omit"])]
    pub account: Option<String>,

    /// Map as of this time (RFC 3339), which an event gets if its record has none
    #[arg(long, value_name = "TIME")]
    pub now: Option<String>,

    /// Use this component instead of the only account's, or of the one beside the program
    #[arg(long, value_name = "FILE")]
    pub component: Option<PathBuf>,
}

/// The arguments of `describe`.
#[derive(Debug, Args)]
pub(crate) struct Describe {
    /// Show what this account grants; required if several accounts use the component
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,

    /// Describe this component instead of the account's, or of the one beside the program
    #[arg(long, value_name = "FILE")]
    pub component: Option<PathBuf>,

    /// Print the same facts and the unchanged manifest as JSON
    #[arg(long)]
    pub json: bool,
}

/// The arguments of `approve`.
#[derive(Debug, Args)]
pub(crate) struct Approve {
    /// Approve for this account only; can be repeated
    #[arg(long = "account", value_name = "NAME")]
    pub accounts: Vec<String>,
}

/// The arguments of `init`.
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Write the configuration for this component instead of the one beside the program
    #[arg(long, value_name = "FILE")]
    pub component: Option<PathBuf>,

    /// The name of the account in the file
    #[arg(long, value_name = "NAME", default_value = "main")]
    pub account: String,

    /// Write events in this dialect; without it, `init` asks on a terminal, and elsewhere takes the default one
    #[arg(long, value_name = "DIALECT")]
    pub dialect: Option<String>,

    /// Replace an existing file
    #[arg(long)]
    pub force: bool,
}

/// The commands of `state`.
#[derive(Debug, Subcommand)]
pub(crate) enum State {
    /// List the sources with their marks and last runs
    List {
        /// Print them as JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the stored cursor of one source
    Show {
        /// The source
        #[command(flatten)]
        selector: Selector,
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
    /// Start the next run at a time, such as the last one of another connector
    Set(SetMark),
    /// Forget cursors, so that the next run collects everything
    Reset {
        /// The source
        #[command(flatten)]
        selector: Selector,
        /// Forget several cursors without a question
        #[arg(long)]
        yes: bool,
    },
    /// Forget sources that are gone or cannot be collected, and accounts that are no longer configured
    Prune {
        /// Forget several cursors without a question
        #[arg(long)]
        yes: bool,
    },
    /// Print everything that is stored, one account per line, for `state import` of another state
    Export {
        /// Export this account only; can be repeated
        #[arg(long = "account", value_name = "NAME")]
        accounts: Vec<String>,
    },
    /// Store what `state export` printed
    Import(Import),
}

/// The arguments of `state import`.
#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The file that `state export` was written to, or - for standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// Replace what is stored of these accounts
    #[arg(long)]
    pub replace: bool,
}

/// A source in the state.
#[derive(Debug, Args)]
pub(crate) struct Selector {
    /// The account
    #[arg(long, value_name = "NAME")]
    pub account: String,

    /// The source by its id or name, where the account has several
    #[arg(long, value_name = "ID|NAME")]
    pub source: Option<String>,
}

/// The arguments of `state set`.
#[derive(Debug, Args)]
pub(crate) struct SetMark {
    /// The source
    #[command(flatten)]
    pub selector: Selector,

    /// Collect devices seen at or after this time (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = timestamp::parse)]
    pub last_seen: OffsetDateTime,
}
