//! `to = "file"`: rotation from outside, and a full disk.

use std::io::Read;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Resource, Rlimit, Signal, prlimit};
use serde_json::{Value, json};
use sophos_central_simulator::{CLIENT_SECRET, Fleet, Options};

use crate::support::running::Running;
use crate::support::{Workplace, built};

const ENDPOINTS: u64 = 500;

fn workplace() -> Workplace {
    let work = Workplace::new(Options::new(Fleet::new(1, ENDPOINTS)));
    work.configure("page_size = 50", "");
    work
}

/// Returns the devices of a file in which each line is a whole event.
fn devices(work: &Workplace, name: &str) -> Vec<String> {
    let text = std::fs::read_to_string(work.path(name)).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'));
    text.lines()
        .map(|line| {
            let event: Value = serde_json::from_str(line).unwrap();
            event["device"]["uid"].as_str().unwrap().to_owned()
        })
        .collect()
}

#[test]
fn a_file_that_was_moved_away_is_opened_anew_on_sighup() {
    let work = workplace();
    // Token, whoami, four pages: at least the first two are on disk when the fifth is held.
    work.simulator.hold(7);
    let running = Running::start(&work, &["collect"]);
    work.simulator.wait_until_held();
    std::fs::rename(work.path("events.ndjson"), work.path("events.1")).unwrap();
    running.signal(Signal::HUP);
    work.simulator.release();
    let (code, log) = running.end();
    assert_eq!(code, Some(0), "{log}");
    let (old, new) = (devices(&work, "events.1"), devices(&work, "events.ndjson"));
    assert!(
        !old.is_empty() && !new.is_empty(),
        "{} and {}",
        old.len(),
        new.len()
    );
    assert_eq!(
        [old, new].concat(),
        work.simulator.fleet(|fleet| fleet.ids())
    );
    work.collect(0).says(&["events 0"]);
}

#[test]
fn a_file_that_was_moved_and_removed_without_a_signal_loses_no_page() {
    let work = workplace();
    // Token, whoami, and four pages.
    work.simulator.hold(7);
    let running = Running::start(&work, &["collect"]);
    work.simulator.wait_until_held();
    let (path, moved) = (work.path("events.ndjson"), work.path("events.1"));
    while work.lines() < 200 {
        std::thread::yield_now();
    }
    std::fs::rename(&path, &moved).unwrap();
    let old = devices(&work, "events.1");
    std::fs::remove_file(&moved).unwrap();
    work.simulator.release();
    let (code, log) = running.end();
    assert_eq!(code, Some(0), "{log}");
    let mut received = [old, devices(&work, "events.ndjson")].concat();
    // A page that was on disk but not yet confirmed is written to the new file too.
    let repeated = received.len() - usize::try_from(ENDPOINTS).unwrap();
    assert!(repeated == 0 || repeated == 50, "{repeated} repeated");
    received.sort();
    received.dedup();
    assert_eq!(received, work.simulator.fleet(|fleet| fleet.ids()));
    work.collect(0).says(&["events 0"]);
}

#[test]
fn a_file_without_events_is_neither_truncated_nor_written() {
    let work = workplace();
    for content in [
        "a database\n\0\0\0\0",
        "{\"a document\": [1, 2]}",
        "{\"a document\": [1, 2",
    ] {
        work.write("events.ndjson", content);
        work.collect(1).says(&[
            "account.acme.deliver: ",
            "events.ndjson is not a file of events",
            "name another file",
        ]);
        let left = std::fs::read_to_string(work.path("events.ndjson")).unwrap();
        assert_eq!(left, content);
    }
    work.edit_config("path = \"events.ndjson\"", "path = \".\"");
    work.collect(1)
        .says(&["account.acme.deliver: ", "cannot open", "to append events"]);
    assert!(work.cursor().is_none());
}

#[test]
fn a_full_disk_fails_the_source_with_the_reason() {
    let work = workplace();
    work.edit_config("path = \"events.ndjson\"", "path = \"/dev/full\"");
    work.collect(1)
        .says(&["no room to write to /dev/full", "free some space"]);
    assert!(work.cursor().is_none());
    work.edit_config("path = \"/dev/full\"", "path = \"events.ndjson\"");
    work.collect(0);
    assert_eq!(work.ids(), work.simulator.fleet(|fleet| fleet.ids()));
}

/// Collects with a limit on the size of files, which simulates a full disk; returns the exit code and the log.
fn collect_with_room(work: &Workplace, size: u64) -> (Option<i32>, String) {
    work.simulator.hold(1);
    // A full disk sends no signal.
    let mut host = Command::new("sh")
        .args(["-c", "trap '' XFSZ; exec \"$0\" collect"])
        .arg(built("asset-host"))
        .current_dir(work.path("."))
        .env("TEST_CLIENT_SECRET", CLIENT_SECRET)
        .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    work.simulator.wait_until_held();
    let limit = Rlimit {
        current: Some(size),
        maximum: Some(size),
    };
    prlimit(Some(Pid::from_child(&host)), Resource::Fsize, limit).unwrap();
    work.simulator.release();
    let mut log = String::new();
    let mut stderr = host.stderr.take().unwrap();
    stderr.read_to_string(&mut log).unwrap();
    (host.wait().unwrap().code(), log)
}

#[test]
fn a_disk_without_room_for_the_first_event_leaves_a_file_that_the_next_run_accepts() {
    let work = Workplace::new(Options::new(Fleet::new(1, 1)));
    let addresses: Vec<String> = (0..12_000)
        .map(|number| format!("10.0.{}.{}", number / 256, number % 256))
        .collect();
    // An event of more than 400 KB; the state is much smaller.
    work.simulator
        .fleet(|fleet| fleet.edit(0, |record| record["ipv4Addresses"] = json!(addresses)));
    let (code, log) = collect_with_room(&work, 300_000);
    assert_eq!(code, Some(1), "{log}");
    assert!(log.contains("no room to write to"), "{log}");
    work.collect(0);
    assert_eq!(work.ids(), work.simulator.fleet(|fleet| fleet.ids()));
}

#[test]
fn a_disk_that_fills_up_during_a_page_leaves_no_torn_state() {
    let work = workplace();
    // The state must not reach the limit, so the file of events is large from the beginning.
    let filler = json!({"device": {"uid": "filler"}, "text": "x".repeat(4 << 20)});
    work.write("events.ndjson", &format!("{filler}\n"));
    let size = std::fs::metadata(work.path("events.ndjson")).unwrap().len();
    let (code, log) = collect_with_room(&work, size + 150_000);
    assert_eq!(code, Some(1), "{log}");
    assert!(log.contains("no room to write to"), "{log}");
    assert!(work.cursor().is_some(), "some pages had room");

    work.collect(0);
    // The part of the page that was written before the disk was full is sent again; no line is torn.
    let mut deliveries = work.deliveries();
    assert_eq!(deliveries.remove("filler"), Some(1));
    let all = work.simulator.fleet(|fleet| fleet.ids());
    assert!(deliveries.keys().eq(&all));
    let repeated = deliveries.values().filter(|times| **times > 1).count();
    assert!(repeated < 50, "{repeated} repeated");
    work.collect(0).says(&["events 0"]);
}
