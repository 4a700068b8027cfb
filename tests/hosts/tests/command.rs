//! The component as a command, composed with `examples/adapters/`, in Python's wasmtime: any host of `wasi:cli/run` will
//! do. `make test-slow` composes it.

use std::path::PathBuf;
use std::process::Command;

use other_hosts::{Call, Host, built, root};

fn command() -> Host {
    Host { command: python }
}

/// Returns the file of the call's component with the adapters.
fn composed(call: &Call) -> PathBuf {
    let name = call.component.trim_end_matches(".wasm");
    built(&format!("adapters/{name}-cli.wasm"))
}

fn python(call: &Call) -> Command {
    let python = std::env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
    let mut command = Command::new(python);
    command
        .arg(root("tests/hosts/command.py"))
        .arg(composed(call))
        .arg(".")
        .args(call.cursors.iter().filter_map(|file| file.parent()))
        .args(["--", call.name])
        .args(&call.arguments)
        .args(call.allow.iter().flat_map(|origin| ["--allow", origin]))
        .args(["--patience", &call.patience.to_string()])
        .args(["--timeout", &call.timeout.to_string()])
        .env_clear()
        .env("HOME", root("target/tmp"))
        .envs(call.secrets.iter().map(|(name, value)| (name, value)));
    if let Some(file) = &call.cursors {
        command.arg("--cursors").arg(file);
    }
    command
}

other_hosts::tests!(command: all);

other_hosts::tests!(
    command:
    a_list_of_assets_is_collected,
    a_damaged_file_of_cursors_is_reported,
    a_file_that_another_run_is_writing_is_left_alone,
    a_variable_that_is_no_secret_is_not_given_away,
    a_record_does_not_control_the_terminal,
    events_are_utf_8_in_any_locale,
);
