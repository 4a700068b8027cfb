//! What `asset-host` makes of the same account.

use std::process::Command;

use sophos_central_simulator::CLIENT_SECRET;

use crate::place::{Place, built, root};

/// Collects with `asset-host`, and returns the events, one a line. The simulator forgets the requests of it.
pub(crate) fn events(place: &Place) -> String {
    let component = built("sophos-assets.wasm");
    let config = place.config();
    let fields = config.as_object().unwrap().iter();
    let fields: String = fields
        .map(|(name, value)| format!("{name} = {value}\n"))
        .collect();
    let toml = format!(
        "[account.acme]\ncomponent = {component:?}\nallow_loopback_http = true\nrate_limits = []\n\
         [account.acme.config]\n{fields}\
         [account.acme.secrets]\nclient_secret = {{ env = \"TEST_CLIENT_SECRET\" }}\n\
         [account.acme.deliver]\nto = \"file\"\npath = \"events.ndjson\"\n"
    );
    std::fs::write(place.path("asset-host.toml"), toml).unwrap();
    run(place, &["--quiet", "collect"]);
    place.simulator.clear_requests();
    std::fs::read_to_string(place.path("events.ndjson")).unwrap()
}

/// Returns what `asset-host` explains of a record, one line of JSON.
pub(crate) fn explanation(place: &Place, record: &str, dialect: &str) -> String {
    std::fs::write(place.path("record.json"), record).unwrap();
    let component = built("sophos-assets.wasm");
    let component = component.to_str().unwrap();
    run(
        place,
        &[
            "map",
            "--component",
            component,
            "--explain",
            "--json",
            "--dialect",
            dialect,
            "record.json",
        ],
    )
}

fn run(place: &Place, arguments: &[&str]) -> String {
    let output = Command::new(built("asset-host"))
        .args(arguments)
        .current_dir(place.path(""))
        .env_clear()
        .env("TEST_CLIENT_SECRET", CLIENT_SECRET)
        .env("XDG_CACHE_HOME", root("target/tmp"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}
