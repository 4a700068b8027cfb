//! The component in Python's wasmtime: `examples/python/`. `make test-slow` installs it, and names the Python that has it
//! in the variable `PYTHON`.

use std::process::Command;

use other_hosts::{Call, Host, assert_decides, built, root};

fn python() -> Host {
    Host { command }
}

fn command(call: &Call) -> Command {
    let python = std::env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
    let mut command = Command::new(python);
    command
        .arg(root("examples/python/collect.py"))
        .arg(built(call.component))
        .args(call.options())
        .env_clear()
        // Where wasmtime keeps what it has compiled.
        .env("HOME", root("target/tmp"))
        .envs(call.secrets.iter().map(|(name, value)| (name, value)));
    command
}

other_hosts::tests!(python: all);

other_hosts::tests!(
    python:
    a_list_of_assets_is_collected,
    a_damaged_file_of_cursors_is_reported,
    a_file_that_another_run_is_writing_is_left_alone,
    a_variable_that_is_no_secret_is_not_given_away,
    a_record_does_not_control_the_terminal,
    events_are_utf_8_in_any_locale,
    an_answer_that_drips_ends_at_the_deadline,
    a_component_gets_no_environment_and_no_files,
    a_component_sets_no_header_of_the_connection,
    a_component_that_computes_for_ever_is_ended,
);

#[test]
fn the_allow_list_decides_by_origin() {
    let script = "import json, sys; from allowed import Allowed
manifest, config, requests = json.loads(sys.argv[1])
allowed = Allowed(manifest, config, ['http://127.0.0.1:8080'])
print(json.dumps([allowed.permits(*request) for request in requests]))";
    let python = std::env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
    let mut command = Command::new(python);
    command.current_dir(root("examples/python"));
    command.args(["-c", script]);
    assert_decides(command);
}
