//! A connector as a command: `check`, `discover`, `collect`, `explain`.

mod arguments;
mod collect;
mod cursors;

use std::io::{self, Write};
use std::process::ExitCode;

use adapters::{
    Network, Patience, account_to_json, collection, explanation_to_json, list, mapping, open,
    source_to_json, to_text,
};

use crate::arguments::{Command, Options};

/// Why a command failed, as a text for people.
type Failure = String;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let command = match arguments::parse(&arguments) {
        Ok(command) => command,
        Err(why) => {
            let _ = writeln!(io::stderr(), "{why}");
            return ExitCode::FAILURE;
        }
    };
    match run(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            report(&why);
            ExitCode::FAILURE
        }
    }
}

/// Prints a line for people. What came from an API may hold anything, but reaches no terminal.
fn report(line: &str) {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    let line = line.replace(breaks, "?");
    let _ = writeln!(io::stderr(), "{line}");
}

/// Prints a line of the answer.
fn print(line: &str) -> Result<(), Failure> {
    writeln!(io::stdout(), "{line}").map_err(|error| format!("cannot write to stdout: {error}"))
}

fn run((command, options): (Command, Options)) -> Result<(), Failure> {
    match command {
        Command::Check(config) => {
            let patience = prepare(&config, &options)?;
            let account = patience.call(|| collection::check(&config));
            let account = account.map_err(|error| to_text(&error))?;
            print(&account_to_json(&account))
        }
        Command::Discover(config) => {
            let patience = prepare(&config, &options)?;
            let sources = list(&config, patience).map_err(|error| to_text(&error))?;
            for source in &sources {
                let line = source_to_json(source);
                print(&line.map_err(|error| format!("the source {}: {error}", source.id))?)?;
            }
            Ok(())
        }
        Command::Collect(config) => {
            let patience = prepare(&config, &options)?;
            collect::account(&config, options.cursors.as_deref(), patience)
        }
        Command::Explain { record, dialect } => {
            let explanation = mapping::explain(&record, &dialect).map_err(|error| {
                let message = error.message;
                match (error.line, error.column) {
                    (0, _) => format!("map-error: {message}"),
                    (line, column) => format!("map-error: line {line}, column {column}: {message}"),
                }
            })?;
            let line = explanation_to_json(&explanation);
            print(&line.map_err(|error| format!("the explanation is not JSON: {error}"))?)
        }
    }
}

/// Opens the network for an account.
fn prepare(config: &str, options: &Options) -> Result<Patience, Failure> {
    let network = Network {
        allow: options.allow.clone(),
        timeout_seconds: options.timeout_seconds,
        throttle: options.throttle,
    };
    open(config, network)?;
    Ok(Patience {
        total: options.patience,
        report,
    })
}
