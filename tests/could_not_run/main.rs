//! What keeps the host from running is found before the first request: exit 2, with a message that names the
//! file, the key or flag, and the remedy.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "../support/mod.rs"]
mod support;

mod component;
mod config;
mod flags;
mod folder;
mod secrets;
mod standard_output;
mod state;

use sophos_central_simulator::{Fleet, Options};
use support::{Ran, Workplace};

/// Lines and values of the configuration that tests replace.
const CLIENT_ID_LINE: &str = "client_id = \"00000000-0000-4000-8000-0000000000c1\"\n";
const SECRET: &str = "{ env = \"TEST_CLIENT_SECRET\" }";

/// A secret in the wrong place of the configuration; it must never be shown.
const MISPLACED: &str = "mIsPlAcEd-SeCrEt";

fn workplace() -> Workplace {
    Workplace::new(Options::new(Fleet::new(1, 3)))
}

/// Runs the host and asserts that it fails before any request, with these texts on standard error.
#[track_caller]
fn refused(work: &Workplace, args: &[&str], words: &[&str]) -> Ran {
    let ran = work.host(args).expect(2);
    for word in words {
        assert!(
            ran.stderr.contains(word),
            "{args:?}: {word:?} is missing in\n{}",
            ran.stderr
        );
    }
    assert_eq!(ran.stdout, "", "{args:?}");
    assert!(!ran.stderr.contains(MISPLACED), "{}", ran.stderr);
    assert!(work.simulator.requests().is_empty(), "{args:?}");
    assert!(work.events().is_empty());
    ran
}

/// Changes the configuration in one place after the other, and asserts that `check` and `collect` name the file
/// and print these texts.
#[track_caller]
fn refused_when_edited(cases: &[(&str, &str, &[&str])]) {
    let work = workplace();
    for (from, to, words) in cases {
        work.configure("", "");
        work.edit_config(from, to);
        for command in ["check", "collect"] {
            refused(&work, &[command], &[&["asset-host.toml"], *words].concat());
        }
    }
    assert!(!work.path("state.db").exists(), "a state was made");
}
