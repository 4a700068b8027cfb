//! Many accounts in one host: each is a job of its own, whose failures, waits and intervals are no matter of the others.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod failures;
mod many;
mod schedule;
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeSet;

use serde_json::Value;
use sophos_central_simulator::{CLIENT_ID, Fleet, Options, Simulator};
use support::{QUICK, Workplace, built};

/// How many endpoints an account has.
const ENDPOINTS: usize = 7;

/// Returns a workplace without an account, whose configuration is the folder `conf.d`.
fn workplace() -> Workplace {
    let work = Workplace::new(Options::new(Fleet::new(1, ENDPOINTS as u64)));
    std::fs::create_dir(work.path("conf.d")).unwrap();
    work.write("conf.d/state.toml", "[state]\npath = \"../state.db\"\n");
    work
}

/// Writes the file of an account whose API is `simulator`, and which delivers to `NAME.ndjson`.
fn add(work: &Workplace, name: &str, simulator: &Simulator) {
    let component = built("sophos-assets.wasm");
    let url = simulator.url();
    let quick = QUICK.replace("acme", name);
    let file = format!(
        r#"
[account.{name}]
component = {component:?}
allow_loopback_http = true
rate_limits = []
[account.{name}.config]
client_id = "{CLIENT_ID}"
api_host = "{url}"
token_url = "{url}/api/v2/oauth2/token"
[account.{name}.secrets]
client_secret = {{ env = "TEST_CLIENT_SECRET" }}
[account.{name}.deliver]
to = "file"
path = "../{name}.ndjson"
{quick}
"#
    );
    // Replaced in one step, since a host may be reading the folder.
    work.write("conf.d/.new", &file);
    std::fs::rename(work.path("conf.d/.new"), path_of(work, name)).unwrap();
}

/// Returns the file of an account.
fn path_of(work: &Workplace, name: &str) -> std::path::PathBuf {
    work.path(&format!("conf.d/{name}.toml"))
}

/// Replaces a text in the file of an account, which must be there.
#[track_caller]
fn edit(work: &Workplace, name: &str, from: &str, to: &str) {
    let text = std::fs::read_to_string(path_of(work, name)).unwrap();
    assert!(text.contains(from), "{from:?} is not in {text}");
    std::fs::write(path_of(work, name), text.replace(from, to)).unwrap();
}

/// Returns the arguments of `collect` with these behind them.
fn collect<'a>(flags: &[&'a str]) -> Vec<&'a str> {
    [&["--config", "conf.d", "collect"], flags].concat()
}

/// Returns the ids of the devices that were delivered for an account, each of which may be there once only.
#[track_caller]
fn delivered(work: &Workplace, name: &str) -> BTreeSet<String> {
    let path = work.path(&format!("{name}.ndjson"));
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let mut ids = BTreeSet::new();
    for line in text.lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        let id = event["device"]["uid"].as_str().unwrap().to_owned();
        assert!(ids.insert(id), "{name} got a device twice");
    }
    ids
}
