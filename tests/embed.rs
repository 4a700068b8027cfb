//! The crate that a platform embeds: its example collects what the program collects, and it brings no program along.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;
use sophos_central_simulator::{CLIENT_ID, CLIENT_SECRET, Fleet, Options};
use support::{Workplace, built};

#[test]
fn the_example_prints_the_event_of_every_device() {
    let work = Workplace::new(Options::new(Fleet::new(1, 1_200)));
    let program = std::env::current_exe().unwrap();
    let program = program.ancestors().nth(2).unwrap().join("examples/embed");
    let ran = Command::new(&program)
        .arg(built("sophos-assets.wasm"))
        .args([work.simulator.url(), CLIENT_ID])
        .env("CLIENT_SECRET", CLIENT_SECRET)
        .output()
        .unwrap_or_else(|error| {
            panic!("{}, which `make build` builds: {error}", program.display())
        });
    let stderr = String::from_utf8(ran.stderr).unwrap();
    assert!(ran.status.success(), "{stderr}");
    assert!(!stderr.contains(CLIENT_SECRET), "{stderr}");
    let stdout = String::from_utf8(ran.stdout).unwrap();
    let names: BTreeSet<String> = stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["device"].to_string())
        .collect();
    assert_eq!((stdout.lines().count(), names.len()), (1_200, 1_200));
}

#[test]
fn the_crate_depends_on_no_part_of_a_program() {
    let ran = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--offline",
            "--locked",
            "--package",
            "connector-runtime",
        ])
        .args(["--edges", "normal", "--prefix", "none", "--format", "{p}"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(ran.status.success(), "{ran:?}");
    let tree = String::from_utf8(ran.stdout).unwrap();
    let names: BTreeSet<&str> = tree
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert!(names.contains("wasmtime"), "{tree}");
    for name in [
        "rusqlite",
        "clap",
        "indicatif",
        "prometheus",
        "tikv-jemallocator",
        "toml",
    ] {
        assert!(!names.contains(name), "{name} is in the tree:\n{tree}");
    }
}
