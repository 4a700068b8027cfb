//! The component as a command, composed with `examples/adapters/`, in wasmtime's command line. `make test-hosts` builds
//! that, and compiles the component for it.

use std::path::PathBuf;
use std::process::Command;

use other_hosts::{Call, Host, built};

fn wasmtime() -> Host {
    Host { command }
}

/// Returns the file of the call's component with the adapters.
fn composed(call: &Call) -> PathBuf {
    let name = call.component.trim_end_matches(".wasm");
    built(&format!("adapters/{name}-cli.cwasm"))
}

fn command(call: &Call) -> Command {
    let program = std::env::var_os("WASMTIME");
    let mut command = Command::new(program.unwrap_or_else(|| "wasmtime".into()));
    command.args(["run", "--allow-precompiled", "-S", "http", "--dir", "."]);
    for (name, _) in &call.secrets {
        command.args(["--env", name]);
    }
    for folder in call.cursors.iter().filter_map(|file| file.parent()) {
        command.arg("--dir").arg(folder);
    }
    command
        .arg(composed(call))
        .arg(call.name)
        .args(&call.arguments)
        .args(call.allow.iter().flat_map(|origin| ["--allow", origin]))
        .args(["--patience", &call.patience.to_string()])
        .args(["--timeout", &call.timeout.to_string()])
        .env_clear()
        .envs(call.secrets.iter().map(|(name, value)| (name, value)));
    if let Some(file) = &call.cursors {
        command.arg("--cursors").arg(file);
    }
    command
}

other_hosts::tests!(wasmtime: all);

other_hosts::tests!(
    wasmtime:
    a_list_of_assets_is_collected,
    a_damaged_file_of_cursors_is_reported,
    a_file_that_another_run_is_writing_is_left_alone,
    a_variable_that_is_no_secret_is_not_given_away,
    a_record_does_not_control_the_terminal,
    events_are_utf_8_in_any_locale,
);
