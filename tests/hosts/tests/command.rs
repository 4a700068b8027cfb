//! The component as a command, composed with `examples/adapters/`, in Python's wasmtime: any host of `wasi:cli/run` will
//! do. `make test-slow` composes it.

use std::process::Command;

use other_hosts::{Call, Host, built, root};

fn command() -> Host {
    Host { command: python }
}

fn python(call: &Call) -> Command {
    let python = std::env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
    let mut command = Command::new(python);
    command
        .arg(root("tests/hosts/command.py"))
        .arg(built("adapters/sophos-assets-cli.wasm"))
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

other_hosts::tests!(
    command:
    check_names_the_account,
    discover_lists_the_sources_of_all_pages,
    collect_prints_what_the_program_delivers,
    collect_prints_the_events_of_all_tenants,
    a_source_that_fails_does_not_affect_the_others,
    a_record_that_cannot_be_mapped_does_not_cost_its_page,
    explain_prints_what_the_program_explains,
    explain_names_the_place_of_a_fault,
    config_and_record_may_be_in_files,
    a_second_run_goes_on_from_the_stored_cursors,
    events_that_are_not_written_store_no_cursor,
    a_source_that_is_not_listed_any_more_is_a_failure,
    errors_that_stay_are_not_tried_again,
    junk_instead_of_json_is_not_tried_again,
    an_expired_session_is_begun_anew_once,
    a_rate_limit_is_waited_for,
    an_unavailable_api_is_tried_again_for_a_while,
    a_config_that_does_not_fit_is_reported_by_field,
    an_untrusted_certificate_is_reported,
    a_broken_connection_is_tried_again,
    an_answer_that_ends_early_is_tried_again,
    an_answer_that_stalls_is_tried_again,
    bytes_that_are_not_http_are_tried_again,
    a_connection_that_always_breaks_is_given_up,
    a_host_that_is_not_allowed_is_not_reached,
    requests_keep_to_the_limits_of_the_manifest,
);
