//! All hostile components at once.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use sophos_central_simulator::intake::{Intake, Options};
use sophos_central_simulator::{Fleet, Options as Central};

use crate::measured;
use crate::support::{QUICK, Workplace, built};

/// How many devices `acme` has.
const DEVICES: u64 = 2_000;

/// The largest allowed resident memory of the process or of a child.
const RESIDENT: u64 = 512 << 20;

/// How long the run may take once the components are compiled.
const TIME: Duration = Duration::from_secs(60);

/// Components that a run refuses before it starts, since it cannot read their manifest; each has its own test.
const REFUSED: [&str; 5] = [
    "endless_loop_in_describe",
    "manifest_changes_between_calls",
    "manifest_that_takes_for_ever",
    "trap_at_start",
    "trap_in_describe",
];

/// The hostile components, by the files of `tests/guests/`.
fn guests() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("guests");
    let files = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let sources = files.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    sources
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .filter(|guest| !REFUSED.contains(&guest.as_str()))
        .collect()
}

/// Returns what a guest with several deeds does: one with which the run can start.
fn how(guest: &str) -> &str {
    match guest {
        "trap_in_every_export" => "how = \"collect\"",
        _ => "",
    }
}

/// Returns the account of a guest, with less memory than by default, so that many fit into the test's limit.
fn account(guest: &str, url: &str) -> String {
    let component = built(&format!("guests/{guest}.wasm"));
    let how = how(guest);
    format!(
        r#"
[account.guest-{guest}]
component = {component:?}
allow_loopback_http = true
[account.guest-{guest}.config]
token_url = "{url}/token"
api_url = "{url}/"
{how}
[account.guest-{guest}.secrets]
secret = {{ env = "TEST_GUEST_SECRET" }}
[account.guest-{guest}.deliver]
to = "file"
path = "{guest}.ndjson"
[account.guest-{guest}.retry]
total = "0s"
[account.guest-{guest}.limits]
memory_bytes = 33554432
batch_bytes = 8388608
cpu = "2s"
[account.guest-{guest}.timeouts]
call = "3s"
connect = "500ms"
first_byte = "1s"
"#
    )
}

#[test]
fn all_hostile_components_at_once_do_not_affect_another_account() {
    let work = Workplace::new(Central::new(Fleet::new(1, DEVICES)));
    work.write("names", "");
    let server = Intake::start(Options::new());
    work.configure("", QUICK);
    let mut accounts = String::new();
    for guest in guests() {
        accounts.write_str(&account(&guest, server.url())).unwrap();
    }
    work.append(&accounts);
    for guest in guests() {
        let component = built(&format!("guests/{guest}.wasm"));
        let describe = ["describe", "--component", component.to_str().unwrap()];
        work.host(&describe).expect(0);
    }
    let (ran, usage) = measured::run_in(&work, &["collect", "--summary", "summary.json"]);
    let ran = ran.expect(1);

    let summary = std::fs::read_to_string(work.path("summary.json")).unwrap();
    let summary: Value = serde_json::from_str(&summary).unwrap();
    let sources = summary["sources"].as_array().unwrap();
    let of = |account: &str| sources.iter().find(|entry| entry["account"] == account);
    let acme = of("acme").unwrap();
    assert_eq!(acme["outcome"], "up_to_date", "{acme}");
    assert_eq!(acme["events"], DEVICES, "{acme}");
    assert_eq!(work.ids().len() as u64, DEVICES);
    // Each of them ran.
    for guest in guests() {
        assert!(
            of(&format!("guest-{guest}")).is_some(),
            "{guest}: {}",
            ran.stderr
        );
    }
    assert!(
        usage.peak_memory < RESIDENT,
        "{} MiB",
        usage.peak_memory >> 20
    );
    assert!(usage.wall < TIME, "{:?}", usage.wall);
}
