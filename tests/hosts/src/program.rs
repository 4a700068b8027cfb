//! What `asset-host` makes of the same account.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::place::{Call, Place};
use crate::{built, root};

/// Collects with `asset-host`, and returns the events, one a line. The simulator forgets the requests of it.
pub(crate) fn events(place: &Place) -> String {
    let events = events_of(&place.path(""), &place.call("collect"));
    place.simulator.clear_requests();
    events
}

/// Collects in a folder what this call of another host collects, and returns the events, one a line.
pub(crate) fn events_of(folder: &Path, call: &Call) -> String {
    let component = built(call.component);
    let config: Value = serde_json::from_str(&call.arguments[0]).unwrap();
    let mut toml = format!(
        "[account.acme]\ncomponent = {component:?}\nallow_loopback_http = true\nrate_limits = []\n\
         [account.acme.deliver]\nto = \"file\"\npath = \"events.ndjson\"\n[account.acme.config]\n"
    );
    for (name, value) in config.as_object().unwrap() {
        toml += &match value.as_object() {
            Some(fields) => fields
                .iter()
                .map(|(field, value)| format!("{name}.{field} = {value}\n"))
                .collect(),
            None => format!("{name} = {value}\n"),
        };
    }
    toml += "[account.acme.secrets]\n";
    for (variable, _) in &call.secrets {
        let name = variable.trim_start_matches("SECRET_").to_lowercase();
        toml += &format!("{name} = {{ env = \"{variable}\" }}\n");
    }
    std::fs::write(folder.join("asset-host.toml"), toml).unwrap();
    run(folder, &["--quiet", "collect"], call);
    std::fs::read_to_string(folder.join("events.ndjson")).unwrap()
}

/// Returns what `asset-host` explains of a record, one line of JSON.
pub(crate) fn explanation(place: &Place, record: &str, dialect: &str) -> String {
    std::fs::write(place.path("record.json"), record).unwrap();
    let component = built("sophos-assets.wasm");
    let component = component.to_str().unwrap();
    let arguments = [
        "map",
        "--component",
        component,
        "--explain",
        "--json",
        "--dialect",
        dialect,
        "record.json",
    ];
    run(&place.path(""), &arguments, &place.call("explain"))
}

fn run(folder: &Path, arguments: &[&str], call: &Call) -> String {
    let output = Command::new(built("asset-host"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .envs(call.secrets.iter().map(|(name, value)| (name, value)))
        .env("XDG_CACHE_HOME", root("target/tmp"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}
