//! The component in Node.js: `examples/node/`. `make test-slow` installs what it imports.

use std::process::Command;

use other_hosts::{Call, Host, assert_decides, built, root};

fn node() -> Host {
    Host { command }
}

fn command(call: &Call) -> Command {
    let mut command = Command::new("node");
    command
        .arg(root("examples/node/collect.mjs"))
        .arg(built(call.component))
        .args(call.options())
        .arg("--cache")
        .arg(root("target/tmp/transpiled"))
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .envs(call.secrets.iter().map(|(name, value)| (name, value)));
    command
}

other_hosts::tests!(node: all);

other_hosts::tests!(
    node:
    a_list_of_assets_is_collected,
    a_damaged_file_of_cursors_is_reported,
    a_file_that_another_run_is_writing_is_left_alone,
    a_variable_that_is_no_secret_is_not_given_away,
    a_record_does_not_control_the_terminal,
    events_are_utf_8_in_any_locale,
    an_answer_that_drips_ends_at_the_deadline,
    a_component_gets_no_environment_and_no_files,
    a_component_that_computes_for_ever_is_ended,
);

#[test]
fn the_allow_list_decides_by_origin() {
    let script = "const { Allowed } = await import('./allowed.mjs');
        const [manifest, config, requests] = JSON.parse(process.argv[1]);
        const allowed = new Allowed(manifest, config, ['http://127.0.0.1:8080']);
        console.log(JSON.stringify(requests.map((request) => allowed.permits(...request))));";
    let mut command = Command::new("node");
    command.current_dir(root("examples/node"));
    command.args(["--input-type=module", "--eval", script]);
    assert_decides(command);
}
