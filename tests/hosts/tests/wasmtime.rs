//! The component as a command, composed with `examples/adapters/`, in wasmtime's command line. `make test-hosts` builds
//! that, and compiles the component for it.

use std::process::Command;

use other_hosts::{Call, Host, built};

fn wasmtime() -> Host {
    Host { command }
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
        .arg(built("adapters/sophos-assets-cli.cwasm"))
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
