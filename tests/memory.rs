//! Memory: a fleet of any size is collected in 64 MiB of resident memory, as the system counts it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod support;

use std::collections::HashSet;
use std::hint::black_box;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use serde::Deserialize;
use sophos_central_simulator::resource_usage::{self, Usage};
use sophos_central_simulator::{Fleet, Options, SimulatorProcess};
use support::{QUICK, Workplace, built};

/// The largest allowed resident memory of a run.
const MOST: u64 = 64 << 20;

/// Runs a command to its end and asserts its exit code; passes each line of its standard output to `line`.
#[track_caller]
fn measure(
    work: &Workplace,
    command: &Command,
    expected: i32,
    mut line: impl FnMut(&str),
) -> Usage {
    let measurer = Path::new(env!("CARGO_BIN_EXE_resource-usage"));
    let report = work.path("usage.json");
    let mut child = resource_usage::measured(measurer, &report, command)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(std::fs::File::create(work.path("log")).unwrap())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut text = String::new();
    while lines.read_line(&mut text).unwrap() > 0 {
        line(&text);
        text.clear();
    }
    let code = child.wait().unwrap().code();
    let log = std::fs::read_to_string(work.path("log")).unwrap();
    assert_eq!(code, Some(expected), "{log}");
    resource_usage::take(&report).unwrap()
}

/// Returns a workplace whose own simulator is not used.
fn workplace() -> Workplace {
    Workplace::new(Options::new(Fleet::new(1, 0)))
}

/// Collects this many endpoints to standard output, asserts that each arrived once, and returns the peak
/// resident memory.
fn collect(endpoints: usize) -> u64 {
    let work = workplace();
    let program = Path::new(env!("CARGO_BIN_EXE_sophos-central-simulator"));
    let simulator =
        SimulatorProcess::start(program, &["--endpoints", &endpoints.to_string()]).unwrap();
    work.configure_for(&simulator.url, "", QUICK);
    work.deliver("to = \"stdout\"");
    // Compiling the component takes more, but only once per build, whatever the fleet's size.
    work.host(&["check"]).expect(0);
    let mut ids = HashSet::new();
    let usage = measure(&work, &work.command(&["collect"]), 0, |line| {
        let event: Event = serde_json::from_str(line).unwrap();
        assert!(ids.insert(event.device.uid), "twice: {line}");
    });
    assert_eq!(ids.len(), endpoints);
    usage.peak_memory
}

#[derive(Deserialize)]
struct Event {
    device: Device,
}

#[derive(Deserialize)]
struct Device {
    uid: String,
}

#[test]
fn three_hundred_thousand_endpoints_are_collected_in_64_mib() {
    let few = collect(1_000);
    let many = collect(300_000);
    assert!(many <= MOST, "{} MiB", many >> 20);
    // Less than an id for each; what is measured is half of it, with more pages under way at once than the few have.
    assert!(
        many < few + MOST / 4,
        "{} MiB for 300,000, {} MiB for 1,000",
        many >> 20,
        few >> 20
    );
}

/// Shows that the test above would fail if memory grew: what a component holds is measured.
#[test]
fn memory_that_a_component_holds_is_measured() {
    const ALLOWED: u64 = 128 << 20;
    let work = workplace();
    let component = built("guests/memory_bomb.wasm");
    let url = work.simulator.url();
    work.write(
        "asset-host.toml",
        &format!(
            r#"
[account.bomb]
component = {component:?}
allow_loopback_http = true
[account.bomb.config]
token_url = "{url}/token"
[account.bomb.secrets]
secret = {{ env = "TEST_TOKEN" }}
[account.bomb.retry]
total = "0s"
[account.bomb.limits]
memory_bytes = {ALLOWED}
"#
        ),
    );
    let usage = measure(&work, &work.command(&["collect"]), 1, |_| {});
    let log = std::fs::read_to_string(work.path("log")).unwrap();
    assert!(log.contains("limits.memory_bytes"), "{log}");
    assert!(usage.peak_memory > ALLOWED, "{usage:?}");
}

/// Shows that memory of the test itself is not measured.
#[test]
fn memory_of_the_measuring_program_is_not_measured() {
    let held = vec![1_u8; 2 * MOST as usize];
    let work = workplace();
    let usage = measure(&work, &work.command(&["--version"]), 0, |_| {});
    drop(black_box(held));
    assert!(usage.peak_memory > 0);
    assert!(usage.peak_memory < MOST, "{usage:?}");
}
