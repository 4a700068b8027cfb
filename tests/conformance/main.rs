//! `conformance`: tests whether a component keeps the contract of `wit/`, and prints a line for each rule.
//!
//! The component runs in wasmtime itself, not in the sandbox of a host, so that what it does is seen and not prevented.
//! No request of it leaves this machine: a server of one's own, a folder of files or invented faults answer them.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;

use crate::guest::Guest;
use crate::rules::Subject;
use crate::server::Server;

mod guest;
mod network;
mod rules;
mod server;

/// Tests whether a component keeps the contract inventory:connector.
///
/// Prints `ok RULE`, `FAILED RULE: why` or `untested RULE: why` for each rule. The exit code is 1 if a rule failed.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The component.
    component: PathBuf,
    /// The config of an account, a JSON object. `{url}` in it stands for where --server or --files answers; its URLs are
    /// those that the component may reach beside the hosts of its manifest.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A command that starts a server on this machine and prints its URL first.
    #[arg(long, value_name = "COMMAND", conflicts_with = "files")]
    server: Option<String>,
    /// A folder whose files answer requests by their paths, with an ETag.
    #[arg(long, value_name = "FOLDER")]
    files: Option<PathBuf>,
    /// The value of a secret; another secret of the manifest gets an invented one.
    #[arg(long, value_name = "NAME=VALUE")]
    secret: Vec<String>,
    /// A record of the vendor's API, to be mapped. Those in JSON answers are found without it.
    #[arg(long, value_name = "FILE")]
    record: Vec<PathBuf>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let server = Server::start(arguments.server.as_deref(), arguments.files)?;
    let read = |path: &PathBuf| {
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
    };
    let config = match &arguments.config {
        Some(path) => read(path)?,
        None => "{}".to_owned(),
    };
    let config = config.replace("{url}", server.url());
    let secret = |text: &String| {
        let parts = text.split_once('=').context("--secret takes NAME=VALUE")?;
        anyhow::Ok((parts.0.to_owned(), parts.1.to_owned()))
    };
    let secrets = arguments.secret.iter().map(secret).collect::<Result<_>>()?;
    let records = arguments.record.iter().map(read).collect::<Result<_>>()?;
    let component = std::fs::read(&arguments.component)
        .with_context(|| format!("cannot read {}", arguments.component.display()))?;
    let guest = Guest::new(&component, server, secrets)?;
    let failed = Subject::new(guest, config, records).test().await;
    Ok(ExitCode::from(u8::from(failed)))
}
