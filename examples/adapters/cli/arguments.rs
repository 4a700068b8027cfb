//! The command line.

use std::io::{self, Read};
use std::path::PathBuf;
use std::time::Duration;

const USAGE: &str = "usage: check CONFIG | discover CONFIG | collect CONFIG | explain RECORD DIALECT
  CONFIG and RECORD are JSON text, @FILE (in a folder that --dir of wasmtime opens), or - for standard input
  --cursors FILE       collect: go on from the cursors in this file, and store them there
  --allow HOST         also allow this host or origin; can be repeated
  --timeout SECONDS    without a connection, a response or its next byte; 60 if not given
  --patience SECONDS   how long to try again while the API is unavailable; 600 if not given
  --no-throttle        do not keep to the rate limits of the connector's manifest";

/// What to do.
pub(crate) enum Command {
    Check(String),
    Discover(String),
    Collect(String),
    Explain { record: String, dialect: String },
}

/// How to do it.
pub(crate) struct Options {
    pub(crate) allow: Vec<String>,
    pub(crate) cursors: Option<PathBuf>,
    pub(crate) patience: Duration,
    pub(crate) throttle: bool,
    pub(crate) timeout_seconds: u32,
}

/// Reads the arguments after the program's name. The error is a text for people.
pub(crate) fn parse(arguments: &[String]) -> Result<(Command, Options), String> {
    let mut options = Options {
        allow: Vec::new(),
        cursors: None,
        patience: Duration::from_secs(600),
        throttle: true,
        timeout_seconds: 60,
    };
    let mut words = Vec::new();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if !argument.starts_with("--") {
            words.push(argument.as_str());
            continue;
        }
        let mut value = || {
            arguments
                .next()
                .ok_or(format!("{argument} needs a value\n{USAGE}"))
        };
        match argument.as_str() {
            "--allow" => options.allow.push(value()?.clone()),
            "--cursors" => options.cursors = Some(PathBuf::from(value()?)),
            "--no-throttle" => options.throttle = false,
            "--patience" => options.patience = Duration::from_secs(seconds(value()?)?.into()),
            "--timeout" => options.timeout_seconds = seconds(value()?)?,
            _ => return Err(format!("{argument} is not a flag\n{USAGE}")),
        }
    }
    let command = match words.as_slice() {
        ["check", config] => Command::Check(text(config)?),
        ["discover", config] => Command::Discover(text(config)?),
        ["collect", config] => Command::Collect(text(config)?),
        ["explain", record, dialect] => {
            let dialect = (*dialect).to_owned();
            Command::Explain {
                record: text(record)?,
                dialect,
            }
        }
        _ => return Err(USAGE.to_owned()),
    };
    Ok((command, options))
}

fn seconds(text: &str) -> Result<u32, String> {
    text.parse()
        .map_err(|_| format!("{text:?} is not a number of seconds"))
}

fn text(argument: &str) -> Result<String, String> {
    match argument.strip_prefix('@') {
        Some(file) => {
            std::fs::read_to_string(file).map_err(|error| format!("cannot read {file}: {error}"))
        }
        None if argument == "-" => {
            let mut text = String::new();
            let read = io::stdin().read_to_string(&mut text);
            read.map_err(|error| format!("cannot read standard input: {error}"))?;
            Ok(text)
        }
        None => Ok(argument.to_owned()),
    }
}
